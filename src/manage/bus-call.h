/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "call/router.h"
#include "manage/bus-interface.h"

typedef struct _BusCalls BusCalls;

BusCalls *
bus_calls_new (Router *router, GDBusConnection *connection, Authority *authority, GError **error);
void bus_calls_free (BusCalls *calls);

GVariant *bus_calls_list (BusCalls *calls, guint offset, guint limit, const gchar *filter);
