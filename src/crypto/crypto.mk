# SPDX-License-Identifier: LGPL-2.1-or-later
noinst_LIBRARIES += src/crypto/libcrypto.a
src_crypto_libcrypto_a_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS) $(JSON_CFLAGS)
src_crypto_libcrypto_a_SOURCES = \
  src/crypto/key-file.c src/crypto/key-file.h \
  src/crypto/token.c src/crypto/token.h

LIBCRYPTO = src/crypto/libcrypto.a $(LIBBASE) $(OPENSSL_LIBS) $(JSON_LIBS)

check_PROGRAMS += tests/unit/test-token
tests_unit_test_token_SOURCES = tests/unit/test-token.c
tests_unit_test_token_LDADD = $(LIBCRYPTO)
