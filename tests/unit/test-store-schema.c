/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"
#include "base/names.h"
#include "store-disk.h"
#include "store/store-schema.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

/* A file as the first release left it, never to be changed. */
static const gchar version_1[] =
    "PRAGMA application_id = 0x73697077; PRAGMA user_version = 1;"
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
    "CREATE TABLE meta (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) STRICT;"
    "INSERT INTO meta VALUES ('instance', 'the-first');"
    "INSERT INTO account VALUES ('sip:1001@x', 'office', '1001', 'asterisk', 'MD5', x'0102',"
    " 'ok', 1, 2);"
    "INSERT INTO binding (token, pbx, aor, contact, prid, reg_id, cseq, q, pn_flags,"
    " expires_wall, upstream_cseq, upstream_expires_wall, last_wake_wall, wake_ok, wake_failed,"
    " created_wall, updated_wall) VALUES ('t1', 'office', 'sip:1001@x', '<sip:1001@h>', 'prid',"
    " 1, 2, 500, 4, 5, 6, 7, 8, 9, 10, 11, 12);";

typedef struct {
  gchar *dir;
  gchar *path;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->dir = disk_make_dir ();
  fixture->path = g_build_filename (fixture->dir, SIPWAKE_STATE_DB, NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  disk_remove_dir (fixture->dir);
  g_free (fixture->dir);
  g_free (fixture->path);
}

static void
make_file (const Fixture *fixture, const gchar *sql)
{
  g_autoptr (StoreDb) db = store_db_open (fixture->path, NULL);

  g_assert_true (store_db_exec (db, sql, NULL));
}

static void
on_account (const AccountRow *row, gpointer count)
{
  g_assert_cmpstr (row->aor, ==, "sip:1001@x");
  g_assert_cmpstr (row->realm, ==, "asterisk");
  g_assert_cmpuint (g_bytes_get_size (row->sealed), ==, 2);
  (*(guint *) count)++;
}

static void
test_from_version_1 (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GHashTable) rows = NULL;
  g_autoptr (GError) error = NULL;
  const BindingRow *row;
  guint accounts = 0;
  Store *store;

  make_file (fixture, version_1);
  store = store_open (fixture->dir, &error);
  g_assert_no_error (error);
  g_assert_true (store_load_accounts (store, on_account, &accounts, NULL));
  g_assert_cmpuint (accounts, ==, 1);
  rows = disk_load (store);
  row = g_hash_table_lookup (rows, "t1");
  g_assert_cmpstr (row->prid, ==, "prid");
  g_assert_null (row->path);
  g_assert_null (row->other_flows);
  g_assert_cmpint (row->q, ==, 500);
  g_assert_cmpint (row->updated_wall, ==, 12);
  disk_stop (store);
}

static gint64
version_of (StoreDb *db)
{
  gint64 version;

  g_assert_true (store_db_number (db, "PRAGMA user_version", &version, NULL));
  return version;
}

static void
test_step_fails_whole (Fixture *fixture, gconstpointer data)
{
  static const gchar *const broken[] = { "CREATE TABLE a (x)", "CREATE TABLE b (x); NONSENSE" };
  static const gchar *const mended[] = { "CREATE TABLE a (x)", "CREATE TABLE b (x)",
                                         "CREATE TABLE c (x)" };
  g_autoptr (StoreDb) db = store_db_open (fixture->path, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_false (store_schema_migrate (db, broken, G_N_ELEMENTS (broken), &error));
  g_assert_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_STORAGE);
  g_assert_cmpint (version_of (db), ==, 1);
  g_assert_true (store_schema_migrate (db, mended, G_N_ELEMENTS (mended), NULL));
  g_assert_cmpint (version_of (db), ==, 3);
}

static void
assert_refused (const Fixture *fixture, const gchar *words)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Store) store = store_open (fixture->dir, &error);

  g_assert_null (store);
  g_assert_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_STORAGE);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, words));
  g_assert_nonnull (strstr (error->message, fixture->path));
}

static void
test_newer (Fixture *fixture, gconstpointer data)
{
  make_file (fixture, version_1);
  make_file (fixture, "PRAGMA user_version = 99");
  assert_refused (fixture, "newer sipwake");
}

static void
test_foreign (Fixture *fixture, gconstpointer data)
{
  make_file (fixture, "CREATE TABLE phones (x)");
  assert_refused (fixture, "no database of sipwake");
}

static void
test_damaged (Fixture *fixture, gconstpointer data)
{
  g_autofree gchar *contents = NULL;
  gsize size;

  make_file (fixture, version_1);
  g_assert_true (g_file_get_contents (fixture->path, &contents, &size, NULL));
  memset (contents, 'x', 100);
  g_assert_true (g_file_set_contents (fixture->path, contents, (gssize) size, NULL));
  assert_refused (fixture, "mv ");
}

#define ADD(name, test) g_test_add (name, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/store-schema/from-version-1", test_from_version_1);
  ADD ("/store-schema/step-fails-whole", test_step_fails_whole);
  ADD ("/store-schema/newer", test_newer);
  ADD ("/store-schema/foreign", test_foreign);
  ADD ("/store-schema/damaged", test_damaged);
  return g_test_run ();
}
