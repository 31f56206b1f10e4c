# SPDX-License-Identifier: LGPL-2.1-or-later
noinst_LIBRARIES += src/config/libconfig.a
src_config_libconfig_a_SOURCES = \
  src/config/config-file.c src/config/config-file.h \
  src/config/settings-value.c src/config/settings-value.h \
  src/config/settings-address.c src/config/settings-address.h \
  src/config/settings-edge.c src/config/settings-edge.h \
  src/config/settings-group.c src/config/settings-group.h \
  src/config/settings-push.c src/config/settings-push.h \
  src/config/settings.c src/config/settings.h

LIBCONFIG = src/config/libconfig.a $(LIBPROTO)

check_PROGRAMS += tests/unit/test-settings
tests_unit_test_settings_SOURCES = tests/unit/test-settings.c
tests_unit_test_settings_LDADD = $(LIBCONFIG)
