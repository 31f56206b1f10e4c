/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "base/counters.h"
#include "base/error.h"
#include "store-disk.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define KILLS 6
#define ROUND_ROWS 1000000

/* --- kill -9 ------------------------------------------------------------------------------- */

typedef struct {
  gint pipe;
  guint number;
} Acknowledge;

static void
on_acknowledged (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Acknowledge *acknowledge = user_data;

  if (store_write_finish (NULL, result, NULL) &&
      write (acknowledge->pipe, &acknowledge->number, sizeof acknowledge->number) < 0)
    _exit (3);
}

/* The writing process: rows as fast as they are acknowledged, 50 at a time, until it is killed. */
static int
write_for_ever (const gchar *dir, gint pipe, guint first)
{
  g_autoptr (Store) store = store_open (dir, NULL);

  if (!store)
    return 2;
  for (guint i = first;; i++) {
    g_autofree gchar *token = g_strdup_printf ("t%u", i);
    BindingRow row = disk_binding (token, i);
    Acknowledge *acknowledge = g_new (Acknowledge, 1);

    *acknowledge = (Acknowledge){ pipe, i };
    store_put_binding_async (store, &row, on_acknowledged, acknowledge);
    if (i % 50 == 0)
      g_main_context_iteration (NULL, TRUE);
  }
}

static GPid
spawn_writer (const gchar *dir, guint first, gint *from_child)
{
  g_autofree gchar *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree gchar *number = g_strdup_printf ("%u", first);
  const gchar *argv[] = { self, "--write-for-ever", dir, number, NULL };
  g_autoptr (GError) error = NULL;
  GPid pid;

  g_spawn_async_with_pipes (NULL, (gchar **) argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL,
                            &pid, NULL, from_child, NULL, &error);
  g_assert_no_error (error);
  return pid;
}

static void
test_kill (void)
{
  g_autofree gchar *dir = disk_make_dir ();
  g_autoptr (GArray) acknowledged = g_array_new (FALSE, FALSE, sizeof (guint));
  g_autoptr (GHashTable) rows = NULL;
  Store *store;

  for (guint n = 0; n < KILLS; n++) {
    gint from_child, status;
    GPid pid = spawn_writer (dir, n * ROUND_ROWS + 1, &from_child);
    guint number;

    /* The first acknowledgement says that the child is at work; then any moment will do. */
    g_assert_cmpint (read (from_child, &number, sizeof number), ==, sizeof number);
    g_array_append_val (acknowledged, number);
    g_usleep ((gulong) g_test_rand_int_range (1000, 120000));
    kill (pid, SIGKILL);
    g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
    g_assert_true (WIFSIGNALED (status));
    while (read (from_child, &number, sizeof number) == sizeof number)
      g_array_append_val (acknowledged, number);
    close (from_child);
  }

  store = store_open (dir, NULL);
  g_assert_nonnull (store);
  rows = disk_load (store);
  g_test_message ("%u rows acknowledged, %u on the disk", acknowledged->len,
                  g_hash_table_size (rows));
  g_assert_cmpuint (acknowledged->len, >=, KILLS);
  for (guint i = 0; i < acknowledged->len; i++) {
    guint number = g_array_index (acknowledged, guint, i);
    g_autofree gchar *token = g_strdup_printf ("t%u", number);
    const BindingRow *row = g_hash_table_lookup (rows, token);

    g_assert_nonnull (row);
    g_assert_cmpint (row->cseq, ==, number);
  }
  disk_stop (store);
  disk_remove_dir (dir);
}

/* --- a full disk --------------------------------------------------------------------------- */

static Store *
open_store (const gchar *dir)
{
  g_autoptr (GError) error = NULL;
  Store *store = store_open (dir, &error);

  g_assert_no_error (error);
  return store;
}

static gint
put (Store *store, const gchar *token, gint64 cseq)
{
  DiskResults results = { .pending = 1 };
  BindingRow row = disk_binding (token, cseq);

  store_put_binding_async (store, &row, disk_on_written, &results);
  disk_drain (&results);
  return results.done || results.late ? -1 : results.code;
}

/* Puts new rows until one fails; returns the error's code. */
static gint
put_until_failure (Store *store)
{
  gint code = -1;

  for (guint i = 0; code < 0 && i < 20000; i++) {
    g_autofree gchar *token = g_strdup_printf ("fill%u", i);

    code = put (store, token, i);
  }
  return code;
}

/* A failure makes the store copy its log back, and what that frees takes a row or two again: only
 * one that waits together with the row that fails is put off for certain. */
static void
fill_until_put_off (Store *store, const BindingRow *refreshed)
{
  gint64 put_off = counters_get (COUNTER_STORE_LAZY_PUT_OFF);

  for (guint i = 0; counters_get (COUNTER_STORE_LAZY_PUT_OFF) == put_off; i++) {
    g_autofree gchar *token = g_strdup_printf ("last%u", i);

    g_assert_cmpuint (i, <, 20000);
    store_put_binding_lazily (store, refreshed);
    put (store, token, i);
  }
}

/* What must hold while nothing fits, and after @release made room. */
static void
assert_survives (Store *store, void (*release) (const gchar *dir), const gchar *dir)
{
  BindingRow refreshed = disk_binding ("known", 77);
  g_autoptr (GHashTable) rows = NULL;
  gboolean never = FALSE;
  gint64 start;

  g_assert_cmpint (put_until_failure (store), ==, SIPWAKE_ERROR_STORAGE);
  store_put_binding_lazily (store, &refreshed);
  disk_wait (&never, 1500);
  fill_until_put_off (store, &refreshed);
  start = g_get_monotonic_time ();
  for (guint i = 0; i < 200; i++) {
    g_autofree gchar *token = g_strdup_printf ("more%u", i);

    put (store, token, i);
    store_put_binding_lazily (store, &refreshed);
  }
  g_test_message ("200 refused writes took %d ms",
                  (gint) ((g_get_monotonic_time () - start) / G_TIME_SPAN_MILLISECOND));
  /* Long enough for a lazy write to have been tried, in vain. */
  refreshed.cseq = 78;
  store_put_binding_lazily (store, &refreshed);
  disk_wait (&never, 1500);

  release (dir);
  g_assert_cmpint (put (store, "after", 1), ==, -1);
  disk_wait (&never, 2500);
  rows = disk_load (store);
  g_assert_cmpint (((BindingRow *) g_hash_table_lookup (rows, "known"))->cseq, ==, 78);
  g_assert_nonnull (g_hash_table_lookup (rows, "after"));
}

static void
lift_limit (const gchar *dir)
{
  struct rlimit limit;

  getrlimit (RLIMIT_FSIZE, &limit);
  limit.rlim_cur = limit.rlim_max;
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
}

static int
run_file_limit (const gchar *dir)
{
  struct rlimit limit;
  Store *store = open_store (dir);

  signal (SIGXFSZ, SIG_IGN);
  g_assert_cmpint (put (store, "known", 1), ==, -1);
  getrlimit (RLIMIT_FSIZE, &limit);
  limit.rlim_cur = 600 * 1024;
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  assert_survives (store, lift_limit, dir);
  disk_stop (store);
  return 0;
}

static gchar *
ballast (const gchar *dir)
{
  return g_build_filename (dir, "ballast", NULL);
}

static void
drop_ballast (const gchar *dir)
{
  g_autofree gchar *path = ballast (dir);

  g_assert_cmpint (g_unlink (path), ==, 0);
}

static void
fill_up (const gchar *dir)
{
  g_autofree gchar *path = ballast (dir);
  gint fd = open (path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  gchar block[4096] = { 0 };

  while (write (fd, block, sizeof block) > 0)
    continue;
  g_assert_cmpint (errno, ==, ENOSPC);
  close (fd);
}

static const gchar *own_disk;

static void
unmount_own (void)
{
  umount2 (own_disk, MNT_DETACH);
}

/* A disk of our own, which nobody outside sees; in a plain chroot, where "/" is no mount and cannot
 * be made private, it is taken away at the end. */
static void
mount_own (const gchar *dir, const gchar *options, gulong flags)
{
  if (unshare (CLONE_NEWNS) < 0)
    g_error ("no mount namespace: %s", g_strerror (errno));
  if (mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 && errno != EINVAL)
    g_error ("no private mounts: %s", g_strerror (errno));
  if (mount ("tmpfs", dir, "tmpfs", flags, options) < 0)
    g_error ("no tmpfs: %s", g_strerror (errno));
  own_disk = dir;
  atexit (unmount_own);
}

static int
run_full_disk (const gchar *dir)
{
  Store *store;

  mount_own (dir, "size=4m,mode=0700", 0);
  store = open_store (dir);
  g_assert_cmpint (put (store, "known", 1), ==, -1);
  fill_up (dir);
  assert_survives (store, drop_ballast, dir);
  disk_stop (store);
  return 0;
}

static int
run_read_only (const gchar *dir)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Store) store = NULL;

  if (geteuid () == 0)
    mount_own (dir, "size=1m", MS_RDONLY);
  else
    g_assert_cmpint (g_chmod (dir, 0500), ==, 0);
  store = store_open (dir, &error);
  g_assert_null (store);
  g_assert_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_STORAGE);
  g_assert_nonnull (strstr (error->message, dir));
  return 0;
}

/* Each disaster in a process of its own: limits and mounts end with it. */
static void
run_disaster (const gchar *name)
{
  g_autofree gchar *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree gchar *dir = disk_make_dir ();
  g_autofree gchar *output = NULL;
  const gchar *argv[] = { self, name, dir, NULL };
  g_autoptr (GError) error = NULL;
  gint status;

  g_spawn_sync (NULL, (gchar **) argv, NULL, 0, NULL, NULL, &output, NULL, &status, &error);
  g_assert_no_error (error);
  g_chmod (dir, 0700);
  disk_remove_dir (dir);
  if (!g_spawn_check_wait_status (status, &error))
    g_error ("%s: %s\n%s", name, error->message, output);
}

static void
test_file_limit (void)
{
  run_disaster ("--file-limit");
}

static void
test_full_disk (void)
{
  if (geteuid () != 0) {
    g_test_skip ("a disk of one's own needs root; file-limit tests the same without");
    return;
  }
  run_disaster ("--full-disk");
}

static void
test_read_only (void)
{
  run_disaster ("--read-only");
}

int
main (int argc, char **argv)
{
  if (argc == 4 && g_str_equal (argv[1], "--write-for-ever"))
    return write_for_ever (argv[2], STDOUT_FILENO, (guint) g_ascii_strtoull (argv[3], NULL, 10));
  if (argc == 3 && g_str_equal (argv[1], "--file-limit"))
    return run_file_limit (argv[2]);
  if (argc == 3 && g_str_equal (argv[1], "--full-disk"))
    return run_full_disk (argv[2]);
  if (argc == 3 && g_str_equal (argv[1], "--read-only"))
    return run_read_only (argv[2]);

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/store-disaster/kill", test_kill);
  g_test_add_func ("/store-disaster/file-limit", test_file_limit);
  g_test_add_func ("/store-disaster/full-disk", test_full_disk);
  g_test_add_func ("/store-disaster/read-only", test_read_only);
  return g_test_run ();
}
