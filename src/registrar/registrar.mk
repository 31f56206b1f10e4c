# SPDX-License-Identifier: LGPL-2.1-or-later
noinst_LIBRARIES += src/registrar/libregistrar.a
src_registrar_libregistrar_a_CFLAGS = $(AM_CFLAGS) $(SOFIA_CFLAGS)
src_registrar_libregistrar_a_SOURCES = \
  src/registrar/pbx-route.c src/registrar/pbx-route.h \
  src/registrar/pbx.c src/registrar/pbx.h \
  src/registrar/binding.c src/registrar/binding.h \
  src/registrar/record.c src/registrar/record.h \
  src/registrar/location.c src/registrar/location.h \
  src/registrar/ledger.c src/registrar/ledger.h \
  src/registrar/registration.c src/registrar/registration.h \
  src/registrar/settlement.c src/registrar/settlement.h \
  src/registrar/upstream.c src/registrar/upstream.h \
  src/registrar/registrar.c src/registrar/registrar.h

LIBREGISTRAR = src/registrar/libregistrar.a $(LIBSTORE) $(LIBSIP)
