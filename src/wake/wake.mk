# SPDX-License-Identifier: LGPL-2.1-or-later
noinst_LIBRARIES += src/wake/libwake.a
src_wake_libwake_a_CFLAGS = $(AM_CFLAGS) $(SOFIA_CFLAGS)
src_wake_libwake_a_SOURCES = \
  src/wake/push-target.c src/wake/push-target.h \
  src/wake/wakeup.c src/wake/wakeup.h \
  src/wake/push-bucket.c src/wake/push-bucket.h \
  src/wake/refresh.c src/wake/refresh.h

LIBWAKE = src/wake/libwake.a $(LIBPUSH) $(LIBREGISTRAR)

check_PROGRAMS += tests/unit/test-push-bucket
tests_unit_test_push_bucket_CFLAGS = $(AM_CFLAGS) $(SOFIA_CFLAGS)
tests_unit_test_push_bucket_SOURCES = tests/unit/test-push-bucket.c \
  tests/unit/lone-stack.c tests/unit/lone-stack.h
tests_unit_test_push_bucket_LDADD = $(LIBWAKE)

check_PROGRAMS += tests/unit/test-refresh
tests_unit_test_refresh_CFLAGS = $(AM_CFLAGS) $(SOFIA_CFLAGS)
tests_unit_test_refresh_SOURCES = tests/unit/test-refresh.c \
  tests/unit/lone-stack.c tests/unit/lone-stack.h \
  tests/unit/store-disk.c tests/unit/store-disk.h
tests_unit_test_refresh_LDADD = $(LIBWAKE)
