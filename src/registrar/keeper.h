/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "registrar/account-book.h"
#include "registrar/location.h"
#include "registrar/upstream.h"

typedef struct _Keeper Keeper;

/* @status: 200, or why the PBX does not register it; @phrase may be NULL */
typedef void (*KeeperFunc) (guint status, const gchar *phrase, gpointer user_data);

Keeper *keeper_new (Upstream *upstream, Location *location, AccountBook *accounts);
void keeper_free (Keeper *keeper);

gboolean keeper_holds (Keeper *keeper, const gchar *token);
void keeper_register (Keeper *keeper, Account *account, const gchar *aor, const gchar *token,
                      GPtrArray *replaces, KeeperFunc func, gpointer user_data);
void keeper_dismiss (Keeper *keeper, Binding *binding, const gchar *why);
void keeper_resume (Keeper *keeper);
void keeper_pbx_lost (Keeper *keeper, const Pbx *pbx);
