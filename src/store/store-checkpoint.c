/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * store-checkpoint: the thread that copies the WAL back into the database file.
 *
 * It has a connection of its own and copies what needs no waiting (PASSIVE), so that the writer
 * commits meanwhile. Where a secret was removed, the WAL, which has it still, is then cut off, too:
 * that stops the writer for a moment, and who reads the file meanwhile puts it off. The store-thread
 * asks for it.
 */
#include "config.h"

#include "store/store-checkpoint.h"

#include "store/store-db.h"

#include <pthread.h>

#define WIPE_PATIENCE 50 /* ms that cutting the WAL off waits for a reader, with the writer stopped */
#define WIPE_PAUSE 1     /* seconds until it is tried again */

struct _StoreCheckpoint {
  StoreDb *db;
  GThread *thread;
  pthread_mutex_t lock; /* not a GMutex: the thread sanitizer cannot see those */
  pthread_cond_t wake;
  gboolean requested;
  gboolean wipe;
  gboolean stopping;
};

/* What fails here, on a full disk, is tried again at the writer's next request. */
static gboolean
copy (StoreCheckpoint *checkpoint, gint mode)
{
  return sqlite3_wal_checkpoint_v2 (checkpoint->db->handle, NULL, mode, NULL, NULL) == SQLITE_OK;
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
  gboolean wipe;

  pthread_mutex_lock (&checkpoint->lock);
  while (!checkpoint->stopping) {
    if (!checkpoint->requested) {
      wait_for_request (checkpoint);
      continue;
    }
    wipe = checkpoint->wipe;
    checkpoint->requested = checkpoint->wipe = FALSE;
    pthread_mutex_unlock (&checkpoint->lock);
    copy (checkpoint, SQLITE_CHECKPOINT_PASSIVE);
    wipe = wipe && !copy (checkpoint, SQLITE_CHECKPOINT_TRUNCATE);
    pthread_mutex_lock (&checkpoint->lock);
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
