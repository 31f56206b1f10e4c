/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * store-schema: the tables, version by version.
 *
 * The file carries its version (user_version); each step leads from one version to the next and is
 * never changed once it was released. store_open() brings a file up to date before anything else.
 */
#include "store/store-schema.h"

#include "base/error.h"

#define APPLICATION_ID 0x73697077 /* "sipw", as file(1) shows it */

static const gchar *const steps[] = {
  /* 1 */
  "CREATE TABLE binding ("
  " token TEXT NOT NULL PRIMARY KEY, pbx TEXT NOT NULL, aor TEXT NOT NULL, device TEXT,"
  " instance TEXT, contact TEXT NOT NULL, call_id TEXT, path TEXT, user_agent TEXT,"
  " flow_transport TEXT, flow_listener TEXT, flow_address TEXT,"
  " provider TEXT, param TEXT, prid TEXT, voip_token TEXT, remote_token TEXT, voip_topic TEXT,"
  " remote_topic TEXT, enc_key TEXT, enc_auth TEXT, dialect TEXT,"
  " upstream_contact TEXT, upstream_call_id TEXT, upstream_route TEXT,"
  " reg_id INTEGER NOT NULL, cseq INTEGER NOT NULL, q INTEGER NOT NULL,"
  " pn_flags INTEGER NOT NULL, expires_wall INTEGER NOT NULL, upstream_cseq INTEGER NOT NULL,"
  " upstream_expires_wall INTEGER NOT NULL, last_wake_wall INTEGER NOT NULL,"
  " wake_ok INTEGER NOT NULL, wake_failed INTEGER NOT NULL, created_wall INTEGER NOT NULL,"
  " updated_wall INTEGER NOT NULL) STRICT;"
  "CREATE TABLE account ("
  " aor TEXT NOT NULL PRIMARY KEY, pbx TEXT NOT NULL, username TEXT NOT NULL, realm TEXT,"
  " algorithm TEXT NOT NULL, sealed BLOB NOT NULL, state TEXT NOT NULL,"
  " created_wall INTEGER NOT NULL, updated_wall INTEGER NOT NULL) STRICT;"
  "CREATE TABLE meta (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) STRICT;",
  /* 2 */
  "ALTER TABLE binding ADD COLUMN other_flows TEXT;",
};

/* One step and its number in one transaction: a crash leaves the version before or after. */
static gboolean
take_step (StoreDb *db, const gchar *step, guint version, GError **error)
{
  g_autofree gchar *number = g_strdup_printf ("PRAGMA user_version = %u; COMMIT", version);

  if (store_db_exec (db, "BEGIN IMMEDIATE", error) && store_db_exec (db, step, error) &&
      store_db_exec (db, number, error))
    return TRUE;
  store_db_exec (db, "ROLLBACK", NULL);
  g_prefix_error (error, "bringing the schema to version %u: ", version);
  return FALSE;
}

/**
 * store_schema_migrate:
 * @db: a connection
 * @list: the steps; the first makes version 1
 * @n_steps: how many there are
 * @error: return location
 *
 * Returns: whether the file now has version @n_steps; else %SIPWAKE_ERROR_STORAGE, also for a file
 *   of a later version, and the file is at the last version that was reached
 */
gboolean
store_schema_migrate (StoreDb *db, const gchar *const *list, guint n_steps, GError **error)
{
  gint64 version;

  if (!store_db_number (db, "PRAGMA user_version", &version, error))
    return FALSE;
  if (version < 0 || version > n_steps) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_STORAGE,
                 "%s has schema version %" G_GINT64_FORMAT ", made by a newer sipwake; this one "
                 "knows up to %u",
                 db->path, version, n_steps);
    return FALSE;
  }
  for (; version < n_steps; version++)
    if (!take_step (db, list[version], version + 1, error))
      return FALSE;
  return TRUE;
}

/**
 * store_schema_prepare:
 * @db: a connection
 * @error: return location
 *
 * Refuses a database of another program, and makes or updates the tables.
 *
 * Returns: whether the tables are those of this version; else %SIPWAKE_ERROR_STORAGE
 */
gboolean
store_schema_prepare (StoreDb *db, GError **error)
{
  gint64 id, tables;

  if (!store_db_number (db, "PRAGMA application_id", &id, error) ||
      !store_db_number (db, "SELECT count (*) FROM sqlite_schema", &tables, error))
    return FALSE;
  if (id != APPLICATION_ID && tables > 0) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_STORAGE, "%s is no database of sipwake",
                 db->path);
    return FALSE;
  }
  if (id != APPLICATION_ID &&
      !store_db_exec (db, "PRAGMA application_id = " G_STRINGIFY (APPLICATION_ID), error))
    return FALSE;
  return store_schema_migrate (db, steps, G_N_ELEMENTS (steps), error);
}
