# SPDX-License-Identifier: LGPL-2.1-or-later
noinst_LIBRARIES += src/crypto/libcrypto.a
src_crypto_libcrypto_a_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS)
src_crypto_libcrypto_a_SOURCES =
LIBCRYPTO = src/crypto/libcrypto.a $(LIBBASE) $(OPENSSL_LIBS)

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
