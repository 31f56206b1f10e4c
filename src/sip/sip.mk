# SPDX-License-Identifier: LGPL-2.1-or-later
noinst_LIBRARIES += src/sip/libsip.a
src_sip_libsip_a_CFLAGS = $(AM_CFLAGS) $(SOFIA_CFLAGS)
src_sip_libsip_a_SOURCES = \
  src/sip/sofia.h \
  src/sip/sip-map.c src/sip/sip-map.h \
  src/sip/sip-headers.c src/sip/sip-headers.h \
  src/sip/sip-digest.c src/sip/sip-digest.h \
  src/sip/sip-body.c src/sip/sip-body.h \
  src/sip/sip-loop.c src/sip/sip-loop.h \
  src/sip/sip-edge.c src/sip/sip-edge.h \
  src/sip/sip-listener.c src/sip/sip-listener.h \
  src/sip/sip-flow.c src/sip/sip-flow.h \
  src/sip/sip-request.c src/sip/sip-request.h \
  src/sip/sip-reliable.c src/sip/sip-reliable.h \
  src/sip/sip-transaction.c src/sip/sip-transaction.h \
  src/sip/sip-leg.c src/sip/sip-leg.h \
  src/sip/sip-dialog.c src/sip/sip-dialog.h src/sip/sip-dialog-inner.h \
  src/sip/sip-way.c \
  src/sip/sip-inside.c src/sip/sip-inside.h \
  src/sip/sip-ack.c src/sip/sip-ack.h \
  src/sip/sip-stack.c src/sip/sip-stack.h

LIBSIP = src/sip/libsip.a $(LIBCRYPTO) $(LIBPROTO) $(SOFIA_LIBS)

check_PROGRAMS += tests/unit/test-sip-stack
tests_unit_test_sip_stack_CFLAGS = $(AM_CFLAGS) $(SOFIA_CFLAGS)
tests_unit_test_sip_stack_SOURCES = tests/unit/test-sip-stack.c \
  tests/unit/lone-stack.c tests/unit/lone-stack.h
tests_unit_test_sip_stack_LDADD = $(LIBSIP)

noinst_PROGRAMS += tests/bench/bare-b2bua
tests_bench_bare_b2bua_SOURCES = tests/bench/bare-b2bua.c
tests_bench_bare_b2bua_CFLAGS = $(AM_CFLAGS) $(SOFIA_CFLAGS)
# It allocates as the daemon does, without calling the allocator by name.
tests_bench_bare_b2bua_LDFLAGS = $(AM_LDFLAGS) -Wl,--no-as-needed
tests_bench_bare_b2bua_LDADD = $(LIBSIP) $(TCMALLOC_LIBS)
