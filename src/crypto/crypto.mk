# SPDX-License-Identifier: LGPL-2.1-or-later
noinst_LIBRARIES += src/crypto/libcrypto.a
src_crypto_libcrypto_a_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS) $(JSON_CFLAGS)
src_crypto_libcrypto_a_SOURCES = \
  src/crypto/key-file.c src/crypto/key-file.h \
  src/crypto/certificate-life.c src/crypto/certificate-life.h \
  src/crypto/keyed-hash.c src/crypto/keyed-hash.h \
  src/crypto/token.c src/crypto/token.h \
  src/crypto/base64url.c src/crypto/base64url.h \
  src/crypto/key-pair.c src/crypto/key-pair.h \
  src/crypto/jwt.c src/crypto/jwt.h \
  src/crypto/vapid.c src/crypto/vapid.h \
  src/crypto/ece.c src/crypto/ece.h

LIBCRYPTO = src/crypto/libcrypto.a $(LIBBASE) $(OPENSSL_LIBS) $(JSON_LIBS)

check_PROGRAMS += \
  tests/unit/test-token \
  tests/unit/test-jwt \
  tests/unit/test-vapid \
  tests/unit/test-ece
tests_unit_test_token_SOURCES = tests/unit/test-token.c
tests_unit_test_token_LDADD = $(LIBCRYPTO)
tests_unit_test_jwt_SOURCES = tests/unit/test-jwt.c
tests_unit_test_jwt_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS)
tests_unit_test_jwt_LDADD = $(LIBCRYPTO)
tests_unit_test_vapid_SOURCES = tests/unit/test-vapid.c
tests_unit_test_vapid_LDADD = $(LIBCRYPTO)
tests_unit_test_ece_SOURCES = tests/unit/test-ece.c
tests_unit_test_ece_LDADD = $(LIBCRYPTO)

src_crypto_libcrypto_a_SOURCES += \
  src/crypto/auth-params.c src/crypto/auth-params.h \
  src/crypto/digest.c src/crypto/digest.h \
  src/crypto/digest-header.c src/crypto/digest-header.h \
  src/crypto/nonce.c src/crypto/nonce.h \
  src/crypto/sealed.c src/crypto/sealed.h

check_PROGRAMS += tests/unit/test-digest tests/unit/test-nonce tests/unit/test-sealed
tests_unit_test_digest_SOURCES = tests/unit/test-digest.c
tests_unit_test_digest_LDADD = $(LIBCRYPTO)
tests_unit_test_nonce_SOURCES = tests/unit/test-nonce.c
tests_unit_test_nonce_LDADD = $(LIBCRYPTO)
tests_unit_test_sealed_SOURCES = tests/unit/test-sealed.c
tests_unit_test_sealed_LDADD = $(LIBCRYPTO)
