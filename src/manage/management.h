/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "config/settings.h"
#include "manage/bus-manager.h"

/* What is managed; all of it outlives the management. */
typedef struct {
  const Settings *settings; /* read once */
  const gchar *instance;    /* nullable: what is added to the bus name */
  Router *router;
  Location *location;
  Keeper *keeper;
  GPtrArray *pbxes;
  AccountBook *accounts;
  PushService *push;
  PushBucket *bucket;
  const Rtpengine *rtpengine;
  BusReloadFunc reload;
  gpointer reload_data;
} ManagementOptions;

typedef struct _Management Management;

Management *management_new (const ManagementOptions *options, GError **error);
void management_free (Management *management);
