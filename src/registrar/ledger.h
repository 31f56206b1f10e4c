/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "registrar/location.h"
#include "store/store.h"

typedef struct _Ledger Ledger;
typedef void (*LedgerFunc) (gboolean written, gpointer user_data);

Ledger *ledger_new (Store *store, Location *location);
void ledger_free (Ledger *ledger);
gboolean ledger_load (Ledger *ledger, GPtrArray *pbxes, SipStack *stack, GError **error);

void ledger_put (Ledger *ledger, const Binding *binding, LedgerFunc func, gpointer user_data);
void ledger_remove (Ledger *ledger, const Binding *binding, LedgerFunc func, gpointer user_data);
void ledger_put_lazily (Ledger *ledger, const Binding *binding);
