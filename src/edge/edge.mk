# SPDX-License-Identifier: LGPL-2.1-or-later
noinst_LIBRARIES += src/edge/libedge.a
src_edge_libedge_a_SOURCES = \
  src/edge/edge-peer.c src/edge/edge-peer.h \
  src/edge/edge-options.c src/edge/edge-options.h \
  src/edge/edge-event.c src/edge/edge-event.h \
  src/edge/edge-stream.c src/edge/edge-stream.h \
  src/edge/edge-received.c src/edge/edge-received.h \
  src/edge/edge-frame.c src/edge/edge-frame.h \
  src/edge/edge-upgrade.c src/edge/edge-upgrade.h \
  src/edge/edge-certificate.c src/edge/edge-certificate.h \
  src/edge/edge-expiry.c src/edge/edge-expiry.h \
  src/edge/edge-loopback.c src/edge/edge-loopback.h \
  src/edge/edge-deadlines.c src/edge/edge-deadlines.h \
  src/edge/edge-quota.c src/edge/edge-quota.h \
  src/edge/edge-mailbox.c src/edge/edge-mailbox.h \
  src/edge/edge-poller.c src/edge/edge-poller.h \
  src/edge/edge-tls.c src/edge/edge-tls.h \
  src/edge/edge-socket.c src/edge/edge-socket.h \
  src/edge/edge-websocket.c src/edge/edge-websocket.h \
  src/edge/edge-relay.c src/edge/edge-relay.h \
  src/edge/edge-ground.c src/edge/edge-ground.h \
  src/edge/edge-lease.c src/edge/edge-lease.h \
  src/edge/edge-entrance.c src/edge/edge-entrance.h \
  src/edge/edge-farewell.c src/edge/edge-farewell.h \
  src/edge/edge-flow.c src/edge/edge-flow.h \
  src/edge/edge-connection.c src/edge/edge-connection.h \
  src/edge/edge-listener.c src/edge/edge-listener.h \
  src/edge/edge-thread.c src/edge/edge-thread.h \
  src/edge/edge.c src/edge/edge.h
src_edge_libedge_a_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS)

LIBEDGE = src/edge/libedge.a $(LIBCRYPTO) $(WSLAY_LIBS) $(TCMALLOC_LIBS)

noinst_PROGRAMS += tests/edge/edge-stub
tests_edge_edge_stub_SOURCES = tests/edge/edge-stub.c
tests_edge_edge_stub_LDADD = $(LIBEDGE)
dist_check_SCRIPTS += tests/edge-tls.py tests/edge-websocket.py tests/edge-limits.py
EXTRA_DIST += tests/edge/edgetest.py

check_PROGRAMS += tests/unit/test-edge-stream tests/unit/test-edge-ground \
  tests/unit/test-edge-upgrade tests/unit/test-edge-certificate tests/unit/test-edge-received tests/unit/test-edge-expiry
tests_unit_test_edge_stream_SOURCES = tests/unit/test-edge-stream.c
tests_unit_test_edge_stream_LDADD = $(LIBEDGE)
tests_unit_test_edge_ground_SOURCES = tests/unit/test-edge-ground.c
tests_unit_test_edge_ground_LDADD = $(LIBEDGE)
tests_unit_test_edge_upgrade_SOURCES = tests/unit/test-edge-upgrade.c
tests_unit_test_edge_upgrade_LDADD = $(LIBEDGE)
tests_unit_test_edge_certificate_SOURCES = tests/unit/test-edge-certificate.c
tests_unit_test_edge_certificate_LDADD = $(LIBEDGE)
tests_unit_test_edge_expiry_SOURCES = tests/unit/test-edge-expiry.c \
  tests/test-certificate.c tests/test-certificate.h
tests_unit_test_edge_expiry_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_unit_test_edge_expiry_LDADD = $(LIBEDGE)
tests_unit_test_edge_received_SOURCES = tests/unit/test-edge-received.c
tests_unit_test_edge_received_LDADD = $(LIBEDGE)
