/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manage/bus-interface.h"

typedef struct _BusChanges BusChanges;

typedef enum { BUS_ADDED, BUS_CHANGED, BUS_REMOVED } BusChange;

BusChanges *bus_changes_new (const BusClass *class,
                             const gchar *signal,
                             const gchar *const *invalidated,
                             GDBusConnection *connection);
void bus_changes_free (BusChanges *changes);

void bus_changes_announce (GDBusConnection *connection,
                           const gchar *path,
                           const gchar *interface,
                           const gchar *const *invalidated);
void bus_changes_note (BusChanges *changes, const gchar *id, BusChange change);
