/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manage/bus-interface.h"
#include "registrar/location.h"

typedef struct _BusPbxes BusPbxes;

BusPbxes *bus_pbxes_new (GPtrArray *pbxes,
                         Location *location,
                         GDBusConnection *connection,
                         Authority *authority,
                         GError **error);
void bus_pbxes_free (BusPbxes *pbxes);
