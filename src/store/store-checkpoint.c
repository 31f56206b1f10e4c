/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * store-checkpoint: the thread that copies the WAL back into the database file.
 *
 * It has a connection of its own and only ever copies what needs no waiting (PASSIVE), so that the
 * writer commits meanwhile. The store-thread asks for it.
 */
#include "store/store-checkpoint.h"

#include "store/store-db.h"

#include <pthread.h>

struct _StoreCheckpoint {
  StoreDb *db;
  GThread *thread;
  pthread_mutex_t lock; /* not a GMutex: the thread sanitizer cannot see those */
  pthread_cond_t wake;
  gboolean requested;
  gboolean stopping;
};

static gpointer
run (gpointer data)
{
  StoreCheckpoint *checkpoint = data;

  pthread_mutex_lock (&checkpoint->lock);
  while (!checkpoint->stopping) {
    if (!checkpoint->requested) {
      pthread_cond_wait (&checkpoint->wake, &checkpoint->lock);
      continue;
    }
    checkpoint->requested = FALSE;
    pthread_mutex_unlock (&checkpoint->lock);
    /* What fails here, on a full disk, is tried again at the writer's next request. */
    sqlite3_wal_checkpoint_v2 (checkpoint->db->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    pthread_mutex_lock (&checkpoint->lock);
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
