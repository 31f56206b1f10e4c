# SPDX-License-Identifier: LGPL-2.1-or-later
noinst_LIBRARIES += src/registrar/libregistrar.a
src_registrar_libregistrar_a_CFLAGS = $(AM_CFLAGS) $(SOFIA_CFLAGS)
src_registrar_libregistrar_a_SOURCES = \
  src/registrar/pbx-lookup.c src/registrar/pbx-lookup.h \
  src/registrar/pbx-probe.c src/registrar/pbx-probe.h \
  src/registrar/pbx-hop.c src/registrar/pbx-hop.h \
  src/registrar/pbx-route.c src/registrar/pbx-route.h \
  src/registrar/pbx-pins.c src/registrar/pbx-pins.h \
  src/registrar/pbx.c src/registrar/pbx.h \
  src/registrar/pbx-list.c src/registrar/pbx-list.h \
  src/registrar/pbx-attempt.c src/registrar/pbx-attempt.h \
  src/registrar/binding.c src/registrar/binding.h \
  src/registrar/outbound.c src/registrar/outbound.h \
  src/registrar/record.c src/registrar/record.h \
  src/registrar/tally.c src/registrar/tally.h \
  src/registrar/location.c src/registrar/location.h \
  src/registrar/ledger.c src/registrar/ledger.h \
  src/registrar/registration.c src/registrar/registration.h \
  src/registrar/sharing.c src/registrar/sharing.h \
  src/registrar/settlement.c src/registrar/settlement.h \
  src/registrar/upstream.c src/registrar/upstream.h \
  src/registrar/account.c src/registrar/account.h \
  src/registrar/credentials.c src/registrar/credentials.h \
  src/registrar/account-book.c src/registrar/account-book.h \
  src/registrar/doorkeeper.c src/registrar/doorkeeper.h \
  src/registrar/offenders.c src/registrar/offenders.h \
  src/registrar/order.c src/registrar/order.h \
  src/registrar/origin.c src/registrar/origin.h \
  src/registrar/admission.c src/registrar/admission.h \
  src/registrar/pace.c src/registrar/pace.h \
  src/registrar/kept.c src/registrar/kept.h \
  src/registrar/keeper.c src/registrar/keeper.h \
  src/registrar/inquiry.c src/registrar/inquiry.h \
  src/registrar/claim.c src/registrar/claim.h \
  src/registrar/registrar.c src/registrar/registrar.h

LIBREGISTRAR = src/registrar/libregistrar.a $(LIBSTORE) $(LIBSIP)

noinst_PROGRAMS += tests/tools/add-account
tests_tools_add_account_CFLAGS = $(AM_CFLAGS) $(SOFIA_CFLAGS)
tests_tools_add_account_SOURCES = tests/tools/add-account.c
tests_tools_add_account_LDADD = $(LIBREGISTRAR)

check_PROGRAMS += tests/unit/test-pbx-lookup tests/unit/test-pbx
tests_unit_test_pbx_lookup_CFLAGS = $(AM_CFLAGS) $(SOFIA_CFLAGS)
tests_unit_test_pbx_lookup_SOURCES = tests/unit/test-pbx-lookup.c \
  tests/unit/zone.c tests/unit/zone.h
tests_unit_test_pbx_lookup_LDADD = $(LIBREGISTRAR)
tests_unit_test_pbx_CFLAGS = $(AM_CFLAGS) $(SOFIA_CFLAGS)
tests_unit_test_pbx_SOURCES = tests/unit/test-pbx.c tests/unit/zone.c tests/unit/zone.h \
  tests/unit/answerer.c tests/unit/answerer.h
tests_unit_test_pbx_LDADD = $(LIBREGISTRAR)

check_PROGRAMS += tests/unit/test-offenders tests/unit/test-account \
  tests/unit/test-keeper tests/unit/test-pace
tests_unit_test_pace_SOURCES = tests/unit/test-pace.c
tests_unit_test_pace_LDADD = $(LIBREGISTRAR)
tests_unit_test_offenders_SOURCES = tests/unit/test-offenders.c
tests_unit_test_offenders_LDADD = $(LIBREGISTRAR)
tests_unit_test_account_CFLAGS = $(AM_CFLAGS) $(SOFIA_CFLAGS)
tests_unit_test_account_SOURCES = tests/unit/test-account.c
tests_unit_test_account_LDADD = $(LIBREGISTRAR)
tests_unit_test_keeper_CFLAGS = $(AM_CFLAGS) $(SOFIA_CFLAGS)
tests_unit_test_keeper_SOURCES = tests/unit/test-keeper.c \
  tests/unit/lone-stack.c tests/unit/lone-stack.h \
  tests/unit/store-disk.c tests/unit/store-disk.h
tests_unit_test_keeper_LDADD = $(LIBREGISTRAR)

check_PROGRAMS += tests/unit/test-registration tests/unit/test-settlement tests/unit/test-outbound
tests_unit_test_registration_CFLAGS = $(AM_CFLAGS) $(SOFIA_CFLAGS)
tests_unit_test_registration_SOURCES = tests/unit/test-registration.c \
  tests/unit/lone-stack.c tests/unit/lone-stack.h tests/unit/lone-phone.c tests/unit/lone-phone.h
tests_unit_test_registration_LDADD = $(LIBREGISTRAR)
tests_unit_test_outbound_CFLAGS = $(AM_CFLAGS) $(SOFIA_CFLAGS)
tests_unit_test_outbound_SOURCES = tests/unit/test-outbound.c \
  tests/unit/lone-stack.c tests/unit/lone-stack.h
tests_unit_test_outbound_LDADD = $(LIBREGISTRAR)
tests_unit_test_settlement_CFLAGS = $(AM_CFLAGS) $(SOFIA_CFLAGS)
tests_unit_test_settlement_SOURCES = tests/unit/test-settlement.c \
  tests/unit/lone-stack.c tests/unit/lone-stack.h tests/unit/lone-phone.c tests/unit/lone-phone.h \
  tests/unit/store-disk.c tests/unit/store-disk.h
tests_unit_test_settlement_LDADD = $(LIBREGISTRAR)

check_PROGRAMS += tests/unit/test-location
tests_unit_test_location_CFLAGS = $(AM_CFLAGS) $(SOFIA_CFLAGS)
tests_unit_test_location_SOURCES = tests/unit/test-location.c \
  tests/unit/lone-stack.c tests/unit/lone-stack.h
tests_unit_test_location_LDADD = $(LIBREGISTRAR)
