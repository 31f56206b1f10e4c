/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "crypto/sealed.h"
#include "store/account-row.h"
#include "store/binding-row.h"

#include <gio/gio.h>

typedef struct _Store Store;

Store *store_open (const gchar *dir, GError **error);
void store_stop_async (Store *store, GAsyncReadyCallback callback, gpointer user_data);
gboolean store_stop_finish (Store *store, GAsyncResult *result, GError **error);
void store_free (Store *store);

gboolean store_check_key (Store *store, const SealedKey *key, GError **error);
gboolean
store_load_bindings (Store *store, BindingRowFunc func, gpointer user_data, GError **error);
gboolean
store_load_accounts (Store *store, AccountRowFunc func, gpointer user_data, GError **error);

void store_put_binding_async (Store *store,
                              const BindingRow *row,
                              GAsyncReadyCallback callback,
                              gpointer user_data);
void store_remove_binding_async (Store *store,
                                 const gchar *token,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
void store_put_account_async (Store *store,
                              const AccountRow *row,
                              GAsyncReadyCallback callback,
                              gpointer user_data);
void store_remove_account_async (Store *store,
                                 const gchar *aor,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
gboolean store_write_finish (Store *store, GAsyncResult *result, GError **error);

void store_put_binding_lazily (Store *store, const BindingRow *row);
void store_remove_binding_lazily (Store *store, const gchar *token);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Store, store_free)
