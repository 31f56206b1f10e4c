/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * store-disk: what the tests of the store share: a directory, rows, and waiting for completions.
 */
#include "store-disk.h"

#include "base/counters.h"
#include "base/error.h"

#include <glib/gstdio.h>

gchar *
disk_make_dir (void)
{
  return g_dir_make_tmp ("sipwake-XXXXXX", NULL);
}

void
disk_remove_dir (const gchar *dir)
{
  g_autoptr (GDir) entries = g_dir_open (dir, 0, NULL);
  const gchar *name;

  while (entries && (name = g_dir_read_name (entries))) {
    g_autofree gchar *path = g_build_filename (dir, name, NULL);

    g_assert_cmpint (g_unlink (path), ==, 0);
  }
  g_assert_cmpint (g_rmdir (dir), ==, 0);
}

static gboolean
on_time (gpointer expired)
{
  *(gboolean *) expired = TRUE;
  return G_SOURCE_REMOVE;
}

/* Runs the loop until the flag is set; FALSE when the time was over first. */
gboolean
disk_wait (gboolean *flag, guint milliseconds)
{
  gboolean expired = FALSE;
  guint timer = g_timeout_add (milliseconds, on_time, &expired);

  while (!*flag && !expired)
    g_main_context_iteration (NULL, TRUE);
  if (!expired)
    g_source_remove (timer);
  return *flag;
}

/* As long as rows of real phones are. */
BindingRow
disk_binding (const gchar *token, gint64 cseq)
{
  return (BindingRow){
    .token = token,
    .pbx = "office",
    .aor = "sip:1001@pbx.example.com",
    .device = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
    .instance = "<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>",
    .contact = "<sip:1001@192.0.2.77:49152;transport=tls;pn-provider=apns;"
               "pn-param=ABCD1234.com.example.app.voip;pn-prid="
               "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
               "0123456789abcdef0123456789abcdef>;expires=3600",
    .call_id = "a84b4c76e66710@192.0.2.77",
    .user_agent = "Example/1.0 (iOS 17)",
    .flow_transport = "tls",
    .flow_listener = "phones-tls",
    .flow_address = "192.0.2.77:49152",
    .provider = "apns",
    .param = "ABCD1234.com.example.app.voip",
    .prid = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
            "0123456789abcdef0123456789abcdef",
    .dialect = "rfc8599",
    .upstream_contact = "<sip:b-0123456789abcdef@10.0.0.4:5070>",
    .upstream_call_id = "0123456789abcdef0123@10.0.0.4",
    .upstream_route = "sip:10.0.0.5:5060;transport=udp",
    .reg_id = 1,
    .cseq = cseq,
    .q = -1,
    .expires_wall = 1800000000,
    .upstream_cseq = 7,
    .created_wall = 1700000000,
    .updated_wall = 1700000000,
  };
}

static void
on_row (const BindingRow *row, gpointer rows)
{
  BindingRow *copy = binding_row_copy (row);

  g_hash_table_insert (rows, (gpointer) copy->token, copy);
}

/* All rows on the disk, by token. */
GHashTable *
disk_load (Store *store)
{
  GHashTable *rows =
      g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) binding_row_free);
  g_autoptr (GError) error = NULL;

  store_load_bindings (store, on_row, rows, &error);
  g_assert_no_error (error);
  return rows;
}

void
disk_on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  DiskResults *results = user_data;

  results->pending--;
  if (store_write_finish (NULL, result, &error)) {
    results->done++;
    return;
  }
  results->failed++;
  results->late += error->code == SIPWAKE_ERROR_TIMED_OUT;
  results->code = error->code;
}

void
disk_drain (DiskResults *results)
{
  while (results->pending)
    g_main_context_iteration (NULL, TRUE);
}

/* Waits until they are on the disk, also if it stands still for longer than callers wait. */
void
disk_assert_written (DiskResults *results, guint count)
{
  gboolean never = FALSE;

  disk_drain (results);
  g_assert_cmpuint (results->done + results->late, ==, count);
  for (guint i = 0; i < 1000 && counters_get (COUNTER_STORE_QUEUED) > 0; i++)
    disk_wait (&never, 20);
  g_assert_cmpint (counters_get (COUNTER_STORE_QUEUED), ==, 0);
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer stopped)
{
  g_assert_true (store_stop_finish (NULL, result, NULL));
  *(gboolean *) stopped = TRUE;
}

/* Stops the store, waits for it and frees it. */
void
disk_stop (Store *store)
{
  gboolean stopped = FALSE;

  store_stop_async (store, on_stopped, &stopped);
  g_assert_true (disk_wait (&stopped, 20000));
  store_free (store);
}
