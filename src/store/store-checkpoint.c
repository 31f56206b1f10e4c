/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * store-checkpoint: the thread that copies the WAL back into the database file.
 *
 * It has a connection of its own and copies what needs no waiting (PASSIVE), so that the writer
 * commits meanwhile. Under load without a pause it never reaches the end, which the writer has
 * moved: then the writer makes the rest of the way itself, once the way is known to be short and the
 * disk to be quick. Where a secret was removed, the WAL, which has it still, is then cut off, too:
 * that stops the writer for a moment, and who reads the file meanwhile puts it off. The store-thread
 * asks for it.
 */
#include "config.h"

#include "store/store-checkpoint.h"

#include <pthread.h>

#define COPY_PAGES 1000     /* more of WAL are copied back */
#define CATCH_UP_PAGES 4200 /* more of WAL: the writer goes to its end */
#define MAX_PAGES 65536     /* more of WAL: however long that takes */
#define QUICK_MS 50         /* that a copy takes which makes no row late */
#define WIPE_PATIENCE 50 /* ms that cutting the WAL off waits for a reader, with the writer stopped */
#define WIPE_PAUSE 1     /* seconds until it is tried again */

struct _StoreCheckpoint {
  StoreDb *db;
  GThread *thread;
  pthread_mutex_t lock; /* not a GMutex: the thread sanitizer cannot see those */
  pthread_cond_t wake;
  gint pages;  /* of WAL */
  gint copied; /* of them, when a copy was asked for last */
  gboolean requested;
  gboolean flush; /* with the next copy */
  gboolean slow;  /* the last copy that was flushed was, or was not whole, or is not over */
  gboolean wipe;
  gboolean stopping;
};

/* What fails here, on a full disk, is tried again at the writer's next request. */
static gboolean
copy (StoreCheckpoint *checkpoint, gint mode)
{
  return sqlite3_wal_checkpoint_v2 (checkpoint->db->handle, NULL, mode, NULL, NULL) == SQLITE_OK;
}

/* SQLite flushes only what reaches the WAL's end, and the writer would do it all. Returns whether
 * the disk was quick, and little is left: a reader may be in the way. */
static gboolean
copy_and_flush (StoreCheckpoint *checkpoint)
{
  gint64 started = g_get_monotonic_time ();
  gint pages = 0, copied = 0;
  sqlite3_file *file = NULL;
  gboolean is_flushed;

  sqlite3_wal_checkpoint_v2 (checkpoint->db->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, &pages,
                             &copied);
  sqlite3_file_control (checkpoint->db->handle, "main", SQLITE_FCNTL_FILE_POINTER, &file);
  is_flushed = file->pMethods->xSync (file, SQLITE_SYNC_NORMAL) == SQLITE_OK;
  return is_flushed && pages - copied <= COPY_PAGES &&
         g_get_monotonic_time () - started <= QUICK_MS * G_TIME_SPAN_MILLISECOND;
}

/* Called with the lock. */
static void
wait_for_request (StoreCheckpoint *checkpoint)
{
  struct timespec again;

  if (!checkpoint->wipe) {
    pthread_cond_wait (&checkpoint->wake, &checkpoint->lock);
    return;
  }
  clock_gettime (CLOCK_MONOTONIC, &again);
  again.tv_sec += WIPE_PAUSE;
  if (pthread_cond_clockwait (&checkpoint->wake, &checkpoint->lock, CLOCK_MONOTONIC, &again) != 0)
    checkpoint->requested = TRUE;
}

static gpointer
run (gpointer data)
{
  StoreCheckpoint *checkpoint = data;
  gboolean flush, wipe, quick = FALSE;

  pthread_mutex_lock (&checkpoint->lock);
  while (!checkpoint->stopping) {
    if (!checkpoint->requested) {
      wait_for_request (checkpoint);
      continue;
    }
    flush = checkpoint->flush;
    wipe = checkpoint->wipe;
    checkpoint->requested = checkpoint->flush = checkpoint->wipe = FALSE;
    pthread_mutex_unlock (&checkpoint->lock);
    if (flush || wipe)
      quick = copy_and_flush (checkpoint);
    else
      copy (checkpoint, SQLITE_CHECKPOINT_PASSIVE);
    wipe = wipe && !copy (checkpoint, SQLITE_CHECKPOINT_TRUNCATE);
    pthread_mutex_lock (&checkpoint->lock);
    if (flush && !checkpoint->flush)
      checkpoint->slow = !quick;
    checkpoint->wipe |= wipe;
  }
  pthread_mutex_unlock (&checkpoint->lock);
  return NULL;
}

/**
 * store_checkpoint_new:
 * @path: the database file
 * @error: return location
 *
 * Returns: (transfer full) (nullable): a thread that waits; %NULL with %SIPWAKE_ERROR_STORAGE
 */
StoreCheckpoint *
store_checkpoint_new (const gchar *path, GError **error)
{
  g_autoptr (StoreDb) db = store_db_open (path, error);
  StoreCheckpoint *checkpoint;

  if (!db)
    return NULL;
  sqlite3_busy_timeout (db->handle, WIPE_PATIENCE);
  checkpoint = g_new0 (StoreCheckpoint, 1);
  pthread_mutex_init (&checkpoint->lock, NULL);
  pthread_cond_init (&checkpoint->wake, NULL);
  checkpoint->db = g_steal_pointer (&db);
  checkpoint->thread = g_thread_new ("checkpoint", run, checkpoint);
  return checkpoint;
}

/**
 * store_checkpoint_free:
 * @checkpoint: (nullable) (transfer full): the thread
 *
 * Waits for a copy that is under way.
 */
void
store_checkpoint_free (StoreCheckpoint *checkpoint)
{
  if (!checkpoint)
    return;
  pthread_mutex_lock (&checkpoint->lock);
  checkpoint->stopping = TRUE;
  pthread_cond_signal (&checkpoint->wake);
  pthread_mutex_unlock (&checkpoint->lock);
  g_thread_join (checkpoint->thread);
  store_db_free (checkpoint->db);
  pthread_mutex_destroy (&checkpoint->lock);
  pthread_cond_destroy (&checkpoint->wake);
  g_free (checkpoint);
}

/**
 * store_checkpoint_grown:
 * @checkpoint: the thread
 * @pages: how many the WAL has, after a commit
 *
 * Asks for a copy when one is due.
 */
void
store_checkpoint_grown (StoreCheckpoint *checkpoint, gint pages)
{
  pthread_mutex_lock (&checkpoint->lock);
  if (pages < checkpoint->pages)
    checkpoint->copied = 0;
  checkpoint->pages = pages;
  if (pages - checkpoint->copied > COPY_PAGES) {
    checkpoint->copied = pages;
    checkpoint->requested = TRUE;
    if (pages + COPY_PAGES > CATCH_UP_PAGES)
      checkpoint->flush = checkpoint->slow = TRUE;
    pthread_cond_signal (&checkpoint->wake);
  }
  pthread_mutex_unlock (&checkpoint->lock);
}

/**
 * store_checkpoint_catch_up:
 * @checkpoint: the thread
 * @writer: the only connection that writes, in its own thread and between two transactions
 *
 * Copies what is left, where the WAL would grow for ever otherwise.
 */
void
store_checkpoint_catch_up (StoreCheckpoint *checkpoint, StoreDb *writer)
{
  gboolean due;

  pthread_mutex_lock (&checkpoint->lock);
  due = checkpoint->pages > MAX_PAGES || (checkpoint->pages > CATCH_UP_PAGES && !checkpoint->slow);
  pthread_mutex_unlock (&checkpoint->lock);
  if (due)
    sqlite3_wal_checkpoint_v2 (writer->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

/**
 * store_checkpoint_request:
 * @checkpoint: the thread
 *
 * Asks for one copy, from any thread, and does not wait for it.
 */
void
store_checkpoint_request (StoreCheckpoint *checkpoint)
{
  pthread_mutex_lock (&checkpoint->lock);
  checkpoint->requested = TRUE;
  pthread_cond_signal (&checkpoint->wake);
  pthread_mutex_unlock (&checkpoint->lock);
}

/**
 * store_checkpoint_wipe:
 * @checkpoint: the thread
 *
 * Asks for one copy after which the WAL holds nothing any more, from any thread, and does not wait
 * for it. It is tried until it is done.
 */
void
store_checkpoint_wipe (StoreCheckpoint *checkpoint)
{
  pthread_mutex_lock (&checkpoint->lock);
  checkpoint->requested = checkpoint->wipe = TRUE;
  pthread_cond_signal (&checkpoint->wake);
  pthread_mutex_unlock (&checkpoint->lock);
}
