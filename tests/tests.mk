# SPDX-License-Identifier: LGPL-2.1-or-later
dist_check_SCRIPTS += tests/check-layers.py tests/check-texts.py
include tests/push.mk

# The scenarios: real SIP against the daemon. They need src/sipwaked and tests/push-simulator.
dist_check_SCRIPTS += \
  tests/scenarios/tools.py \
  tests/scenarios/settings.py \
  tests/scenarios/register.py \
  tests/scenarios/promises.py \
  tests/scenarios/restart.py \
  tests/scenarios/disk.py \
  tests/scenarios/accounts.py \
  tests/scenarios/contacts.py \
  tests/scenarios/wake.py \
  tests/scenarios/waiting.py \
  tests/scenarios/races.py \
  tests/scenarios/ladders.py \
  tests/scenarios/crossings.py \
  tests/scenarios/forking.py \
  tests/scenarios/messages.py \
  tests/scenarios/reliable.py \
  tests/scenarios/transfer.py \
  tests/scenarios/transparent.py \
  tests/scenarios/loss.py \
  tests/scenarios/growth.py \
  tests/scenarios/outbound.py \
  tests/scenarios/late.py \
  tests/scenarios/keys.py \
  tests/scenarios/mute.py \
  tests/scenarios/dialects.py \
  tests/scenarios/forks.py \
  tests/scenarios/callout.py \
  tests/scenarios/habits.py \
  tests/scenarios/routes.py \
  tests/scenarios/sides.py \
  tests/scenarios/secure.py \
  tests/scenarios/hostile.py \
  tests/scenarios/peers.py \
  tests/scenarios/idle.py \
  tests/scenarios/speed.py \
  tests/scenarios/manage.py \
  tests/scenarios/manage-accounts.py \
  tests/scenarios/authority.py \
  tests/scenarios/languages.py \
  tests/scenarios/examples.py \
  tests/scenarios/symptoms.py \
  tests/scenarios/metrics.py \
  tests/scenarios/journal.py \
  tests/scenarios/relay.py \
  tests/scenarios/media.py
# What fetches from npm's registry; the building of a package has no network.
NETWORK_TESTS = tests/scenarios/web.py tests/scenarios/browser.py \
  tests/scenarios/browser-sound.py
dist_check_SCRIPTS += $(NETWORK_TESTS)
EXTRA_DIST += \
  tests/lib/sipwaketest/__init__.py \
  tests/lib/sipwaketest/accounts.py \
  tests/lib/sipwaketest/agent.py \
  tests/lib/sipwaketest/authority.py \
  tests/lib/sipwaketest/baresip.py \
  tests/lib/sipwaketest/bench.py \
  tests/lib/sipwaketest/browser.py \
  tests/lib/sipwaketest/bus.py \
  tests/lib/sipwaketest/call.py \
  tests/lib/sipwaketest/callload.py \
  tests/lib/sipwaketest/daemon.py \
  tests/lib/sipwaketest/digest.py \
  tests/lib/sipwaketest/endpoint.py \
  tests/lib/sipwaketest/house.py \
  tests/lib/sipwaketest/journal.py \
  tests/lib/sipwaketest/kamailio.py \
  tests/lib/sipwaketest/ladder.py \
  tests/lib/sipwaketest/load.py \
  tests/lib/sipwaketest/lossy.py \
  tests/lib/sipwaketest/message.py \
  tests/lib/sipwaketest/meter.py \
  tests/lib/sipwaketest/metrics.py \
  tests/lib/sipwaketest/networks.py \
  tests/lib/sipwaketest/pbx.py \
  tests/lib/sipwaketest/phone.py \
  tests/lib/sipwaketest/population.py \
  tests/lib/sipwaketest/ports.py \
  tests/lib/sipwaketest/process.py \
  tests/lib/sipwaketest/push.py \
  tests/lib/sipwaketest/registrar.py \
  tests/lib/sipwaketest/rtpengine.py \
  tests/lib/sipwaketest/sdp.py \
  tests/lib/sipwaketest/secureload.py \
  tests/lib/sipwaketest/sipp.py \
  tests/lib/sipwaketest/stream.py \
  tests/lib/sipwaketest/street.py \
  tests/lib/sipwaketest/tap.py \
  tests/lib/sipwaketest/trace.py \
  tests/lib/sipwaketest/uri.py \
  tests/lib/sipwaketest/wakeload.py \
  tests/lib/sipwaketest/webphone.py \
  tests/lib/sipwaketest/wire.py \
  tests/peers/browser-phone.html \
  tests/peers/kamailio.cfg \
  tests/peers/kamailio-edge.cfg \
  tests/peers/web-page.html \
  tests/peers/web-phone.mjs \
  tests/scenarios/sipp-caller.xml \
  tests/scenarios/sipp-pbx-call.xml \
  tests/scenarios/sipp-phone-answer.xml \
  tests/scenarios/sipp-phone-register.xml \
  tests/bench/bench-calls.py \
  tests/bench/bench-edge.py \
  tests/bench/bench-growth.py \
  tests/bench/bench-idle.py \
  tests/bench/bench-media.py \
  tests/bench/bench-register.py \
  tests/bench/bench-registrar.py \
  tests/bench/bench-waking.py \
  tests/bench/bench-woken.py \
  tests/bench/calls-called.xml \
  tests/bench/calls-caller.xml \
  tests/bench/kamailio-proxy.cfg \
  tests/bench/kamailio-registrar.cfg \
  tests/bench/kamailio-tsilo.cfg \
  tests/bench/media-caller.xml \
  tests/bench/run-benchmarks.py \
  tests/bench/woken-phone.xml \
  tests/bench/woken-registrar.xml

# Not beside the other scenarios that load the machine.
tests/scenarios/idle.log: tests/scenarios/peers.log
tests/scenarios/speed.log: tests/scenarios/idle.log

# Races between the main thread and those of the edge and of the store, in a tree configured with
# --enable-tsan.
THREAD_TESTS = tests/edge-tls.py tests/edge-websocket.py tests/edge-limits.py \
  tests/unit/test-store-disaster tests/scenarios/secure.py tests/scenarios/restart.py
check-threads: all tests/push-simulator
	@case '$(PROJECT_CFLAGS)' in \
	  *-fsanitize=thread*) ;; \
	  *) echo 'configure with --enable-tsan' >&2; exit 1;; \
	esac
	$(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS='$(THREAD_TESTS)'
.PHONY: check-threads

RUN_BENCHMARKS = top_srcdir='$(abs_top_srcdir)' top_builddir='$(abs_top_builddir)' \
  PYTHONDONTWRITEBYTECODE=1 $(PYTHON) $(srcdir)/tests/bench/run-benchmarks.py
bench: all $(check_PROGRAMS)
	$(RUN_BENCHMARKS)
bench-quick: all $(check_PROGRAMS)
	$(RUN_BENCHMARKS) --quick
.PHONY: bench bench-quick
CLEANFILES += bench.json bench-quick.json
