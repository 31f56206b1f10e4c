# SPDX-License-Identifier: LGPL-2.1-or-later
noinst_LIBRARIES += src/media/libmedia.a
src_media_libmedia_a_SOURCES = \
  src/media/bencode.c src/media/bencode.h \
  src/media/media-transport.c src/media/media-transport.h \
  src/media/media-mode.c src/media/media-mode.h \
  src/media/ng-message.c src/media/ng-message.h \
  src/media/ng-socket.c src/media/ng-socket.h \
  src/media/ng-peer.c src/media/ng-peer.h \
  src/media/ng-sweeper.c src/media/ng-sweeper.h \
  src/media/rtpengine.c src/media/rtpengine.h \
  src/media/media-session.c src/media/media-session.h

LIBMEDIA = src/media/libmedia.a $(LIBCRYPTO) $(LIBPROTO)

check_PROGRAMS += tests/unit/test-bencode tests/unit/test-ng-peer \
  tests/unit/test-media-session
tests_unit_test_bencode_SOURCES = tests/unit/test-bencode.c
tests_unit_test_bencode_LDADD = $(LIBMEDIA)
tests_unit_test_media_session_SOURCES = tests/unit/test-media-session.c \
  tests/unit/rtpengine-process.c tests/unit/rtpengine-process.h
tests_unit_test_media_session_LDADD = $(LIBMEDIA)
tests_unit_test_ng_peer_SOURCES = tests/unit/test-ng-peer.c
tests_unit_test_ng_peer_LDADD = $(LIBMEDIA)
