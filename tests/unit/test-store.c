/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "base/counters.h"
#include "base/error.h"
#include "base/names.h"
#include "store-disk.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

typedef struct {
  gchar *dir;
  Store *store;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->dir = disk_make_dir ();
  fixture->store = store_open (fixture->dir, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  if (fixture->store)
    disk_stop (fixture->store);
  disk_remove_dir (fixture->dir);
  g_free (fixture->dir);
}

static void
put (Fixture *fixture, const gchar *token, gint64 cseq, DiskResults *results)
{
  BindingRow row = disk_binding (token, cseq);

  results->pending++;
  store_put_binding_async (fixture->store, &row, disk_on_written, results);
}

static void
put_lazily (Fixture *fixture, const gchar *token, gint64 cseq)
{
  BindingRow row = disk_binding (token, cseq);

  store_put_binding_lazily (fixture->store, &row);
}

static gint64
cseq_on_disk (Fixture *fixture, const gchar *token)
{
  g_autoptr (GHashTable) rows = disk_load (fixture->store);
  const BindingRow *row = g_hash_table_lookup (rows, token);

  return row ? row->cseq : 0;
}

/* What comes later than its caller waits for it. */
static void
await_cseq_on_disk (Fixture *fixture, const gchar *token, gint64 cseq)
{
  gboolean never = FALSE;

  for (guint i = 0; i < 200 && cseq_on_disk (fixture, token) != cseq; i++)
    disk_wait (&never, 100);
  g_assert_cmpint (cseq_on_disk (fixture, token), ==, cseq);
}

static void
reopen (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;

  disk_stop (fixture->store);
  fixture->store = store_open (fixture->dir, &error);
  g_assert_no_error (error);
}

static void
test_round (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GHashTable) rows = NULL;
  DiskResults results = { 0 };
  BindingRow row = disk_binding ("t1", 1);
  const BindingRow *back;

  put (fixture, "t1", 1, &results);
  put (fixture, "t2", 2, &results);
  results.pending++;
  store_remove_binding_async (fixture->store, "t2", disk_on_written, &results);
  disk_assert_written (&results, 3);

  reopen (fixture);
  rows = disk_load (fixture->store);
  g_assert_cmpuint (g_hash_table_size (rows), ==, 1);
  back = g_hash_table_lookup (rows, "t1");
#define SAME_TEXT(name) g_assert_cmpstr (back->name, ==, row.name);
#define SAME_NUMBER(name) g_assert_cmpint (back->name, ==, row.name);
  BINDING_ROW_TEXTS (SAME_TEXT)
  BINDING_ROW_NUMBERS (SAME_NUMBER)
}

static void
test_order (Fixture *fixture, gconstpointer data)
{
  DiskResults results = { 0 };

  for (gint64 i = 1; i <= 2000; i++) {
    if (i % 3)
      put (fixture, "t", i, &results);
    else
      put_lazily (fixture, "t", i);
  }
  put_lazily (fixture, "gone", 1);
  results.pending++;
  store_remove_binding_async (fixture->store, "gone", disk_on_written, &results);
  put (fixture, "late", 1, &results);
  store_remove_binding_lazily (fixture->store, "late");
  disk_drain (&results);
  g_assert_cmpuint (results.failed, ==, results.late);
  reopen (fixture);
  g_assert_cmpint (cseq_on_disk (fixture, "t"), ==, 2000);
  g_assert_cmpint (cseq_on_disk (fixture, "gone"), ==, 0);
  g_assert_cmpint (cseq_on_disk (fixture, "late"), ==, 0);
}

static void
test_groups (Fixture *fixture, gconstpointer data)
{
  gint64 before = counters_get (COUNTER_STORE_COMMITS);
  DiskResults results = { 0 };

  for (guint i = 0; i < 5000; i++) {
    g_autofree gchar *token = g_strdup_printf ("t%u", i);

    put (fixture, token, i, &results);
  }
  disk_drain (&results);
  g_assert_cmpuint (results.done + results.failed, ==, 5000);
  g_assert_cmpint (counters_get (COUNTER_STORE_COMMITS) - before, <, 500);
  /* On a slow disk some of the callers were told that it takes long; their rows are still queued. */
  reopen (fixture);
  g_assert_cmpint (counters_get (COUNTER_STORE_QUEUED), ==, 0);
}

static void
test_lazy_within_seconds (Fixture *fixture, gconstpointer data)
{
  gint64 before = counters_get (COUNTER_STORE_ROWS), begun = g_get_monotonic_time ();
  gboolean never = FALSE;

  for (gint64 i = 1; i <= 100; i++)
    put_lazily (fixture, "t", i);
  disk_wait (&never, 200);
  g_assert_true (counters_get (COUNTER_STORE_ROWS) == before ||
                 g_get_monotonic_time () - begun >= G_TIME_SPAN_SECOND);
  await_cseq_on_disk (fixture, "t", 100);
  disk_wait (&never, 200);
  g_assert_cmpint (counters_get (COUNTER_STORE_ROWS), ==, before + 1);
}

static void
test_bad_row_fails_alone (Fixture *fixture, gconstpointer data)
{
  DiskResults good = { 0 }, bad = { 0 };
  g_autofree gchar *huge = g_strnfill (300000, 'c');
  BindingRow row = disk_binding ("bad", 1);

  put (fixture, "t1", 1, &good);
  row.user_agent = huge;
  bad.pending += 2;
  store_put_binding_async (fixture->store, &row, disk_on_written, &bad);
  row = disk_binding ("bad", 1);
  row.contact = NULL;
  store_put_binding_async (fixture->store, &row, disk_on_written, &bad);
  put (fixture, "t2", 2, &good);
  disk_assert_written (&good, 2);
  disk_drain (&bad);
  g_assert_cmpuint (bad.failed, ==, 2);
  if (!bad.late)
    g_assert_cmpint (bad.code, ==, SIPWAKE_ERROR_INVALID);
  g_assert_cmpint (cseq_on_disk (fixture, "t2"), ==, 2);
}

/* Another process holds the file: callers are told in time, and the row comes later. */
static void
test_deadline (Fixture *fixture, gconstpointer data)
{
  g_autofree gchar *path = g_build_filename (fixture->dir, SIPWAKE_STATE_DB, NULL);
  g_autoptr (StoreDb) other = store_db_open (path, NULL);
  gint64 start = g_get_monotonic_time ();
  DiskResults results = { 0 };

  g_assert_true (store_db_exec (other, "BEGIN IMMEDIATE", NULL));
  put (fixture, "t", 1, &results);
  disk_drain (&results);
  g_assert_cmpint (g_get_monotonic_time () - start, >=, 450 * G_TIME_SPAN_MILLISECOND);
  g_assert_cmpint (g_get_monotonic_time () - start, <, 10 * G_TIME_SPAN_SECOND);
  g_assert_cmpint (results.code, ==, SIPWAKE_ERROR_TIMED_OUT);
  g_assert_true (store_db_exec (other, "COMMIT", NULL));
  await_cseq_on_disk (fixture, "t", 1);
}

static void
test_queue_full (Fixture *fixture, gconstpointer data)
{
  g_autofree gchar *path = g_build_filename (fixture->dir, SIPWAKE_STATE_DB, NULL);
  g_autoptr (StoreDb) other = store_db_open (path, NULL);
  DiskResults results = { 0 }, refused = { 0 };
  gint64 start;

  g_assert_true (store_db_exec (other, "BEGIN IMMEDIATE", NULL));
  for (guint i = 0; i < 11000; i++)
    put (fixture, "t", i + 1, &results);
  start = g_get_monotonic_time ();
  put (fixture, "t", 1, &refused);
  disk_drain (&refused);
  g_assert_cmpint (g_get_monotonic_time () - start, <, 5 * G_TIME_SPAN_SECOND);
  g_assert_cmpint (refused.code, ==, SIPWAKE_ERROR_LIMIT);
  g_assert_true (store_db_exec (other, "COMMIT", NULL));
  disk_drain (&results);
}

/* The commit of a lazy row fails; the row is kept and tried again. */
static void
test_lazy_outlives_failure (Fixture *fixture, gconstpointer data)
{
  g_autofree gchar *path = g_build_filename (fixture->dir, SIPWAKE_STATE_DB, NULL);
  g_autoptr (StoreDb) other = store_db_open (path, NULL);
  gint64 failed = counters_get (COUNTER_STORE_FAILED);
  gboolean never = FALSE;

  g_assert_true (store_db_exec (other, "BEGIN IMMEDIATE", NULL));
  put_lazily (fixture, "t", 1);
  for (guint i = 0; i < 100 && counters_get (COUNTER_STORE_FAILED) == failed; i++)
    disk_wait (&never, 100);
  g_assert_cmpint (counters_get (COUNTER_STORE_FAILED), >, failed);
  g_assert_true (store_db_exec (other, "COMMIT", NULL));
  await_cseq_on_disk (fixture, "t", 1);
}

static void
test_one_daemon (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Store) second = store_open (fixture->dir, &error);

  g_assert_null (second);
  g_assert_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_STORAGE);
}

static void
test_private (Fixture *fixture, gconstpointer data)
{
  static const gchar *const names[] = { SIPWAKE_STATE_DB, SIPWAKE_STATE_DB "-wal" };
  DiskResults results = { 0 };

  put (fixture, "t", 1, &results);
  disk_assert_written (&results, 1);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree gchar *path = g_build_filename (fixture->dir, names[i], NULL);
    GStatBuf info;

    g_assert_cmpint (g_stat (path, &info), ==, 0);
    g_assert_cmpint (info.st_mode & 077, ==, 0);
  }
}

static void
on_account (const AccountRow *row, gpointer rows)
{
  g_ptr_array_add (rows, account_row_copy (row));
}

/* Returns: the sealed secret, which is another one each time */
static GBytes *
put_account (Fixture *fixture, const SealedKey *key)
{
  GBytes *sealed = sealed_close (key, "sip:1@x", "MARKED-SECRET", NULL);
  AccountRow row = { "sip:1@x", "office", "MARKED-NAME", NULL, "MD5", "ok", sealed, 1, 2 };
  DiskResults results = { .pending = 1 };

  store_put_account_async (fixture->store, &row, disk_on_written, &results);
  disk_assert_written (&results, 1);
  return sealed;
}

static gboolean
file_holds (Fixture *fixture, const gchar *name, GBytes *needle)
{
  g_autofree gchar *path = g_build_filename (fixture->dir, name, NULL);
  g_autofree gchar *contents = NULL;
  gsize size;

  g_assert_true (g_file_get_contents (path, &contents, &size, NULL));
  return memmem (contents, size, g_bytes_get_data (needle, NULL), g_bytes_get_size (needle)) != NULL;
}

static gboolean
disk_holds (Fixture *fixture, GBytes *needle)
{
  return file_holds (fixture, SIPWAKE_STATE_DB, needle) ||
         file_holds (fixture, SIPWAKE_STATE_DB "-wal", needle);
}

static void
wait_wiped (Fixture *fixture, GBytes *needle)
{
  gint64 until = g_get_monotonic_time () + 10 * G_TIME_SPAN_SECOND;

  while (disk_holds (fixture, needle)) {
    g_assert_cmpint (g_get_monotonic_time (), <, until);
    g_usleep (10000);
  }
}

static void
test_accounts (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) account_row_free);
  g_autoptr (SealedKey) key = sealed_key_load (fixture->dir, NULL);
  g_autoptr (GBytes) open = g_bytes_new_static ("MARKED-SECRET", 13);
  g_autoptr (GBytes) sealed = put_account (fixture, key);
  const AccountRow *row;
  gchar *secret;

  reopen (fixture);
  g_assert_true (store_load_accounts (fixture->store, on_account, rows, NULL));
  g_assert_cmpuint (rows->len, ==, 1);
  row = rows->pdata[0];
  g_assert_null (row->realm);
  g_assert_cmpstr (row->state, ==, "ok");
  secret = sealed_open (key, row->aor, row->sealed, NULL);
  g_assert_cmpstr (secret, ==, "MARKED-SECRET");
  sealed_wipe (secret);
  g_assert_true (disk_holds (fixture, sealed));
  g_assert_false (disk_holds (fixture, open));
}

/* Not even sealed does a secret stay that was replaced or removed. */
static void
test_wiped (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SealedKey) key = sealed_key_load (fixture->dir, NULL);
  g_autoptr (GBytes) first = put_account (fixture, key);
  g_autoptr (GBytes) second = put_account (fixture, key);
  DiskResults results = { .pending = 1 };

  wait_wiped (fixture, first);
  g_assert_true (disk_holds (fixture, second));
  store_remove_account_async (fixture->store, "sip:1@x", disk_on_written, &results);
  disk_drain (&results);
  wait_wiped (fixture, second);
}

/* Who reads the file, as a backup does, puts the wiping off, but nothing else. */
static void
test_wiped_behind_a_reader (Fixture *fixture, gconstpointer data)
{
  g_autofree gchar *path = g_build_filename (fixture->dir, SIPWAKE_STATE_DB, NULL);
  g_autoptr (SealedKey) key = sealed_key_load (fixture->dir, NULL);
  g_autoptr (GBytes) first = put_account (fixture, key);
  g_autoptr (StoreDb) reader = store_db_open (path, NULL);
  g_autoptr (GBytes) second = NULL;
  DiskResults results = { 0 };
  gboolean never = FALSE;
  gint64 number;

  g_assert_true (store_db_exec (reader, "BEGIN", NULL));
  g_assert_true (store_db_number (reader, "SELECT count (*) FROM account", &number, NULL));
  second = put_account (fixture, key);
  for (gint64 i = 1; i <= 30; i++) {
    put (fixture, "t", i, &results);
    disk_wait (&never, 50);
  }
  disk_assert_written (&results, 30);
  g_assert_true (disk_holds (fixture, first));
  g_assert_true (store_db_exec (reader, "COMMIT", NULL));
  wait_wiped (fixture, first);
}

static void
test_key_changed (Fixture *fixture, gconstpointer data)
{
  g_autofree gchar *path = g_build_filename (fixture->dir, SIPWAKE_SEALING_KEY_FILE, NULL);
  g_autoptr (SealedKey) key = sealed_key_load (fixture->dir, NULL), second = NULL, third = NULL;
  g_autoptr (GBytes) sealed = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (store_check_key (fixture->store, key, NULL));
  g_assert_true (store_check_key (fixture->store, key, NULL));
  g_unlink (path);
  second = sealed_key_load (fixture->dir, NULL);
  g_assert_true (store_check_key (fixture->store, second, NULL));
  sealed = put_account (fixture, second);
  g_assert_true (store_check_key (fixture->store, second, NULL));
  g_unlink (path);
  third = sealed_key_load (fixture->dir, NULL);
  g_assert_false (store_check_key (fixture->store, third, &error));
  g_assert_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CRYPTO);
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fixture *fixture = user_data;

  store_free (g_steal_pointer (&fixture->store));
}

/* Stopping writes what is queued, refuses the rest, and may free the store from its callback. */
static void
test_stop (Fixture *fixture, gconstpointer data)
{
  DiskResults before = { 0 }, after = { 0 };

  for (guint i = 0; i < 1000; i++)
    put (fixture, "t", i + 1, &before);
  put_lazily (fixture, "t", 5000);
  store_stop_async (fixture->store, on_stopped, fixture);
  put (fixture, "u", 1, &after);
  while (fixture->store)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (before.done, ==, 1000);
  disk_drain (&after);
  g_assert_cmpint (after.code, ==, SIPWAKE_ERROR_CANCELLED);

  fixture->store = store_open (fixture->dir, NULL);
  g_assert_cmpint (cseq_on_disk (fixture, "t"), ==, 5000);
  g_assert_cmpint (cseq_on_disk (fixture, "u"), ==, 0);
}

#define ADD(name, test) g_test_add (name, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* That nothing can be stored is logged as an error, which here is what is wanted. */
  g_log_set_always_fatal (G_LOG_FATAL_MASK);
  ADD ("/store/round", test_round);
  ADD ("/store/order", test_order);
  ADD ("/store/groups", test_groups);
  ADD ("/store/lazy-within-seconds", test_lazy_within_seconds);
  ADD ("/store/bad-row-fails-alone", test_bad_row_fails_alone);
  ADD ("/store/deadline", test_deadline);
  ADD ("/store/queue-full", test_queue_full);
  ADD ("/store/lazy-outlives-failure", test_lazy_outlives_failure);
  ADD ("/store/one-daemon", test_one_daemon);
  ADD ("/store/private", test_private);
  ADD ("/store/accounts", test_accounts);
  ADD ("/store/wiped", test_wiped);
  ADD ("/store/wiped-behind-a-reader", test_wiped_behind_a_reader);
  ADD ("/store/key-changed", test_key_changed);
  ADD ("/store/stop", test_stop);
  return g_test_run ();
}
