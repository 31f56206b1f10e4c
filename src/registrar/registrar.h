/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "registrar/admission.h"
#include "registrar/credentials.h"
#include "registrar/doorkeeper.h"
#include "registrar/keeper.h"
#include "registrar/ledger.h"
#include "registrar/sharing.h"

typedef struct _Registrar Registrar;

typedef struct {
  GPtrArray *pbxes; /* Pbx */
  KeyedHash *token_key;
  Location *location;
  Ledger *ledger;
  Upstream *upstream;
  AccountBook *accounts;
  Doorkeeper *doorkeeper;
  Keeper *keeper;
  Sharing *sharing;
  AdmissionOptions options;
} RegistrarRooms;

/* Whether phones with such push parameters can be woken. @push: of a Contact, or a query; @pnsreg:
 * whether the phone can refresh by itself; @feature_caps: NULL, or where a Feature-Caps value for
 * each service that @push asks about is appended (RFC 8599 5.6.1). */
typedef gboolean (*RegistrarPushFunc) (const PnParams *push, gboolean pnsreg,
                                       GPtrArray *feature_caps, gpointer user_data);

Registrar *registrar_new (const RegistrarRooms *rooms);
void registrar_free (Registrar *registrar);
void registrar_set_push (Registrar *registrar, RegistrarPushFunc func, gpointer user_data);
void registrar_set_options (Registrar *registrar, const AdmissionOptions *options);

gboolean registrar_admit_call (Registrar *registrar, Pbx *pbx, SipRequest *invite,
                               Credentials **credentials);
void registrar_take (Registrar *registrar, SipRequest *request);
