/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * store-db: one connection to the database file.
 *
 * Sets what every connection needs, keeps prepared statements, and says SQLite's errors in ours:
 * %SIPWAKE_ERROR_INVALID where one row is at fault, %SIPWAKE_ERROR_STORAGE where the file or the
 * disk is.
 */
#include "store/store-db.h"

#include "base/error.h"

#define BUSY_TIMEOUT 2000     /* ms that another process may hold the file */
#define MAX_ROW (128 * 1024)  /* bytes; a Contact has at most 4 kB */
#define MAX_WAL_FILE 16777216 /* bytes that the WAL keeps on disk once it is written back */

/**
 * store_db_set_error:
 * @db: a connection whose last call failed
 * @error: return location
 *
 * A damaged file is told with what the administrator can do about it.
 */
void
store_db_set_error (StoreDb *db, GError **error)
{
  const gchar *message = sqlite3_errmsg (db->handle);

  switch (sqlite3_errcode (db->handle)) {
  case SQLITE_CONSTRAINT:
  case SQLITE_TOOBIG:
  case SQLITE_MISMATCH:
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID, "a row is refused: %s", message);
    return;
  case SQLITE_CORRUPT:
  case SQLITE_NOTADB:
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_STORAGE,
                 "%s is damaged (%s). To start without it: mv %s %s.damaged; rm -f %s-wal %s-shm. "
                 "Phones then register anew; accounts must be imported again",
                 db->path, message, db->path, db->path, db->path, db->path);
    return;
  default: /* SQLite's codes, not ours */
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_STORAGE, "%s: %s", db->path, message);
  }
}

/**
 * store_db_exec:
 * @db: a connection
 * @sql: statements without parameters
 * @error: return location
 *
 * Returns: whether they were done; else %SIPWAKE_ERROR_STORAGE or %SIPWAKE_ERROR_INVALID
 */
gboolean
store_db_exec (StoreDb *db, const gchar *sql, GError **error)
{
  if (sqlite3_exec (db->handle, sql, NULL, NULL, NULL) == SQLITE_OK)
    return TRUE;
  store_db_set_error (db, error);
  return FALSE;
}

/**
 * store_db_open:
 * @path: the database file, made when it is missing
 * @error: return location
 *
 * The busy timeout comes before the journal mode: changing that takes a lock, too.
 *
 * Returns: (transfer full) (nullable): a connection in WAL mode that waits for the disk at every
 *   commit; %NULL with %SIPWAKE_ERROR_STORAGE
 */
StoreDb *
store_db_open (const gchar *path, GError **error)
{
  g_autoptr (StoreDb) db = g_new0 (StoreDb, 1);

  db->path = g_strdup (path);
  db->statements = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) sqlite3_finalize);
  if (sqlite3_open_v2 (path, &db->handle,
                       SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                       NULL) != SQLITE_OK) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_STORAGE, "%s cannot be opened: %s (%s)", path,
                 sqlite3_errmsg (db->handle), g_strerror (sqlite3_system_errno (db->handle)));
    return NULL;
  }
  sqlite3_busy_timeout (db->handle, BUSY_TIMEOUT);
  sqlite3_limit (db->handle, SQLITE_LIMIT_LENGTH, MAX_ROW);
  if (!store_db_exec (db,
                      "PRAGMA journal_mode = wal; PRAGMA synchronous = full;"
                      "PRAGMA secure_delete = on; PRAGMA wal_autocheckpoint = 0;"
                      "PRAGMA journal_size_limit = " G_STRINGIFY (MAX_WAL_FILE),
                      error))
    return NULL;
  return g_steal_pointer (&db);
}

/**
 * store_db_free:
 * @db: (nullable) (transfer full): a connection
 *
 * Closes it; the last one to go writes the WAL back.
 */
void
store_db_free (StoreDb *db)
{
  if (!db)
    return;
  g_hash_table_unref (db->statements);
  sqlite3_close (db->handle);
  g_free (db->path);
  g_free (db);
}

/**
 * store_db_prepare:
 * @db: a connection
 * @sql: one statement, a constant that outlives the connection
 * @error: return location
 *
 * Returns: (transfer none) (nullable): the statement, reset and without values
 */
sqlite3_stmt *
store_db_prepare (StoreDb *db, const gchar *sql, GError **error)
{
  sqlite3_stmt *statement = g_hash_table_lookup (db->statements, sql);

  if (statement)
    return statement;
  if (sqlite3_prepare_v3 (db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) !=
      SQLITE_OK) {
    store_db_set_error (db, error);
    return NULL;
  }
  g_hash_table_insert (db->statements, (gpointer) sql, statement);
  return statement;
}

/**
 * store_db_run:
 * @db: a connection
 * @statement: (nullable): a statement of store_db_prepare() with its values, that returns no rows
 * @error: return location
 *
 * Returns: whether it was done; the statement is reset in either case
 */
gboolean
store_db_run (StoreDb *db, sqlite3_stmt *statement, GError **error)
{
  gboolean done;

  if (!statement)
    return FALSE;
  done = sqlite3_step (statement) == SQLITE_DONE;
  if (!done)
    store_db_set_error (db, error);
  sqlite3_reset (statement);
  sqlite3_clear_bindings (statement);
  return done;
}

/**
 * store_db_next:
 * @db: a connection
 * @statement: (nullable): a statement of store_db_prepare() that returns rows
 * @error: return location
 *
 * Returns: whether there is a row; after the last, or with @error set, the statement is reset
 */
gboolean
store_db_next (StoreDb *db, sqlite3_stmt *statement, GError **error)
{
  gint code;

  if (!statement)
    return FALSE;
  code = sqlite3_step (statement);
  if (code == SQLITE_ROW)
    return TRUE;
  if (code != SQLITE_DONE)
    store_db_set_error (db, error);
  sqlite3_reset (statement);
  sqlite3_clear_bindings (statement);
  return FALSE;
}

/**
 * store_db_number:
 * @db: a connection
 * @sql: one statement that returns a number
 * @number: (out): where it goes
 * @error: return location
 *
 * Returns: whether it was read
 */
gboolean
store_db_number (StoreDb *db, const gchar *sql, gint64 *number, GError **error)
{
  sqlite3_stmt *statement = NULL;
  gboolean done = sqlite3_prepare_v2 (db->handle, sql, -1, &statement, NULL) == SQLITE_OK &&
                  sqlite3_step (statement) == SQLITE_ROW;

  if (done)
    *number = sqlite3_column_int64 (statement, 0);
  else
    store_db_set_error (db, error);
  sqlite3_finalize (statement);
  return done;
}
