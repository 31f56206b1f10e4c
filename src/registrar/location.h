/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "registrar/record.h"

#include <glib-object.h>

#define LOCATION_TYPE_LOCATION (location_get_type ())
G_DECLARE_FINAL_TYPE (Location, location, LOCATION, LOCATION, GObject)

Location *location_new (void);

Binding *location_find_token (Location *location, const gchar *token);
Record *location_find_record (Location *location, const Pbx *pbx, const gchar *aor);
Binding *location_find_flow (Location *location, const Pbx *pbx, const gchar *aor, SipFlow *flow);
gboolean location_has (Location *location, const Binding *binding);

void location_put (Location *location, Binding *binding);
void location_remove (Location *location, Binding *binding, const gchar *why);
void location_end_push (Location *location, Binding *binding);
void location_refreshed (Location *location, Binding *binding);
