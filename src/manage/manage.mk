# SPDX-License-Identifier: LGPL-2.1-or-later
DBUS_XML = \
  data/dbus/org.sipwake.Sipwake1.Manager.xml \
  data/dbus/org.sipwake.Sipwake1.Pbx.xml \
  data/dbus/org.sipwake.Sipwake1.Account.xml \
  data/dbus/org.sipwake.Sipwake1.Binding.xml \
  data/dbus/org.sipwake.Sipwake1.Call.xml
BUS_INFO_XML = $(DBUS_XML) data/dbus/object-manager.xml
BUS_INFO_INPUTS = $(addprefix $(srcdir)/,$(BUS_INFO_XML))

EXTRA_DIST += $(BUS_INFO_XML)
BUILT_SOURCES += src/manage/bus-info.h
CLEANFILES += src/manage/bus-info.h src/manage/bus-info.c

# Only the descriptions of the interfaces: what stands behind them is written in tables.
src/manage/bus-info.h: $(BUS_INFO_XML)
	$(AM_V_GEN)$(MKDIR_P) src/manage && $(GDBUS_CODEGEN) --interface-info-header --pragma-once \
	  --output $@ $(BUS_INFO_INPUTS)

src/manage/bus-info.c: $(BUS_INFO_XML)
	$(AM_V_GEN)$(MKDIR_P) src/manage && $(GDBUS_CODEGEN) --interface-info-body --output $@ \
	  $(BUS_INFO_INPUTS)

noinst_LIBRARIES += src/manage/libmanage.a
src_manage_libmanage_a_CFLAGS = $(AM_CFLAGS) $(SOFIA_CFLAGS) $(SOUP_CFLAGS) $(POLKIT_CFLAGS)
nodist_src_manage_libmanage_a_SOURCES = src/manage/bus-info.c src/manage/bus-info.h
src_manage_libmanage_a_SOURCES = \
  src/manage/bus-error.c src/manage/bus-error.h \
  src/manage/authority.c src/manage/authority.h \
  src/manage/bus-interface.c src/manage/bus-interface.h \
  src/manage/bus-changes.c src/manage/bus-changes.h \
  src/manage/bus-pbx.c src/manage/bus-pbx.h \
  src/manage/bus-account.c src/manage/bus-account.h \
  src/manage/bus-binding.c src/manage/bus-binding.h \
  src/manage/bus-call.c src/manage/bus-call.h \
  src/manage/bus-manager.c src/manage/bus-manager.h \
  src/manage/limit-watch.c src/manage/limit-watch.h \
  src/manage/wake-times.c src/manage/wake-times.h \
  src/manage/metrics.c src/manage/metrics.h \
  src/manage/metrics-server.c src/manage/metrics-server.h \
  src/manage/management.c src/manage/management.h

# BUILT_SOURCES alone are made for all and check, not for a single target.
$(src_manage_libmanage_a_OBJECTS): src/manage/bus-info.h

LIBMANAGE = src/manage/libmanage.a $(LIBCALL) $(LIBCONFIG) $(SOUP_LIBS) $(POLKIT_LIBS) \
  $(TCMALLOC_LIBS)

check_PROGRAMS += tests/unit/test-wake-times tests/unit/test-limit-watch
tests_unit_test_limit_watch_SOURCES = tests/unit/test-limit-watch.c
tests_unit_test_limit_watch_LDADD = $(LIBMANAGE)
tests_unit_test_wake_times_SOURCES = tests/unit/test-wake-times.c
tests_unit_test_wake_times_LDADD = $(LIBMANAGE)
