/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "registrar/binding.h"

SipFlow *outbound_way (SipRequest *request);
SipFlow *outbound_restore (SipListener *listener, const gchar *address, const gchar *path);
gchar *outbound_read_path (const sip_t *sip, GError **error);
gboolean outbound_is_offered (SipRequest *request);
gboolean outbound_is_lacking (SipRequest *request);

void outbound_set (Binding *binding, const gchar *path, guint reg_id, const gchar *source);
void outbound_inherit (Binding *binding, Binding *old);
Binding *outbound_drop (Binding *binding, guint reg_id);

gint64 outbound_ends (const Binding *binding);
gboolean outbound_has_other (const Binding *binding, guint reg_id);
const gchar *outbound_path (const Binding *binding);
gchar *outbound_source (const Binding *binding);
guint outbound_reg_id (const Binding *binding);
const GPtrArray *outbound_others (const Binding *binding);
gboolean outbound_is_lost (const Binding *binding, guint status);
gboolean outbound_has_moved (Binding *from, Binding *to);
gboolean outbound_came_by (const Binding *binding, const SipFlow *flow);
Binding *outbound_open (Binding *binding, const SipFlow *after);
