/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <sqlite3.h>

/* One connection with its prepared statements; used by one thread at a time. */
typedef struct {
  sqlite3 *handle;
  gchar *path;
  GHashTable *statements;
  gboolean wipe; /* a secret was removed or replaced; the WAL has it still */
} StoreDb;

StoreDb *store_db_open (const gchar *path, GError **error);
void store_db_free (StoreDb *db);

gboolean store_db_exec (StoreDb *db, const gchar *sql, GError **error);
gboolean store_db_number (StoreDb *db, const gchar *sql, gint64 *number, GError **error);
sqlite3_stmt *store_db_prepare (StoreDb *db, const gchar *sql, GError **error);
gboolean store_db_run (StoreDb *db, sqlite3_stmt *statement, GError **error);
gboolean store_db_next (StoreDb *db, sqlite3_stmt *statement, GError **error);
void store_db_set_error (StoreDb *db, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (StoreDb, store_db_free)
