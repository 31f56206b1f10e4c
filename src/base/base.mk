# SPDX-License-Identifier: LGPL-2.1-or-later
noinst_LIBRARIES += src/base/libbase.a
src_base_libbase_a_SOURCES = \
  src/base/names.h src/base/log-ids.h \
  src/base/error.c src/base/error.h \
  src/base/log.c src/base/log.h \
  src/base/clock.c src/base/clock.h \
  src/base/memory.c src/base/memory.h \
  src/base/deadline.c src/base/deadline.h \
  src/base/memory-ebb.c src/base/memory-ebb.h \
  src/base/counters.c src/base/counters.h

LIBBASE = src/base/libbase.a $(GLIB_LIBS)

check_PROGRAMS += tests/unit/test-log tests/unit/test-counters tests/unit/test-deadline \
  tests/unit/test-memory-ebb
tests_unit_test_deadline_SOURCES = tests/unit/test-deadline.c
tests_unit_test_deadline_LDADD = $(LIBBASE)
tests_unit_test_memory_ebb_SOURCES = tests/unit/test-memory-ebb.c
tests_unit_test_memory_ebb_LDADD = $(LIBBASE) $(TCMALLOC_LIBS)
tests_unit_test_log_SOURCES = tests/unit/test-log.c
tests_unit_test_log_LDADD = $(LIBBASE)
tests_unit_test_counters_SOURCES = tests/unit/test-counters.c
tests_unit_test_counters_LDADD = $(LIBBASE)
