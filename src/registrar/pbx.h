/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "registrar/pbx-route.h"

typedef struct _Pbx Pbx;

Pbx *pbx_new (const gchar *name, const gchar *const *domains, guint register_expires,
              const gchar *const *accept_from);
void pbx_free (Pbx *pbx);
void pbx_add_route (Pbx *pbx, PbxRoute *route);

const gchar *pbx_name (const Pbx *pbx);
guint pbx_register_expires (const Pbx *pbx);
gboolean pbx_serves (const Pbx *pbx, const gchar *domain);
gboolean pbx_accepts (const Pbx *pbx, GInetAddress *source);
SipFlow *pbx_way (const Pbx *pbx);
const gchar *const *pbx_domains (const Pbx *pbx);
GPtrArray *pbx_routes (const Pbx *pbx);

void pbx_note_answer (Pbx *pbx, guint failure);
const gchar *pbx_last_error (const Pbx *pbx);
gint64 pbx_last_answer (const Pbx *pbx);

Pbx *pbx_find_by_domain (GPtrArray *pbxes, const gchar *domain);
Pbx *pbx_find_by_source (GPtrArray *pbxes, GInetAddress *source);
