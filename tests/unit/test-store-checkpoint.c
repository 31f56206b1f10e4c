/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * While the WAL is copied back nobody waits for it: on a disk that is slow to take the database
 * file, behind a reader, and under load without a pause.
 */
#include "config.h"

#include "base/counters.h"
#include "base/names.h"
#include "store-disk.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <sqlite3.h>

#define WAL_FILE 16777216 /* bytes that may be left of it */
#define PENDING 4         /* rows that wait at once: a load without a pause */
#define MOST 4000         /* rows a second: with many more, the WAL grows until the writer must stop */

/* ---- a disk that takes its time over the database file, and none over the WAL ---- */

static sqlite3_vfs slow_vfs;
static sqlite3_io_methods slow_methods;
static const sqlite3_io_methods *methods;
static gint (*open_file) (sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out);
static gint sync_ms; /* atomic */
static guint written; /* likewise: whether there is something to flush */
static gint syncs;   /* likewise: how many there were */
static gint syncing; /* likewise: how many are under way */

static int
sync_slowly (sqlite3_file *file, int flags)
{
  g_atomic_int_inc (&syncing);
  if (g_atomic_int_and (&written, 0))
    g_usleep ((gulong) g_atomic_int_get (&sync_ms) * 1000);
  g_atomic_int_add (&syncing, -1);
  g_atomic_int_inc (&syncs);
  return methods->xSync (file, flags);
}

static int
write_and_note (sqlite3_file *file, const void *data, int size, sqlite3_int64 offset)
{
  g_atomic_int_or (&written, 1);
  return methods->xWrite (file, data, size, offset);
}

static int
open_slowly (sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
  gint code = open_file (vfs, name, file, flags, out);

  if (code != SQLITE_OK || !(flags & SQLITE_OPEN_MAIN_DB))
    return code;
  methods = file->pMethods;
  slow_methods = *methods;
  slow_methods.xSync = sync_slowly;
  slow_methods.xWrite = write_and_note;
  file->pMethods = &slow_methods;
  return code;
}

static void
use_slow_disk (void)
{
  slow_vfs = *sqlite3_vfs_find (NULL);
  open_file = slow_vfs.xOpen;
  slow_vfs.xOpen = open_slowly;
  slow_vfs.zName = "slow";
  slow_vfs.pNext = NULL;
  g_assert_cmpint (sqlite3_vfs_register (&slow_vfs, TRUE), ==, SQLITE_OK);
}

/* ---- phones that register ---- */

typedef struct {
  gchar *dir;
  Store *store;
  DiskResults results;
  guint next;
} Fixture;

static void
set_up (Fixture *fixture)
{
  fixture->dir = disk_make_dir ();
  fixture->store = store_open (fixture->dir, NULL);
  g_assert_nonnull (fixture->store);
  g_atomic_int_set (&syncs, 0);
}

static void
tear_down (Fixture *fixture)
{
  g_atomic_int_set (&sync_ms, 0);
  disk_stop (fixture->store);
  disk_remove_dir (fixture->dir);
  g_free (fixture->dir);
}

static void
register_next (Fixture *fixture)
{
  g_autofree gchar *token = g_strdup_printf ("t%u", fixture->next);
  BindingRow row = disk_binding (token, fixture->next++);

  fixture->results.pending++;
  store_put_binding_async (fixture->store, &row, disk_on_written, &fixture->results);
}

/* Registers phones without a pause until @until says that it is enough, for a minute at most. */
static void
load (Fixture *fixture, gboolean (*until) (Fixture *fixture))
{
  gint64 begun = g_get_monotonic_time ();
  guint first = fixture->next;

  while (!until (fixture)) {
    gint64 elapsed = g_get_monotonic_time () - begun;

    g_assert_cmpint (elapsed, <, 60 * G_USEC_PER_SEC);
    while (fixture->results.pending < PENDING &&
           fixture->next - first < elapsed * MOST / G_USEC_PER_SEC)
      register_next (fixture);
    if (!g_main_context_iteration (NULL, FALSE))
      g_usleep (100);
  }
  disk_drain (&fixture->results);
}

static gint64
wal_size (const Fixture *fixture)
{
  g_autofree gchar *path = g_build_filename (fixture->dir, SIPWAKE_STATE_DB "-wal", NULL);
  GStatBuf status;

  return g_stat (path, &status) == 0 ? status.st_size : 0;
}

static gboolean
is_copying (Fixture *fixture)
{
  return g_atomic_int_get (&syncing) > 0;
}

static gboolean
has_copied (Fixture *fixture)
{
  return g_atomic_int_get (&syncs) > 0;
}

static gboolean
is_large (Fixture *fixture)
{
  return wal_size (fixture) > 2 * WAL_FILE;
}

static gboolean
is_small (Fixture *fixture)
{
  return wal_size (fixture) <= WAL_FILE;
}

static gboolean
is_large_and_copied (Fixture *fixture)
{
  return is_large (fixture) && g_atomic_int_get (&syncs) >= 3;
}

static void
tell (const Fixture *fixture)
{
  g_test_message ("%u rows, %u of them late, a WAL of %" G_GINT64_FORMAT " bytes, %d copies",
                  fixture->results.done, fixture->results.failed, wal_size (fixture),
                  g_atomic_int_get (&syncs));
}

static void
copy_under_way (Fixture *fixture)
{
  guint before;

  g_atomic_int_set (&sync_ms, 2000);
  load (fixture, is_copying);
  before = fixture->results.done;
  load (fixture, has_copied);
  tell (fixture);
  g_assert_cmpuint (fixture->results.done, >, before + 100);
}

/* Then the WAL grows, and shrinks when the disk has got over it. */
static void
load_without_a_pause (Fixture *fixture)
{
  g_atomic_int_set (&sync_ms, 1000);
  load (fixture, is_large_and_copied);
  tell (fixture);
  g_atomic_int_set (&sync_ms, 0);
  load (fixture, is_small);
  tell (fixture);
}

/* As a backup does, until its COMMIT. */
static StoreDb *
start_reading (const Fixture *fixture)
{
  g_autofree gchar *path = g_build_filename (fixture->dir, SIPWAKE_STATE_DB, NULL);
  StoreDb *reader = store_db_open (path, NULL);
  gint64 number;

  g_assert_true (store_db_exec (reader, "BEGIN", NULL));
  g_assert_true (store_db_number (reader, "SELECT count (*) FROM binding", &number, NULL));
  return reader;
}

static void
behind_a_reader (Fixture *fixture)
{
  g_autoptr (StoreDb) reader = start_reading (fixture);

  load (fixture, is_large);
  tell (fixture);
  g_assert_true (store_db_exec (reader, "COMMIT", NULL));
  load (fixture, is_small);
  tell (fixture);
}

/* While nothing can be copied there is nothing to flush, and the disk seems to be quick. */
static void
behind_a_reader_on_a_slow_disk (Fixture *fixture)
{
  g_autoptr (StoreDb) reader = start_reading (fixture);

  g_atomic_int_set (&sync_ms, 1500);
  load (fixture, is_large);
  g_assert_true (store_db_exec (reader, "COMMIT", NULL));
  g_atomic_int_set (&syncs, 0);
  load (fixture, has_copied);
  tell (fixture);
}

typedef void (*Scene) (Fixture *fixture);

/* Returns how many rows had to wait for more than half a second. */
static guint
play (Scene scene)
{
  Fixture fixture = { 0 };

  set_up (&fixture);
  scene (&fixture);
  tear_down (&fixture);
  return fixture.results.failed;
}

/* A machine or a disk that stands still for so long once does not do so thrice. */
static void
test_all_written (gconstpointer scene)
{
  guint late = play ((Scene) scene);

  for (guint again = 0; late && again < 2; again++)
    late = play ((Scene) scene);
  g_assert_cmpuint (late, ==, 0);
}

#define ADD(path, scene)                                                                           \
  g_test_add_data_func ("/store-checkpoint/" path, (gconstpointer) scene, test_all_written)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  use_slow_disk ();
  ADD ("under-way", copy_under_way);
  ADD ("without-a-pause", load_without_a_pause);
  ADD ("reader", behind_a_reader);
  ADD ("reader-on-a-slow-disk", behind_a_reader_on_a_slow_disk);
  return g_test_run ();
}
