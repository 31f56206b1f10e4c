# SPDX-License-Identifier: LGPL-2.1-or-later
noinst_LIBRARIES += src/push/libpush.a
src_push_libpush_a_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS) $(JSON_CFLAGS)
src_push_libpush_a_SOURCES = \
  src/push/push-result.c src/push/push-result.h \
  src/push/push-request.c src/push/push-request.h \
  src/push/push-gate.c src/push/push-gate.h \
  src/push/push-url.c src/push/push-url.h \
  src/push/push-origins.c src/push/push-origins.h \
  src/push/push-watch.c src/push/push-watch.h \
  src/push/push-answer.c src/push/push-answer.h \
  src/push/push-transfer.c src/push/push-transfer.h \
  src/push/push-http.c src/push/push-http.h \
  src/push/push-provider.c src/push/push-provider.h \
  src/push/push-attempt.c src/push/push-attempt.h \
  src/push/provider-fake.c src/push/provider-fake.h \
  src/push/provider-webpush.c src/push/provider-webpush.h \
  src/push/push-service.c src/push/push-service.h

LIBPUSH = src/push/libpush.a $(LIBCRYPTO) $(CURL_LIBS) $(JSON_LIBS)

check_PROGRAMS += \
  tests/unit/test-push-service \
  tests/unit/test-push-gate \
  tests/unit/test-push-http \
  tests/unit/test-provider-webpush
tests_unit_test_push_service_SOURCES = tests/unit/test-push-service.c
tests_unit_test_push_service_LDADD = $(LIBPUSH)
tests_unit_test_push_gate_SOURCES = tests/unit/test-push-gate.c
tests_unit_test_push_gate_LDADD = $(LIBPUSH)
tests_unit_test_push_http_SOURCES = tests/unit/test-push-http.c \
  tests/unit/simulator.c tests/unit/simulator.h
tests_unit_test_push_http_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
tests_unit_test_push_http_LDADD = $(LIBPUSH)
tests_unit_test_provider_webpush_SOURCES = tests/unit/test-provider-webpush.c \
  tests/unit/simulator.c tests/unit/simulator.h
tests_unit_test_provider_webpush_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
tests_unit_test_provider_webpush_LDADD = $(LIBPUSH)
