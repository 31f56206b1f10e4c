/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manage/bus-interface.h"
#include "push/push-service.h"
#include "registrar/keeper.h"

typedef struct _BusBindings BusBindings;

BusBindings *bus_bindings_new (Location *location,
                               Keeper *keeper,
                               PushService *push,
                               GDBusConnection *connection,
                               Authority *authority,
                               GError **error);
void bus_bindings_free (BusBindings *bindings);

GVariant *bus_bindings_list (BusBindings *bindings, guint offset, guint limit, const gchar *filter);
const gchar *bus_binding_state (const Binding *binding);
void bus_bindings_note_wake (BusBindings *bindings, const Binding *binding);
