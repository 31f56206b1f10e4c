/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "crypto/key-pair.h"

#define VAPID_LIFE (12 * 3600) /* seconds */

typedef struct _Vapid Vapid;

Vapid *vapid_new (KeyPair *pair, GError **error);
Vapid *vapid_load (const gchar *path, GError **error);
Vapid *vapid_ref (Vapid *vapid);
void vapid_unref (Vapid *vapid);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Vapid, vapid_unref)

const gchar *vapid_key (Vapid *vapid);
gchar *vapid_authorization (Vapid *vapid, const gchar *origin, const gchar *subject, gint64 now);

gboolean vapid_verify (const gchar *authorization, const gchar *origin, gint64 now, GError **error);
