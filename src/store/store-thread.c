/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * store-thread: the one thread that writes.
 *
 * The main loop puts jobs into the queue and gets completions on its own context; it never waits
 * for the disk. Whatever is queued when the thread looks goes into one transaction at once: the
 * fuller the queue, the more rows share a flush, and nobody waits for a window to close. Time here
 * is GLib's own, since a disk does not follow the tests' clock.
 *
 *   main loop --put--> queue --take--> transaction --finished--> main loop
 */
#include "store/store-thread.h"

#include "base/counters.h"
#include "base/error.h"
#include "base/log-ids.h"
#include "base/log.h"
#include "store/store-checkpoint.h"

#include <pthread.h>

#define MAX_BATCH 500
#define LAZY_DELAY G_USEC_PER_SEC
#define LOG_PAUSE (60 * G_USEC_PER_SEC)

struct _StoreThread {
  /* The writer's. */
  GThread *thread;
  StoreDb *db;
  StoreCheckpoint *checkpoint;
  gint64 failed_at;  /* 0 while commits succeed */
  gint64 logged_at;  /* that nothing can be stored; 0 since it was logged that it can again */
  guint64 lazy_failed;

  /* Under the lock. */
  pthread_mutex_t lock; /* not a GMutex: the thread sanitizer cannot see those */
  pthread_cond_t wake;
  StoreQueue *queue;
  GPtrArray *finished;
  GSource *source;
  gboolean stopping;
  gboolean ended;

  /* The main loop's. */
  GQueue waiting; /* durable jobs whose callers have not been told, in the order of deadlines */
  GTask *stop_task;
};

typedef struct {
  GSource source;
  StoreThread *thread;
} ThreadSource;

static int
on_wal (gpointer data, sqlite3 *handle, const char *name, int pages)
{
  StoreThread *thread = data;

  if (thread->db->wipe)
    store_checkpoint_wipe (thread->checkpoint);
  thread->db->wipe = FALSE;
  store_checkpoint_grown (thread->checkpoint, pages);
  return SQLITE_OK;
}

/* A row that is refused (%SIPWAKE_ERROR_INVALID) takes no other row with it. */
static gboolean
write_batch (StoreThread *thread, GPtrArray *batch, GError **error)
{
  if (!store_db_exec (thread->db, "BEGIN IMMEDIATE", error))
    return FALSE;
  for (guint i = 0; i < batch->len; i++) {
    StoreJob *job = batch->pdata[i];

    if (!job->apply (thread->db, job->value, &job->error) &&
        !g_error_matches (job->error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID)) {
      g_propagate_error (error, g_steal_pointer (&job->error));
      return FALSE;
    }
  }
  return store_db_exec (thread->db, "COMMIT", error);
}

static void
log_failure (StoreThread *thread, guint n_lazy, const GError *error)
{
  gint64 now = g_get_monotonic_time ();

  thread->lazy_failed += n_lazy;
  if (thread->logged_at && now - thread->logged_at < LOG_PAUSE)
    return;
  log_error (LOG_FIELDS ("MESSAGE_ID", LOG_ID_STORAGE_FAILED),
             "nothing can be stored: %s; new registrations are refused, refreshes go on "
             "(%" G_GUINT64_FORMAT " lazy writes put off)",
             error->message, thread->lazy_failed);
  thread->logged_at = now;
}

/* Called without the lock; afterwards each job has its error or none. */
static gboolean
commit_batch (StoreThread *thread, GPtrArray *batch)
{
  g_autoptr (GError) error = NULL;
  guint n_lazy = 0;

  store_checkpoint_catch_up (thread->checkpoint, thread->db);
  if (write_batch (thread, batch, &error)) {
    if (thread->logged_at)
      log_info (LOG_FIELDS ("MESSAGE_ID", LOG_ID_STORAGE_BACK), "rows can be stored again");
    thread->logged_at = 0;
    thread->failed_at = 0;
    thread->lazy_failed = 0;
    counters_add (COUNTER_STORE_ROWS, batch->len);
    counters_inc (COUNTER_STORE_COMMITS);
    return TRUE;
  }
  if (!sqlite3_get_autocommit (thread->db->handle))
    store_db_exec (thread->db, "ROLLBACK", NULL);
  for (guint i = 0; i < batch->len; i++) {
    StoreJob *job = batch->pdata[i];

    n_lazy += job->lazy;
    if (!job->error && !job->lazy)
      job->error = g_error_copy (error);
    else if (job->lazy)
      g_clear_error (&job->error);
  }
  counters_inc (COUNTER_STORE_FAILED);
  counters_add (COUNTER_STORE_LAZY_PUT_OFF, n_lazy);
  log_failure (thread, n_lazy, error);
  thread->failed_at = g_get_monotonic_time ();
  /* Copied back, the WAL's own space can be written again even on a full disk. */
  store_checkpoint_request (thread->checkpoint);
  return FALSE;
}

/* When the next transaction is to start: now (0), at a time, or never (G_MAXINT64). */
static gint64
next_commit (StoreThread *thread)
{
  gint64 since = store_queue_lazy_since (thread->queue);

  if (thread->queue->durable.length || (thread->stopping && since))
    return 0;
  if (!since)
    return G_MAXINT64;
  return MAX (since, thread->failed_at) + LAZY_DELAY;
}

static void
finish_batch (StoreThread *thread, GPtrArray *batch)
{
  for (guint i = 0; i < batch->len; i++) {
    StoreJob *job = batch->pdata[i];

    if (!job->lazy)
      counters_dec (COUNTER_STORE_QUEUED);
    g_ptr_array_add (thread->finished, job);
  }
  if (batch->len)
    g_source_set_ready_time (thread->source, 0);
}

/* The last commit of a stopping thread failed: nobody waits for the disk to come back. */
static void
give_up (StoreThread *thread)
{
  GPtrArray *rest;
  guint n_lazy = thread->queue->lazy.length;

  if (n_lazy)
    log_error (LOG_NONE, "%u refreshed rows could not be stored before the end", n_lazy);
  while ((rest = store_queue_take (thread->queue, MAX_BATCH, TRUE))->len) {
    for (guint i = 0; i < rest->len && !((StoreJob *) rest->pdata[i])->lazy; i++)
      g_set_error_literal (&((StoreJob *) rest->pdata[i])->error, SIPWAKE_ERROR,
                           SIPWAKE_ERROR_STORAGE, "the store stopped while it could not write");
    finish_batch (thread, rest);
    g_ptr_array_unref (rest);
  }
  g_ptr_array_unref (rest);
}

/* After a failure lazy rows go alone: they must not fail a durable one. */
static void
write_next (StoreThread *thread)
{
  gboolean with_lazy = !thread->failed_at || !thread->queue->durable.length;
  g_autoptr (GPtrArray) batch = store_queue_take (thread->queue, MAX_BATCH, with_lazy);
  gboolean done;

  pthread_mutex_unlock (&thread->lock);
  done = commit_batch (thread, batch);
  pthread_mutex_lock (&thread->lock);
  if (!done)
    store_queue_give_back (thread->queue, batch);
  finish_batch (thread, batch);
  if (!done && thread->stopping)
    give_up (thread);
}

static void
wait_until (StoreThread *thread, gint64 due)
{
  struct timespec time = { .tv_sec = due / G_USEC_PER_SEC, .tv_nsec = due % G_USEC_PER_SEC * 1000 };

  pthread_cond_timedwait (&thread->wake, &thread->lock, &time);
}

static gpointer
run (gpointer data)
{
  StoreThread *thread = data;
  gint64 due;

  pthread_mutex_lock (&thread->lock);
  while ((due = next_commit (thread)) < G_MAXINT64 || !thread->stopping) {
    if (due <= g_get_monotonic_time ())
      write_next (thread);
    else if (due == G_MAXINT64)
      pthread_cond_wait (&thread->wake, &thread->lock);
    else
      wait_until (thread, due);
  }
  pthread_mutex_unlock (&thread->lock);

  g_clear_pointer (&thread->checkpoint, store_checkpoint_free);
  g_clear_pointer (&thread->db, store_db_free);

  pthread_mutex_lock (&thread->lock);
  thread->ended = TRUE;
  g_source_set_ready_time (thread->source, 0);
  pthread_mutex_unlock (&thread->lock);
  return NULL;
}

static void
settle (StoreThread *thread, StoreJob *job, GError *error)
{
  g_autoptr (GTask) task = g_steal_pointer (&job->task);

  g_queue_unlink (&thread->waiting, &job->waiting);
  if (error)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

static void
on_finished (StoreThread *thread, StoreJob *job)
{
  if (job->task)
    settle (thread, job, g_steal_pointer (&job->error));
  else if (job->error)
    log_warning (LOG_NONE, "a write that nobody waits for: %s", job->error->message);
  store_job_free (job);
}

static void
expire_waiting (StoreThread *thread)
{
  gint64 now = g_get_monotonic_time ();
  StoreJob *job;

  while ((job = g_queue_peek_head (&thread->waiting)) && job->deadline <= now) {
    counters_inc (COUNTER_STORE_TIMED_OUT);
    settle (thread, job,
            g_error_new (SIPWAKE_ERROR, SIPWAKE_ERROR_TIMED_OUT,
                         "the disk took more than %d ms for a row", STORE_DEADLINE));
  }
}

/* Called with the lock: wakes the main loop for what is finished, or for the next deadline. */
static void
arm (StoreThread *thread)
{
  const StoreJob *first = g_queue_peek_head (&thread->waiting);

  g_source_set_ready_time (thread->source, thread->finished->len || thread->ended ? 0
                                           : first                                ? first->deadline
                                                                                  : -1);
}

static void
deliver (StoreThread *thread)
{
  g_autoptr (GPtrArray) finished = NULL;

  pthread_mutex_lock (&thread->lock);
  finished = g_steal_pointer (&thread->finished);
  thread->finished = g_ptr_array_new ();
  pthread_mutex_unlock (&thread->lock);
  for (guint i = 0; i < finished->len; i++)
    on_finished (thread, finished->pdata[i]);
}

static gboolean
on_ready (GSource *source, GSourceFunc func, gpointer data)
{
  StoreThread *thread = ((ThreadSource *) source)->thread;
  g_autoptr (GTask) stop_task = NULL;
  gboolean ended;

  pthread_mutex_lock (&thread->lock);
  ended = thread->ended;
  pthread_mutex_unlock (&thread->lock);
  deliver (thread);
  if (ended) {
    g_source_set_ready_time (source, -1);
    stop_task = g_steal_pointer (&thread->stop_task);
    /* The callback may free the thread: nothing comes after it. */
    if (stop_task)
      g_task_return_boolean (stop_task, TRUE);
    return G_SOURCE_CONTINUE;
  }
  expire_waiting (thread);
  pthread_mutex_lock (&thread->lock);
  arm (thread);
  pthread_mutex_unlock (&thread->lock);
  return G_SOURCE_CONTINUE;
}

static void
init_wake (StoreThread *thread)
{
  pthread_condattr_t attributes;

  pthread_condattr_init (&attributes);
  pthread_condattr_setclock (&attributes, CLOCK_MONOTONIC);
  pthread_cond_init (&thread->wake, &attributes);
  pthread_condattr_destroy (&attributes);
}

/**
 * store_thread_new:
 * @path: the database file, with its tables
 * @error: return location
 *
 * Completions come on the thread-default context of the caller.
 *
 * Returns: (transfer full) (nullable): the writer; %NULL with %SIPWAKE_ERROR_STORAGE
 */
StoreThread *
store_thread_new (const gchar *path, GError **error)
{
  static GSourceFuncs funcs = { .dispatch = on_ready };
  g_autoptr (StoreDb) db = store_db_open (path, error);
  g_autoptr (StoreCheckpoint) checkpoint = db ? store_checkpoint_new (path, error) : NULL;
  StoreThread *thread;

  if (!checkpoint)
    return NULL;
  thread = g_new0 (StoreThread, 1);
  thread->db = g_steal_pointer (&db);
  thread->checkpoint = g_steal_pointer (&checkpoint);
  sqlite3_wal_hook (thread->db->handle, on_wal, thread);
  pthread_mutex_init (&thread->lock, NULL);
  init_wake (thread);
  thread->queue = store_queue_new (STORE_MAX_DURABLE, STORE_MAX_LAZY);
  thread->finished = g_ptr_array_new ();
  g_queue_init (&thread->waiting);
  thread->source = g_source_new (&funcs, sizeof (ThreadSource));
  ((ThreadSource *) thread->source)->thread = thread;
  g_source_set_static_name (thread->source, "store");
  g_source_attach (thread->source, g_main_context_get_thread_default ());
  thread->thread = g_thread_new ("store", run, thread);
  return thread;
}

static void
ask_to_stop (StoreThread *thread)
{
  pthread_mutex_lock (&thread->lock);
  thread->stopping = TRUE;
  pthread_cond_signal (&thread->wake);
  pthread_mutex_unlock (&thread->lock);
}

/**
 * store_thread_free:
 * @thread: (nullable) (transfer full): the writer
 *
 * Blocks until everything is written, unless store_thread_stop_async() was through.
 */
void
store_thread_free (StoreThread *thread)
{
  if (!thread)
    return;
  ask_to_stop (thread);
  g_thread_join (thread->thread);
  deliver (thread);
  g_clear_object (&thread->stop_task);
  g_source_destroy (thread->source);
  g_source_unref (thread->source);
  g_ptr_array_unref (thread->finished);
  store_queue_free (thread->queue);
  pthread_mutex_destroy (&thread->lock);
  pthread_cond_destroy (&thread->wake);
  g_free (thread);
}

/**
 * store_thread_write_async:
 * @thread: the writer
 * @job: (transfer full): what to write
 * @callback: called once it is on the disk, or is not
 * @user_data: for @callback
 *
 * After #STORE_DEADLINE the caller is told %SIPWAKE_ERROR_TIMED_OUT; the row stays queued and may
 * be written later. The result is a #GTask with a boolean.
 */
void
store_thread_write_async (StoreThread *thread,
                          StoreJob *job,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);
  gboolean stopping, taken;

  pthread_mutex_lock (&thread->lock);
  stopping = thread->stopping;
  taken = !stopping && store_queue_put (thread->queue, job);
  if (taken) {
    job->task = g_steal_pointer (&task);
    job->deadline = g_get_monotonic_time () + STORE_DEADLINE * G_TIME_SPAN_MILLISECOND;
    g_queue_push_tail_link (&thread->waiting, &job->waiting);
    if (thread->waiting.length == 1)
      arm (thread);
    counters_inc (COUNTER_STORE_QUEUED);
    pthread_cond_signal (&thread->wake);
  }
  pthread_mutex_unlock (&thread->lock);
  if (taken)
    return;

  store_job_free (job);
  if (stopping) {
    g_task_return_new_error (task, SIPWAKE_ERROR, SIPWAKE_ERROR_CANCELLED, "the store is stopping");
    return;
  }
  counters_inc (COUNTER_STORE_QUEUE_FULL);
  g_task_return_new_error (task, SIPWAKE_ERROR, SIPWAKE_ERROR_LIMIT,
                           "%d rows already wait for the disk", STORE_MAX_DURABLE);
}

/**
 * store_thread_write_lazily:
 * @thread: the writer
 * @job: (transfer full): what to write
 *
 * Written with the next commit or within a second; never fails the caller. Where the disk cannot
 * take it, it is tried again until something newer replaces it.
 */
void
store_thread_write_lazily (StoreThread *thread, StoreJob *job)
{
  gboolean first, taken;

  pthread_mutex_lock (&thread->lock);
  first = !thread->queue->lazy.length;
  taken = !thread->stopping;
  if (!taken)
    store_job_free (job);
  else
    taken = store_queue_put_lazily (thread->queue, job);
  /* Later ones find the writer awake or already waiting for the first one's second. */
  if (first)
    pthread_cond_signal (&thread->wake);
  pthread_mutex_unlock (&thread->lock);
  if (!taken)
    counters_inc (COUNTER_STORE_LAZY_DROPPED);
}

/**
 * store_thread_stop_async:
 * @thread: the writer
 * @callback: called when everything is written and the file is closed
 * @user_data: for @callback; which may free @thread
 *
 * Where the disk does not take the rest, it is dropped and logged.
 */
void
store_thread_stop_async (StoreThread *thread, GAsyncReadyCallback callback, gpointer user_data)
{
  g_assert (!thread->stop_task);
  thread->stop_task = g_task_new (NULL, NULL, callback, user_data);
  ask_to_stop (thread);
}
