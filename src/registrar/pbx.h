/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "registrar/pbx-route.h"

#define PBX_PATIENCE_MS 4000 /* for a first answer, while another route is up */
#define PBX_MAX_WAYS 4       /* that one request is tried on */

typedef struct _Pbx Pbx;

typedef enum {
  PBX_EVENT_REACHABLE,   /* a route is up, and none was before */
  PBX_EVENT_UNREACHABLE, /* no route is up any more */
  PBX_EVENT_MOVED,       /* new requests take another route than before */
  PBX_EVENT_LOST,        /* a connection closed; what was registered over it may be gone */
} PbxEvent;

typedef void (*PbxFunc) (Pbx *pbx, PbxEvent event, gpointer user_data);

Pbx *pbx_new (const gchar *name,
              const gchar *const *domains,
              guint register_expires,
              const gchar *const *accept_from);
void pbx_free (Pbx *pbx);
void pbx_add_route (Pbx *pbx, PbxRoute *route);

const gchar *pbx_name (const Pbx *pbx);
guint pbx_register_expires (const Pbx *pbx);
gboolean pbx_serves (const Pbx *pbx, const gchar *domain);
gboolean pbx_accepts (const Pbx *pbx, GInetAddress *source);

SipFlow *pbx_way (Pbx *pbx);
SipFlow *pbx_way_for (Pbx *pbx, const gchar *call_id);
SipFlow *pbx_way_after (Pbx *pbx, const SipFlow *way);
const gchar *pbx_refusal (const Pbx *pbx);
gboolean pbx_heard (Pbx *pbx, SipFlow *way, const gchar *call_id, const sip_t *response);
void pbx_failed (Pbx *pbx, SipFlow *way);

gboolean pbx_is_reachable (const Pbx *pbx);
const gchar *pbx_last_error (const Pbx *pbx);
void pbx_watch (Pbx *pbx, PbxFunc func, gpointer user_data);
void pbx_unwatch (Pbx *pbx, PbxFunc func, gpointer user_data);
gint64 pbx_last_answer (const Pbx *pbx);
const gchar *const *pbx_domains (const Pbx *pbx);
GPtrArray *pbx_routes (const Pbx *pbx);
