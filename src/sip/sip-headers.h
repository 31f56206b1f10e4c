/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sip/sofia.h"

#include <glib.h>

/* Returns whether @header stays behind. */
typedef gboolean (*SipHeadersSkip) (const sip_header_t *header, gpointer user_data);

void sip_headers_copy (msg_t *msg, const sip_t *source, SipHeadersSkip skip, gpointer user_data);
msg_t *sip_headers_keep (const sip_t *source);
gboolean sip_headers_is (const sip_header_t *header, const gchar *name);
gboolean sip_headers_belong_to_hop (const sip_header_t *header);
const gchar *sip_headers_unknown (const sip_t *sip, const gchar *name);
void sip_headers_forward (msg_t *msg, const sip_t *source);
void sip_headers_route (msg_t *msg, const gchar *path);
void sip_headers_add (msg_t *msg, const gchar *line);
void sip_headers_write (msg_t *msg, const gchar *name, const gchar *value);
gboolean sip_headers_have_reason (const sip_t *sip, const gchar *protocol, guint cause);
gchar *sip_headers_uri_text (const url_t *url);
gchar *sip_headers_text (const sip_header_t *header);
void sip_headers_make_room (msg_t *msg);
