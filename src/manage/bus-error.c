/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bus-error: the errors of SIPWAKE_ERROR by the names that D-Bus has for them.
 */
#include "manage/bus-error.h"

#include "base/error.h"
#include "base/names.h"

static const GDBusErrorEntry entries[] = {
  { SIPWAKE_ERROR_FAILED, SIPWAKE_BUS_ERROR "Failed" },
  { SIPWAKE_ERROR_CONFIG, SIPWAKE_BUS_ERROR "Config" },
  { SIPWAKE_ERROR_INVALID, SIPWAKE_BUS_ERROR "Invalid" },
  { SIPWAKE_ERROR_NOT_FOUND, SIPWAKE_BUS_ERROR_NOT_FOUND },
  { SIPWAKE_ERROR_DENIED, SIPWAKE_BUS_ERROR_DENIED },
  { SIPWAKE_ERROR_LIMIT, SIPWAKE_BUS_ERROR "Limit" },
  { SIPWAKE_ERROR_TIMED_OUT, SIPWAKE_BUS_ERROR "TimedOut" },
  { SIPWAKE_ERROR_UNREACHABLE, SIPWAKE_BUS_ERROR "Unreachable" },
  { SIPWAKE_ERROR_PROTOCOL, SIPWAKE_BUS_ERROR "Protocol" },
  { SIPWAKE_ERROR_STORAGE, SIPWAKE_BUS_ERROR "Storage" },
  { SIPWAKE_ERROR_CRYPTO, SIPWAKE_BUS_ERROR "Crypto" },
  { SIPWAKE_ERROR_CANCELLED, SIPWAKE_BUS_ERROR "Cancelled" },
};

/**
 * bus_error_register:
 *
 * From now on g_dbus_method_invocation_return_gerror() finds the names. Once, before the bus.
 */
void
bus_error_register (void)
{
  static gsize quark;

  g_dbus_error_register_error_domain ("sipwake-error-quark", &quark, entries,
                                      G_N_ELEMENTS (entries));
}
