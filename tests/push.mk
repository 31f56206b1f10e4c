# SPDX-License-Identifier: LGPL-2.1-or-later
noinst_PROGRAMS += tests/push-simulator
tests_push_simulator_SOURCES = tests/push-simulator.c tests/push-simulator.h \
  tests/simulate-apns.c tests/simulate-apns.h \
  tests/simulate-fcm.c tests/simulate-fcm.h \
  tests/test-certificate.c tests/test-certificate.h
tests_push_simulator_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_push_simulator_CFLAGS = $(AM_CFLAGS) $(SOUP_CFLAGS) $(OPENSSL_CFLAGS) $(JSON_CFLAGS)
tests_push_simulator_LDADD = $(LIBCRYPTO) $(SOUP_LIBS)
