/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bench-store: how long a durable write takes, and how long a restart reads.
 *
 * bench-store [DIRECTORY]: on the disk that DIRECTORY is on (default: the current one). Prints
 * "name value" lines: microseconds from put to callback at 1000 new or changed rows a second,
 * milliseconds to read all rows, bytes of the file per row.
 */
#include "store-disk.h"

#include "base/names.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#define ROWS 100000
#define RATE 1000
#define SECONDS 5
#define FILL_AT_ONCE 5000

typedef struct {
  GArray *latencies;
  gint64 start;
} Write;

static void
on_timed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Write *timed = user_data;
  guint latency = (guint) (g_get_monotonic_time () - timed->start);

  if (!store_write_finish (NULL, result, NULL))
    latency = G_MAXUINT;
  g_array_append_val (timed->latencies, latency);
}

static void
put (Store *store, guint number, gint64 cseq, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autofree gchar *token = g_strdup_printf ("%032x", number * 2654435761u);
  BindingRow row = disk_binding (token, cseq);

  store_put_binding_async (store, &row, callback, user_data);
}

static void
fill (Store *store)
{
  for (guint i = 0; i < ROWS; i += FILL_AT_ONCE) {
    DiskResults results = { .pending = FILL_AT_ONCE };

    for (guint j = 0; j < FILL_AT_ONCE; j++)
      put (store, i + j, 1, disk_on_written, &results);
    disk_drain (&results);
  }
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  return *(const guint *) a < *(const guint *) b ? -1 : *(const guint *) a > *(const guint *) b;
}

static void
measure_writes (Store *store)
{
  g_autoptr (GArray) latencies = g_array_new (FALSE, FALSE, sizeof (guint));
  gint64 start = g_get_monotonic_time (), now;
  guint sent = 0;

  while (latencies->len < RATE * SECONDS) {
    now = g_get_monotonic_time ();
    while (sent < RATE * SECONDS && start + sent * (G_USEC_PER_SEC / RATE) <= now) {
      Write *timed = g_new (Write, 1);

      *timed = (Write){ latencies, g_get_monotonic_time () };
      put (store, (guint) g_random_int_range (0, 2 * ROWS), ++sent, on_timed, timed);
    }
    if (!g_main_context_iteration (NULL, FALSE))
      g_usleep (50);
  }
  g_array_sort (latencies, compare);
  g_print ("store_put_p50_us %u\n", g_array_index (latencies, guint, latencies->len / 2));
  g_print ("store_put_p99_us %u\n", g_array_index (latencies, guint, latencies->len * 99 / 100));
  g_print ("store_put_max_us %u\n", g_array_index (latencies, guint, latencies->len - 1));
}

static void
on_row (const BindingRow *row, gpointer bytes)
{
  *(gsize *) bytes += strlen (row->contact);
}

static void
measure_load (const gchar *dir)
{
  g_autofree gchar *path = g_build_filename (dir, SIPWAKE_STATE_DB, NULL);
  gint64 start = g_get_monotonic_time (), opened, loaded;
  Store *store = store_open (dir, NULL);
  g_autoptr (GHashTable) rows = NULL;
  GStatBuf info;
  gsize bytes = 0;

  opened = g_get_monotonic_time ();
  store_load_bindings (store, on_row, &bytes, NULL);
  loaded = g_get_monotonic_time ();
  rows = disk_load (store);
  g_stat (path, &info);
  g_print ("store_open_ms %d\n", (gint) ((opened - start) / 1000));
  g_print ("store_load_ms %d\n", (gint) ((loaded - opened) / 1000));
  g_print ("store_load_and_copy_ms %d\n", (gint) ((g_get_monotonic_time () - loaded) / 1000));
  g_print ("store_rows %u\n", g_hash_table_size (rows));
  g_print ("store_bytes_per_row %d\n", (gint) (info.st_size / g_hash_table_size (rows)));
  disk_stop (store);
}

int
main (int argc, char **argv)
{
  g_autofree gchar *dir = g_build_filename (argc > 1 ? argv[1] : ".", "bench-store-XXXXXX", NULL);
  g_autoptr (GError) error = NULL;
  Store *store = g_mkdtemp (dir) ? store_open (dir, &error) : NULL;

  if (!store) {
    g_printerr ("%s: %s\n", dir, error ? error->message : "cannot be made");
    return 1;
  }
  fill (store);
  disk_stop (store);
  measure_load (dir);
  store = store_open (dir, NULL);
  measure_writes (store);
  disk_stop (store);
  disk_remove_dir (dir);
  return 0;
}
