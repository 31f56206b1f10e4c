/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "registrar/record.h"

#include <glib-object.h>

#define LOCATION_TYPE_LOCATION (location_get_type ())
G_DECLARE_FINAL_TYPE (Location, location, LOCATION, LOCATION, GObject)

typedef void (*LocationFunc) (Binding *binding, gpointer user_data);

Location *location_new (void);

Binding *location_find_token (Location *location, const gchar *token);
Record *location_record (Location *location, const gchar *key);
Record *location_find_record (Location *location, const Pbx *pbx, const gchar *aor);
Binding *location_find_flow (Location *location, const Pbx *pbx, const gchar *aor, SipFlow *flow);
void location_each (Location *location, LocationFunc func, gpointer user_data);
guint location_count (Location *location);
guint location_count_source (Location *location, const gchar *address);
guint location_count_pbx (Location *location, const Pbx *pbx);
gboolean location_has (Location *location, const Binding *binding);

void location_put (Location *location, Binding *binding);
void location_share (Location *location, Record *record, const Pbx *pbx, const gchar *token);
void location_remove (Location *location, Binding *binding, const gchar *why);
void location_shorten (Location *location, Binding *binding, gint64 expires);
void location_end_push (Location *location, Binding *binding);
void location_refreshed (Location *location, Binding *binding);
void location_rejected (Location *location, const gchar *token, const gchar *why);
