/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "crypto/digest.h"

/* One account of an imported file: a password, or an HA1 with its realm. realm may be NULL. */
typedef struct {
  gchar *user;
  gchar *username;
  gchar *realm;
  gchar *password;
  gchar *ha1;
  DigestAlgorithm algorithm;
  guint line;
} ImportedAccount;

ImportedAccount *imported_account_new (guint line);
void imported_account_free (ImportedAccount *account);

gboolean account_import_check_size (const gchar *text, GError **error);
GHashTable *account_import_users_new (void);
gboolean account_import_add (GPtrArray *accounts,
                             GHashTable *users,
                             ImportedAccount *account,
                             GError **error);
GPtrArray *account_import_csv (const gchar *text, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ImportedAccount, imported_account_free)
