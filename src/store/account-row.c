/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * account-row: a PBX account as it stands on disk.
 *
 * The secret in it is sealed (crypto/sealed) before it comes here. What a row held that is removed
 * or replaced is overwritten with zeros in the database file; the copy in the WAL is cut off soon
 * after the commit (store-checkpoint).
 */
#include "store/account-row.h"

static const gchar put_sql[] =
    "INSERT INTO account (aor, pbx, username, realm, algorithm, state, sealed, created_wall,"
    " updated_wall) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (aor) DO UPDATE SET pbx = excluded.pbx, username = excluded.username,"
    " realm = excluded.realm, algorithm = excluded.algorithm, state = excluded.state,"
    " sealed = excluded.sealed, created_wall = excluded.created_wall,"
    " updated_wall = excluded.updated_wall";
static const gchar remove_sql[] = "DELETE FROM account WHERE aor = ?";
static const gchar select_sql[] =
    "SELECT aor, pbx, username, realm, algorithm, state, sealed, created_wall, updated_wall"
    " FROM account";

/**
 * account_row_copy:
 * @row: a row
 *
 * Returns: (transfer full): the row with its strings and a reference to the blob
 */
AccountRow *
account_row_copy (const AccountRow *row)
{
  AccountRow *copy = g_new (AccountRow, 1);

  *copy = (AccountRow){ .aor = g_strdup (row->aor),
                        .pbx = g_strdup (row->pbx),
                        .username = g_strdup (row->username),
                        .realm = g_strdup (row->realm),
                        .algorithm = g_strdup (row->algorithm),
                        .state = g_strdup (row->state),
                        .sealed = g_bytes_ref (row->sealed),
                        .created_wall = row->created_wall,
                        .updated_wall = row->updated_wall };
  return copy;
}

/**
 * account_row_free:
 * @row: (nullable) (transfer full): what account_row_copy() returned
 */
void
account_row_free (AccountRow *row)
{
  if (!row)
    return;
  g_free ((gchar *) row->aor);
  g_free ((gchar *) row->pbx);
  g_free ((gchar *) row->username);
  g_free ((gchar *) row->realm);
  g_free ((gchar *) row->algorithm);
  g_free ((gchar *) row->state);
  g_bytes_unref (row->sealed);
  g_free (row);
}

/**
 * account_row_put:
 * @db: the writer's connection
 * @row: the row; one with the same AOR is replaced
 * @error: return location
 *
 * Returns: whether it was written; else %SIPWAKE_ERROR_INVALID or %SIPWAKE_ERROR_STORAGE
 */
gboolean
account_row_put (StoreDb *db, const AccountRow *row, GError **error)
{
  sqlite3_stmt *statement = store_db_prepare (db, put_sql, error);
  const gchar *texts[] = {
    row->aor, row->pbx, row->username, row->realm, row->algorithm, row->state
  };
  gint column = 0;
  gconstpointer blob;
  gsize size;

  if (!statement)
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    sqlite3_bind_text (statement, ++column, texts[i], -1, SQLITE_STATIC);
  blob = g_bytes_get_data (row->sealed, &size);
  sqlite3_bind_blob (statement, ++column, blob, (gint) size, SQLITE_STATIC);
  sqlite3_bind_int64 (statement, ++column, row->created_wall);
  sqlite3_bind_int64 (statement, ++column, row->updated_wall);
  db->wipe = TRUE;
  return store_db_run (db, statement, error);
}

/**
 * account_row_remove:
 * @db: the writer's connection
 * @aor: the row's AOR; that there is none is no error
 * @error: return location
 *
 * Returns: whether it is gone; else %SIPWAKE_ERROR_STORAGE
 */
gboolean
account_row_remove (StoreDb *db, const gchar *aor, GError **error)
{
  sqlite3_stmt *statement = store_db_prepare (db, remove_sql, error);

  if (!statement)
    return FALSE;
  sqlite3_bind_text (statement, 1, aor, -1, SQLITE_STATIC);
  db->wipe = TRUE;
  return store_db_run (db, statement, error);
}

/**
 * account_row_each:
 * @db: a connection
 * @func: (scope call): called with each row, whose strings and blob live only as long as the call
 * @user_data: for @func
 * @error: return location
 *
 * Returns: whether all rows were read; else %SIPWAKE_ERROR_STORAGE
 */
gboolean
account_row_each (StoreDb *db, AccountRowFunc func, gpointer user_data, GError **error)
{
  sqlite3_stmt *statement = store_db_prepare (db, select_sql, error);
  GError *failure = NULL;

  if (!statement)
    return FALSE;
  while (store_db_next (db, statement, &failure)) {
    const gchar *texts[6];
    g_autoptr (GBytes) sealed =
        g_bytes_new (sqlite3_column_blob (statement, 6), sqlite3_column_bytes (statement, 6));
    AccountRow row;

    for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
      texts[i] = (const gchar *) sqlite3_column_text (statement, (gint) i);
    row = (AccountRow){ .aor = texts[0],
                        .pbx = texts[1],
                        .username = texts[2],
                        .realm = texts[3],
                        .algorithm = texts[4],
                        .state = texts[5],
                        .sealed = sealed,
                        .created_wall = sqlite3_column_int64 (statement, 7),
                        .updated_wall = sqlite3_column_int64 (statement, 8) };
    func (&row, user_data);
  }
  if (failure)
    g_propagate_error (error, failure);
  return !failure;
}
