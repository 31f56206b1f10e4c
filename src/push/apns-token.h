/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#define APNS_TOKEN_LIFE (45 * 60)     /* seconds; Apple takes it for 60 minutes */
#define APNS_TOKEN_INTERVAL (20 * 60) /* and none newer before that */

typedef struct _ApnsToken ApnsToken;

ApnsToken *
apns_token_new (const gchar *team_id, const gchar *key_id, const gchar *key_file, GError **error);
ApnsToken *apns_token_ref (ApnsToken *token);
void apns_token_unref (ApnsToken *token);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ApnsToken, apns_token_unref)

gboolean apns_token_equal (const ApnsToken *a, const ApnsToken *b);
gchar *apns_token_name (const ApnsToken *token);
const gchar *apns_token_get (ApnsToken *token, GError **error);
gboolean apns_token_renew (ApnsToken *token, const gchar *refused);
