/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/store-db.h"

/* Strings and the blob are borrowed, except in what account_row_copy() returns. realm may be NULL.
 */
typedef struct {
  const gchar *aor;
  const gchar *pbx;
  const gchar *username;
  const gchar *realm;
  const gchar *algorithm;
  const gchar *state;
  GBytes *sealed;
  gint64 created_wall;
  gint64 updated_wall;
} AccountRow;

typedef void (*AccountRowFunc) (const AccountRow *row, gpointer user_data);

AccountRow *account_row_copy (const AccountRow *row);
void account_row_free (AccountRow *row);

gboolean account_row_put (StoreDb *db, const AccountRow *row, GError **error);
gboolean account_row_remove (StoreDb *db, const gchar *aor, GError **error);
gboolean account_row_each (StoreDb *db, AccountRowFunc func, gpointer user_data, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AccountRow, account_row_free)
