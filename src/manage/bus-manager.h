/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manage/bus-account.h"
#include "manage/bus-binding.h"
#include "manage/bus-call.h"
#include "media/rtpengine.h"
#include "push/push-service.h"

typedef gboolean (*BusReloadFunc) (gpointer user_data, GError **error);

typedef struct {
  Router *router;
  BusAccounts *accounts;
  BusBindings *bindings;
  BusCalls *calls;
  PushService *push;
  const Rtpengine *rtpengine;
  BusReloadFunc reload;
  gpointer reload_data;
} BusManagerOptions;

typedef struct _BusManager BusManager;

BusManager *bus_manager_new (const BusManagerOptions *options,
                             GDBusConnection *connection,
                             Authority *authority,
                             GError **error);
void bus_manager_free (BusManager *manager);
