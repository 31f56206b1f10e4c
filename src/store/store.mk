# SPDX-License-Identifier: LGPL-2.1-or-later
noinst_LIBRARIES += src/store/libstore.a
src_store_libstore_a_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
src_store_libstore_a_SOURCES = \
  src/store/store-db.c src/store/store-db.h \
  src/store/store-schema.c src/store/store-schema.h \
  src/store/binding-row.c src/store/binding-row.h \
  src/store/account-row.c src/store/account-row.h \
  src/store/store-queue.c src/store/store-queue.h \
  src/store/store-checkpoint.c src/store/store-checkpoint.h \
  src/store/store-thread.c src/store/store-thread.h \
  src/store/store.c src/store/store.h \
  src/store/account-import.c src/store/account-import.h \
  src/store/account-pjsip.c src/store/account-pjsip.h

LIBSTORE = src/store/libstore.a $(LIBPROTO) $(LIBCRYPTO) $(SQLITE_LIBS)

check_PROGRAMS += tests/unit/test-store-queue tests/unit/test-store-schema tests/unit/test-store \
  tests/unit/test-store-checkpoint tests/unit/test-store-disaster tests/unit/test-account-import
tests_unit_test_store_checkpoint_SOURCES = tests/unit/test-store-checkpoint.c \
  tests/unit/store-disk.c tests/unit/store-disk.h
tests_unit_test_store_checkpoint_CPPFLAGS = \
  $(AM_CPPFLAGS) -I$(top_srcdir)/tests/unit $(SQLITE_CFLAGS)
tests_unit_test_store_checkpoint_LDADD = $(LIBSTORE)
tests_unit_test_store_queue_SOURCES = tests/unit/test-store-queue.c
tests_unit_test_store_queue_LDADD = $(LIBSTORE)
tests_unit_test_store_schema_SOURCES = tests/unit/test-store-schema.c \
  tests/unit/store-disk.c tests/unit/store-disk.h
tests_unit_test_store_schema_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/unit $(SQLITE_CFLAGS)
tests_unit_test_store_schema_LDADD = $(LIBSTORE)
tests_unit_test_store_SOURCES = tests/unit/test-store.c \
  tests/unit/store-disk.c tests/unit/store-disk.h
tests_unit_test_store_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/unit $(SQLITE_CFLAGS)
tests_unit_test_store_LDADD = $(LIBSTORE)
tests_unit_test_store_disaster_SOURCES = tests/unit/test-store-disaster.c \
  tests/unit/store-disk.c tests/unit/store-disk.h
tests_unit_test_store_disaster_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/unit $(SQLITE_CFLAGS)
tests_unit_test_store_disaster_LDADD = $(LIBSTORE)
tests_unit_test_account_import_SOURCES = tests/unit/test-account-import.c
tests_unit_test_account_import_LDADD = $(LIBSTORE)

noinst_PROGRAMS += tests/bench/bench-store
tests_bench_bench_store_SOURCES = tests/bench/bench-store.c \
  tests/unit/store-disk.c tests/unit/store-disk.h
tests_bench_bench_store_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/unit $(SQLITE_CFLAGS)
tests_bench_bench_store_LDADD = $(LIBSTORE)
