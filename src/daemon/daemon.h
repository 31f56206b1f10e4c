/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "config/settings.h"

typedef struct _Daemon Daemon;

/* What only the process knows. */
typedef struct {
  const gchar *instance; /* nullable: the name of this daemon among several */
  gboolean (*reload) (gpointer user_data, GError **error);
  gpointer user_data;
} DaemonProcess;

Daemon *daemon_new (Settings *settings, const DaemonProcess *process, GError **error);
void daemon_free (Daemon *daemon);

gboolean daemon_reconfigure (Daemon *daemon, Settings *settings, GError **error);
void daemon_stop_async (Daemon *daemon, GAsyncReadyCallback callback, gpointer user_data);
gboolean daemon_stop_finish (Daemon *daemon, GAsyncResult *result, GError **error);
