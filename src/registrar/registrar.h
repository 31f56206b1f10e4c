/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "registrar/ledger.h"

typedef struct _Registrar Registrar;

/* Whether phones with such push parameters can be woken. @push: of a Contact, or a query.
 * Appends a Feature-Caps value for each service that @push asks about (RFC 8599 5.6.1). */
typedef gboolean (*RegistrarPushFunc) (const PnParams *push, GPtrArray *feature_caps,
                                       gpointer user_data);

Registrar *
registrar_new (Location *location, Ledger *ledger, GPtrArray *pbxes, GBytes *token_key);
void registrar_free (Registrar *registrar);
void registrar_set_push (Registrar *registrar, RegistrarPushFunc func, gpointer user_data);

void registrar_take (Registrar *registrar, SipRequest *request);
