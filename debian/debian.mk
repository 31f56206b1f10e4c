# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The tarball carries the package's recipe, so that the package builds from it.
EXTRA_DIST += \
  debian/changelog \
  debian/control \
  debian/copyright \
  debian/debian-12.lintian-overrides \
  debian/rules \
  debian/sipwake.dirs \
  debian/sipwake.docs \
  debian/sipwake.examples \
  debian/sipwake.lintian-overrides \
  debian/sipwake.postrm \
  debian/source/format \
  debian/tests/control \
  debian/tests/lifecycle \
  debian/tests/service \
  debian/tests/woken-call \
  docs/architecture.md \
  docs/examples/asterisk/pjsip.conf \
  docs/examples/asterisk/sipwake.conf \
  docs/examples/freepbx/sipwake.conf \
  docs/examples/kamailio/kamailio.cfg \
  docs/examples/kamailio/sipwake.conf \
  docs/troubleshooting.md \
  docs/translating.md \
  docs/push-keys.md \
  docs/performance.md \
  docs/quick-start.md

dist_check_SCRIPTS += tests/check-packages.py
