/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

typedef struct {
  GSubprocess *process;
  GDataInputStream *lines;
  gchar *url;
  gchar *ca;
  gchar *p256dh;      /* nullable */
  gchar *auth;        /* nullable */
  gchar *apns_key;    /* nullable */
  gchar *fcm_account; /* nullable */
} Simulator;

Simulator *simulator_start (const gchar *const *options);
void simulator_stop (Simulator *simulator);
JsonObject *simulator_next (Simulator *simulator);
gchar *simulator_url (Simulator *simulator, const gchar *path);
