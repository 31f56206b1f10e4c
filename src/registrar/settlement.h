/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "registrar/ledger.h"
#include "registrar/registration.h"

/* What was granted to one Contact of a REGISTER. */
typedef struct {
  gint64 kept; /* seconds that the binding lasts; 0: it goes */
  gint64 told; /* seconds that the phone is told */
} Grant;

gboolean settlement_keeps_back (const sip_header_t *header, gpointer user_data);
msg_t *settlement_answer (Location *location, const Registration *registration,
                          const Grant *grants, GPtrArray *feature_caps, const sip_t *response);
void settlement_run (Location *location, Ledger *ledger, const Registration *registration,
                     const Grant *grants, GPtrArray *removals, guint status, const gchar *phrase,
                     msg_t *answer);
