/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sip/sip-transaction.h"

#include <glib.h>

typedef struct _Upstream Upstream;

/* One Contact of ours in a REGISTER. */
typedef struct {
  const gchar *token;
  gint64 expires; /* seconds; 0 removes it */
} UpstreamContact;

Upstream *upstream_new (void);
void upstream_free (Upstream *upstream);

SipTransaction *upstream_send (Upstream *upstream, SipFlow *way, const sip_t *phone,
                               const gchar *call_id_seed, const GArray *contacts,
                               SipResponseFunc func, gpointer user_data);
SipTransaction *upstream_send_own (Upstream *upstream, SipFlow *way, const gchar *aor,
                                   const gchar *call_id_seed, const GArray *contacts,
                                   const gchar *authorization, SipResponseFunc func,
                                   gpointer user_data);
gchar *upstream_target (const gchar *aor);
gint64 upstream_granted (const sip_t *response, const gchar *token, gint64 asked);
