/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * store-queue: what waits to be written, and in which order.
 *
 * Durable jobs stand in a line. Lazy ones coalesce: one per key, the newest. Every job carries its
 * whole row, so of two jobs with one key only the order of the last matters: a durable job
 * supersedes the lazy one before it, and lazy jobs are taken only behind every durable one. A lazy
 * job never gets lost by a failed commit, not even one that was superseded by the job that failed.
 * The store-thread holds its lock around every call.
 */
#include "store/store-queue.h"

/**
 * store_job_new:
 * @key: which row; jobs with one key keep their order
 * @apply: writes it, in the writer's thread
 * @value: (transfer full): what @apply gets
 * @free_value: frees @value
 *
 * Returns: (transfer full): a job
 */
StoreJob *
store_job_new (const gchar *key, StoreApply apply, gpointer value, GDestroyNotify free_value)
{
  StoreJob *job = g_new0 (StoreJob, 1);

  job->key = g_strdup (key);
  job->apply = apply;
  job->value = value;
  job->free_value = free_value;
  job->link.data = job->waiting.data = job;
  return job;
}

/**
 * store_job_free:
 * @job: (nullable) (transfer full): a job that stands in no queue
 */
void
store_job_free (StoreJob *job)
{
  if (!job)
    return;
  store_job_free (job->superseded);
  job->free_value (job->value);
  g_clear_error (&job->error);
  g_free (job->key);
  g_free (job);
}

/**
 * store_queue_new:
 * @max_durable: how many durable jobs may wait
 * @max_lazy: how many lazy ones
 *
 * Returns: (transfer full): an empty queue
 */
StoreQueue *
store_queue_new (guint max_durable, guint max_lazy)
{
  StoreQueue *queue = g_new0 (StoreQueue, 1);

  g_queue_init (&queue->durable);
  g_queue_init (&queue->lazy);
  queue->last_durable = g_hash_table_new (g_str_hash, g_str_equal);
  queue->last_lazy = g_hash_table_new (g_str_hash, g_str_equal);
  queue->max_durable = max_durable;
  queue->max_lazy = max_lazy;
  return queue;
}

static StoreJob *
pop (GQueue *line)
{
  GList *link = g_queue_pop_head_link (line);

  return link ? link->data : NULL;
}

/**
 * store_queue_free:
 * @queue: (nullable) (transfer full): a queue
 *
 * Frees the jobs in it, too.
 */
void
store_queue_free (StoreQueue *queue)
{
  StoreJob *job;

  if (!queue)
    return;
  while ((job = pop (&queue->durable)) || (job = pop (&queue->lazy)))
    store_job_free (job);
  g_hash_table_unref (queue->last_durable);
  g_hash_table_unref (queue->last_lazy);
  g_free (queue);
}

static StoreJob *
steal_lazy (StoreQueue *queue, const gchar *key)
{
  StoreJob *job = g_hash_table_lookup (queue->last_lazy, key);

  if (!job)
    return NULL;
  g_hash_table_remove (queue->last_lazy, key);
  g_queue_unlink (&queue->lazy, &job->link);
  return job;
}

static void
push_lazy (StoreQueue *queue, StoreJob *job)
{
  g_queue_push_tail_link (&queue->lazy, &job->link);
  g_hash_table_insert (queue->last_lazy, job->key, job);
}

/**
 * store_queue_put:
 * @queue: the queue
 * @job: (transfer full): a durable job
 *
 * Returns: %FALSE when the queue is full; then @job is still the caller's
 */
gboolean
store_queue_put (StoreQueue *queue, StoreJob *job)
{
  if (g_queue_get_length (&queue->durable) >= queue->max_durable)
    return FALSE;
  job->superseded = steal_lazy (queue, job->key);
  g_queue_push_tail_link (&queue->durable, &job->link);
  g_hash_table_replace (queue->last_durable, job->key, job);
  return TRUE;
}

/**
 * store_queue_put_lazily:
 * @queue: the queue
 * @job: (transfer full): a job that replaces a lazy one with the same key
 *
 * Returns: %FALSE when there are too many and @job was dropped
 */
gboolean
store_queue_put_lazily (StoreQueue *queue, StoreJob *job)
{
  g_autoptr (StoreJob) older = steal_lazy (queue, job->key);

  if (g_queue_get_length (&queue->lazy) >= queue->max_lazy) {
    store_job_free (job);
    return FALSE;
  }
  job->lazy = TRUE;
  job->queued_at = older ? older->queued_at : g_get_monotonic_time ();
  push_lazy (queue, job);
  return TRUE;
}

/**
 * store_queue_lazy_since:
 * @queue: the queue
 *
 * Returns: the monotonic time since when something lazy waits, about; 0 when nothing does
 */
gint64
store_queue_lazy_since (const StoreQueue *queue)
{
  const StoreJob *oldest = g_queue_peek_head (&((StoreQueue *) queue)->lazy);

  return oldest ? oldest->queued_at : 0;
}

/**
 * store_queue_take:
 * @queue: the queue
 * @max: how many jobs at most
 * @with_lazy: whether lazy ones may follow when no durable one is left
 *
 * Returns: (transfer full) (element-type StoreJob): the next jobs, to be applied in this order
 */
GPtrArray *
store_queue_take (StoreQueue *queue, guint max, gboolean with_lazy)
{
  GPtrArray *batch = g_ptr_array_new ();
  StoreJob *job;

  while (batch->len < max && (job = pop (&queue->durable))) {
    if (g_hash_table_lookup (queue->last_durable, job->key) == job)
      g_hash_table_remove (queue->last_durable, job->key);
    g_ptr_array_add (batch, job);
  }
  while (batch->len < max && with_lazy && (job = pop (&queue->lazy))) {
    g_hash_table_remove (queue->last_lazy, job->key);
    g_ptr_array_add (batch, job);
  }
  return batch;
}

/* Puts a lazy job back to where it stood, unless something newer makes it pointless. */
static void
restore_lazy (StoreQueue *queue, StoreJob *job)
{
  StoreJob *durable = g_hash_table_lookup (queue->last_durable, job->key);

  if (g_hash_table_contains (queue->last_lazy, job->key) || (durable && durable->superseded))
    store_job_free (job);
  else if (durable)
    durable->superseded = job;
  else
    push_lazy (queue, job);
}

/**
 * store_queue_give_back:
 * @queue: the queue
 * @batch: (element-type StoreJob): jobs whose commit failed
 *
 * Takes the lazy jobs back, also those that the durable ones superseded. The durable ones stay in
 * @batch: their callers are told.
 */
void
store_queue_give_back (StoreQueue *queue, GPtrArray *batch)
{
  guint n_durable = 0;

  while (n_durable < batch->len && !((StoreJob *) batch->pdata[n_durable])->lazy)
    n_durable++;
  /* From the newest to the oldest: an older job must find the newer one in place. */
  for (guint i = batch->len; i-- > 0;) {
    StoreJob *job = batch->pdata[i];

    if (job->lazy)
      restore_lazy (queue, job);
    else if (job->superseded)
      restore_lazy (queue, g_steal_pointer (&job->superseded));
  }
  g_ptr_array_set_size (batch, (gint) n_durable);
}
