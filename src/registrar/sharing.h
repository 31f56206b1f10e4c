/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "registrar/ledger.h"
#include "registrar/registration.h"

typedef struct _Sharing Sharing;

typedef enum {
  SHARING_AUTO, /* each, until the PBX shows that it keeps only one */
  SHARING_EACH, /* every phone has a Contact of its own at the PBX */
  SHARING_ONE,  /* all phones of an address of record are behind one */
} SharingPolicy;

Sharing *sharing_new (Location *location, Ledger *ledger, KeyedHash *token_key);
void sharing_free (Sharing *sharing);
void sharing_set_policy (Sharing *sharing, const Pbx *pbx, SharingPolicy policy);

void sharing_apply (Sharing *sharing, Registration *registration);
gboolean sharing_switch (Sharing *sharing, Registration *registration, guint status);
GPtrArray *sharing_surplus (Sharing *sharing, const Registration *registration);
GPtrArray *sharing_replaced (Sharing *sharing, const Registration *registration);
gboolean sharing_in_doubt (Sharing *sharing, const Registration *registration,
                           const sip_t *response);
gboolean sharing_is_dropped (Sharing *sharing, Registration *registration, const sip_t *response);
void sharing_refused (Sharing *sharing, const Registration *registration, guint status);
void sharing_switched (Sharing *sharing, const Registration *registration);
