# SPDX-License-Identifier: LGPL-2.1-or-later
# Each codec's fuzz target on its corpus; tests/fuzz/run is the long mode, with clang.
FUZZ_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests

check_PROGRAMS += tests/fuzz/fuzz-contact tests/fuzz/fuzz-pn-params tests/fuzz/fuzz-feature-caps \
  tests/fuzz/fuzz-sdp-edit tests/fuzz/fuzz-sdp-restore tests/fuzz/fuzz-multipart \
  tests/fuzz/fuzz-bencode tests/fuzz/fuzz-edge-stream tests/fuzz/fuzz-digest
tests_fuzz_fuzz_contact_SOURCES = tests/fuzz/fuzz-contact.c tests/fuzz/replay.c tests/fuzz/fuzz.h
tests_fuzz_fuzz_contact_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_fuzz_contact_LDADD = $(LIBPROTO)
tests_fuzz_fuzz_pn_params_SOURCES = tests/fuzz/fuzz-pn-params.c tests/fuzz/replay.c
tests_fuzz_fuzz_pn_params_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_fuzz_pn_params_LDADD = $(LIBPROTO)
tests_fuzz_fuzz_feature_caps_SOURCES = tests/fuzz/fuzz-feature-caps.c tests/fuzz/replay.c
tests_fuzz_fuzz_feature_caps_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_fuzz_feature_caps_LDADD = $(LIBPROTO)
tests_fuzz_fuzz_sdp_edit_SOURCES = tests/fuzz/fuzz-sdp-edit.c tests/fuzz/replay.c
tests_fuzz_fuzz_sdp_edit_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_fuzz_sdp_edit_LDADD = $(LIBPROTO)
tests_fuzz_fuzz_sdp_restore_SOURCES = tests/fuzz/fuzz-sdp-restore.c tests/fuzz/replay.c
tests_fuzz_fuzz_sdp_restore_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_fuzz_sdp_restore_LDADD = $(LIBPROTO)
tests_fuzz_fuzz_multipart_SOURCES = tests/fuzz/fuzz-multipart.c tests/fuzz/replay.c
tests_fuzz_fuzz_multipart_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_fuzz_multipart_LDADD = $(LIBPROTO)
tests_fuzz_fuzz_bencode_SOURCES = tests/fuzz/fuzz-bencode.c tests/fuzz/replay.c
tests_fuzz_fuzz_bencode_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_fuzz_bencode_LDADD = $(LIBMEDIA)
tests_fuzz_fuzz_edge_stream_SOURCES = tests/fuzz/fuzz-edge-stream.c tests/fuzz/replay.c
tests_fuzz_fuzz_edge_stream_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_fuzz_edge_stream_LDADD = $(LIBEDGE)
tests_fuzz_fuzz_digest_SOURCES = tests/fuzz/fuzz-digest.c tests/fuzz/replay.c
tests_fuzz_fuzz_digest_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_fuzz_digest_LDADD = $(LIBCRYPTO)

EXTRA_DIST += tests/fuzz/run tests/fuzz/words.dict tests/fuzz/corpus
