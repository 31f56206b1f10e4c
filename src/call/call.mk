# SPDX-License-Identifier: LGPL-2.1-or-later
noinst_LIBRARIES += src/call/libcall.a
src_call_libcall_a_CFLAGS = $(AM_CFLAGS) $(SOFIA_CFLAGS)
src_call_libcall_a_SOURCES = \
  src/call/leg-state.c src/call/leg-state.h \
  src/call/header-policy.c src/call/header-policy.h \
  src/call/dialog-map.c src/call/dialog-map.h \
  src/call/call-record.c src/call/call-record.h \
  src/call/call-log.c src/call/call-log.h \
  src/call/call-names.c src/call/call-names.h \
  src/call/call-media.c src/call/call-media.h \
  src/call/passage.c src/call/passage.h \
  src/call/leg.c src/call/leg.h \
  src/call/caller.c src/call/caller.h \
  src/call/reach.c src/call/reach.h \
  src/call/midcall.c src/call/midcall.h \
  src/call/crossing.c src/call/crossing.h \
  src/call/bridge.c src/call/bridge.h \
  src/call/message.c src/call/message.h \
  src/call/subscription.c src/call/subscription.h \
  src/call/errands.c src/call/errands.h \
  src/call/late-calls.c src/call/late-calls.h \
  src/call/attempt.c src/call/attempt.h \
  src/call/branch-state.h \
  src/call/branch-pbx.c \
  src/call/branch.c src/call/branch.h \
  src/call/fork.c src/call/fork.h \
  src/call/call.c src/call/call.h \
  src/call/ringing.c src/call/ringing.h \
  src/call/router.c src/call/router.h

LIBCALL = src/call/libcall.a $(LIBMEDIA) $(LIBWAKE)

EXTRA_DIST += docs/states/leg.dot docs/states/caller.dot
check_PROGRAMS += tests/unit/test-leg-state tests/unit/test-call-log tests/unit/test-crossing
tests_unit_test_crossing_SOURCES = tests/unit/test-crossing.c
tests_unit_test_crossing_LDADD = $(LIBCALL)
tests_unit_test_call_log_SOURCES = tests/unit/test-call-log.c
tests_unit_test_call_log_LDADD = $(LIBCALL)
tests_unit_test_leg_state_SOURCES = tests/unit/test-leg-state.c
tests_unit_test_leg_state_LDADD = $(LIBCALL)

check_PROGRAMS += tests/unit/test-call-races
tests_unit_test_call_races_SOURCES = tests/unit/test-call-races.c
tests_unit_test_call_races_LDADD = $(LIBCALL)

check_PROGRAMS += tests/unit/test-late-calls
tests_unit_test_late_calls_CFLAGS = $(AM_CFLAGS) $(SOFIA_CFLAGS)
tests_unit_test_late_calls_SOURCES = tests/unit/test-late-calls.c \
  tests/unit/lone-stack.c tests/unit/lone-stack.h
tests_unit_test_late_calls_LDADD = $(LIBCALL)
