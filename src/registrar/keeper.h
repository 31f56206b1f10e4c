/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "registrar/kept.h"
#include "registrar/location.h"

typedef struct _Keeper Keeper;

Keeper *keeper_new (Upstream *upstream, Location *location, AccountBook *accounts);
void keeper_free (Keeper *keeper);

gboolean keeper_keeps (Keeper *keeper, const Binding *binding);
gboolean keeper_holds (Keeper *keeper, const gchar *token);
void keeper_register (Keeper *keeper, Account *account, const gchar *aor, const gchar *token,
                      GPtrArray *replaces, KeptFunc func, gpointer user_data);
void keeper_abandon (Keeper *keeper, const gchar *token);
void keeper_dismiss (Keeper *keeper, Binding *binding, const gchar *why);
void keeper_resume (Keeper *keeper);
void keeper_pbx_lost (Keeper *keeper, const Pbx *pbx);
