# SPDX-License-Identifier: LGPL-2.1-or-later
noinst_LIBRARIES += src/push/libpush.a
src_push_libpush_a_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS) $(JSON_CFLAGS)
src_push_libpush_a_SOURCES = \
  src/push/push-result.c src/push/push-result.h \
  src/push/push-request.c src/push/push-request.h \
  src/push/push-payload.c src/push/push-payload.h \
  src/push/push-gate.c src/push/push-gate.h \
  src/push/push-url.c src/push/push-url.h \
  src/push/push-origins.c src/push/push-origins.h \
  src/push/push-watch.c src/push/push-watch.h \
  src/push/push-answer.c src/push/push-answer.h \
  src/push/push-transfer.c src/push/push-transfer.h \
  src/push/push-http.c src/push/push-http.h \
  src/push/push-provider.c src/push/push-provider.h \
  src/push/push-warmth.c src/push/push-warmth.h \
  src/push/push-attempt.c src/push/push-attempt.h \
  src/push/provider-fake.c src/push/provider-fake.h \
  src/push/apns-answer.c src/push/apns-answer.h \
  src/push/apns-token.c src/push/apns-token.h \
  src/push/apns-door.c src/push/apns-door.h \
  src/push/apns-notice.c src/push/apns-notice.h \
  src/push/provider-apns.c src/push/provider-apns.h \
  src/push/fcm-answer.c src/push/fcm-answer.h \
  src/push/fcm-account.c src/push/fcm-account.h \
  src/push/fcm-access.c src/push/fcm-access.h \
  src/push/provider-fcm.c src/push/provider-fcm.h \
  src/push/provider-webpush.c src/push/provider-webpush.h \
  src/push/push-limits.c src/push/push-limits.h \
  src/push/push-templates.c src/push/push-templates.h \
  src/push/push-service.c src/push/push-service.h \
  src/push/push-check.c src/push/push-check.h

LIBPUSH = src/push/libpush.a $(LIBCRYPTO) $(CURL_LIBS) $(JSON_LIBS)

check_PROGRAMS += \
  tests/unit/test-push-service \
  tests/unit/test-push-gate \
  tests/unit/test-push-transfer \
  tests/unit/test-push-http \
  tests/unit/test-push-faults \
  tests/unit/test-push-proxy \
  tests/unit/test-provider-apns \
  tests/unit/test-provider-fcm \
  tests/unit/test-provider-webpush
tests_unit_test_push_service_SOURCES = tests/unit/test-push-service.c
tests_unit_test_push_service_LDADD = $(LIBPUSH)
tests_unit_test_push_gate_SOURCES = tests/unit/test-push-gate.c
tests_unit_test_push_gate_LDADD = $(LIBPUSH)
tests_unit_test_push_transfer_SOURCES = tests/unit/test-push-transfer.c
tests_unit_test_push_transfer_LDADD = $(LIBPUSH)
tests_unit_test_push_http_SOURCES = tests/unit/test-push-http.c \
  tests/unit/simulator.c tests/unit/simulator.h
tests_unit_test_push_http_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
tests_unit_test_push_http_LDADD = $(LIBPUSH)
tests_unit_test_provider_webpush_SOURCES = tests/unit/test-provider-webpush.c \
  tests/unit/simulator.c tests/unit/simulator.h
tests_unit_test_provider_webpush_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
tests_unit_test_provider_webpush_LDADD = $(LIBPUSH)
tests_unit_test_provider_apns_SOURCES = tests/unit/test-provider-apns.c \
  tests/unit/simulator.c tests/unit/simulator.h
tests_unit_test_provider_apns_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
tests_unit_test_provider_apns_LDADD = $(LIBPUSH)
tests_unit_test_provider_fcm_SOURCES = tests/unit/test-provider-fcm.c \
  tests/unit/simulator.c tests/unit/simulator.h
tests_unit_test_provider_fcm_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
tests_unit_test_provider_fcm_LDADD = $(LIBPUSH)
tests_unit_test_push_faults_SOURCES = tests/unit/test-push-faults.c \
  tests/test-certificate.c tests/test-certificate.h
tests_unit_test_push_faults_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_unit_test_push_faults_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS)
tests_unit_test_push_faults_LDADD = $(LIBPUSH)
EXTRA_DIST += tests/fault-server.py
tests_unit_test_push_proxy_SOURCES = tests/unit/test-push-proxy.c \
  tests/unit/simulator.c tests/unit/simulator.h
tests_unit_test_push_proxy_CFLAGS = $(AM_CFLAGS) $(JSON_CFLAGS)
tests_unit_test_push_proxy_LDADD = $(LIBPUSH)
EXTRA_DIST += tests/push-proxy.py

noinst_PROGRAMS += tests/bench/bench-push
tests_bench_bench_push_SOURCES = tests/bench/bench-push.c \
  tests/bench/bare-push.c tests/bench/bare-push.h \
  tests/unit/simulator.c tests/unit/simulator.h
tests_bench_bench_push_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/unit
tests_bench_bench_push_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS) $(JSON_CFLAGS)
# It allocates as the daemon does, without calling the allocator by name.
tests_bench_bench_push_LDFLAGS = $(AM_LDFLAGS) -Wl,--no-as-needed
tests_bench_bench_push_LDADD = $(LIBPUSH) $(TCMALLOC_LIBS)
EXTRA_DIST += tests/bench/bench-push.py
