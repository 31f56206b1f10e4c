# SPDX-License-Identifier: LGPL-2.1-or-later
noinst_LIBRARIES += src/proto/libproto.a
src_proto_libproto_a_SOURCES = \
  src/proto/uri.c src/proto/uri.h \
  src/proto/aor.c src/proto/aor.h \
  src/proto/address.c src/proto/address.h \
  src/proto/pn-names.c src/proto/pn-names.h \
  src/proto/contact.c src/proto/contact.h \
  src/proto/pn-value.c src/proto/pn-value.h \
  src/proto/pn-apns.c src/proto/pn-apns.h \
  src/proto/pn-params.c src/proto/pn-params.h \
  src/proto/feature-caps.c src/proto/feature-caps.h \
  src/proto/sdp-line.c src/proto/sdp-line.h \
  src/proto/sdp-edit.c src/proto/sdp-edit.h \
  src/proto/sdp-traits.c src/proto/sdp-traits.h \
  src/proto/sdp-restore.c src/proto/sdp-restore.h \
  src/proto/multipart.c src/proto/multipart.h

LIBPROTO = src/proto/libproto.a $(LIBBASE)

check_PROGRAMS += tests/unit/test-aor tests/unit/test-contact tests/unit/test-pn-params \
  tests/unit/test-feature-caps tests/unit/test-sdp-edit tests/unit/test-sdp-traits \
  tests/unit/test-sdp-restore tests/unit/test-multipart
tests_unit_test_aor_SOURCES = tests/unit/test-aor.c
tests_unit_test_aor_LDADD = $(LIBPROTO)
tests_unit_test_contact_SOURCES = tests/unit/test-contact.c
tests_unit_test_contact_LDADD = $(LIBPROTO)
tests_unit_test_pn_params_SOURCES = tests/unit/test-pn-params.c
tests_unit_test_pn_params_LDADD = $(LIBPROTO)
tests_unit_test_feature_caps_SOURCES = tests/unit/test-feature-caps.c
tests_unit_test_feature_caps_LDADD = $(LIBPROTO)
tests_unit_test_sdp_edit_SOURCES = tests/unit/test-sdp-edit.c
tests_unit_test_sdp_edit_LDADD = $(LIBPROTO)
tests_unit_test_sdp_traits_SOURCES = tests/unit/test-sdp-traits.c
tests_unit_test_sdp_traits_LDADD = $(LIBPROTO)
tests_unit_test_sdp_restore_SOURCES = tests/unit/test-sdp-restore.c
tests_unit_test_sdp_restore_LDADD = $(LIBPROTO)
tests_unit_test_multipart_SOURCES = tests/unit/test-multipart.c
tests_unit_test_multipart_LDADD = $(LIBPROTO)
