/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * push-bucket: the waiting room of requests whose phone is being woken (RFC 8599 5.3, 5.6.2).
 *
 * A call takes a ticket for each phone that sleeps. Tickets for one phone share one wake-up and so
 * one push; the phone's REGISTER, once the PBX has said 2xx to it, calls them all.
 */
#include "wake/push-bucket.h"

#include "base/clock.h"
#include "base/counters.h"
#include "base/deadline.h"
#include "wake/wakeup.h"

#include <string.h>

struct _PushBucket {
  Location *location;
  PushService *service;
  GHashTable *queues; /* token -> Queue */
  guint repeat[WAKEUP_MAX_REPEAT];
  gulong refreshed;
  gulong rejected;
  gulong removed;
  PushBucketWatchFunc watch;
  gpointer watch_data;
};

/* Those who wait for one phone. */
typedef struct {
  PushBucket *bucket;
  gchar *token;
  Binding *binding;
  Wakeup *wakeup;
  GPtrArray *tickets;
  gchar *provider;
  gchar *rejection; /* nullable: what the PBX said to the phone's REGISTER, if that was no */
  gint64 started; /* monotonic microseconds: when the wake-up was */
  PushKind kind; /* of the wake-up */
  gboolean awake;
  gboolean failed;
} Queue;

struct _PushTicket {
  Queue *queue;
  Deadline *deadline;
  Deadline *soon; /* what a wake-up that is under way has reached already */
  PushBucketFunc func;
  gpointer user_data;
};

static void
queue_free (Queue *queue)
{
  wakeup_free (queue->wakeup);
  g_ptr_array_unref (queue->tickets);
  binding_unref (queue->binding);
  g_free (queue->rejection);
  g_free (queue->provider);
  g_free (queue->token);
  g_free (queue);
}

/* A ticket's owner may leave, and with it others, while it is told. */
static void
tell_all (Queue *queue, PushBucketEvent event, const gchar *reason)
{
  PushBucket *bucket = queue->bucket;
  g_autofree gchar *token = g_strdup (queue->token);
  g_autoptr (GPtrArray) tickets = g_ptr_array_copy (queue->tickets, NULL, NULL);
  g_autoptr (Binding) binding = binding_ref (queue->binding);

  for (guint i = 0; i < tickets->len; i++) {
    PushTicket *ticket = g_ptr_array_index (tickets, i);

    if (g_hash_table_lookup (bucket->queues, token) != queue)
      return;
    if (g_ptr_array_find (queue->tickets, ticket, NULL))
      ticket->func (ticket, event, binding, reason, ticket->user_data);
  }
}

static void
tell_watch (const Queue *queue, gint64 microseconds)
{
  const PushBucket *bucket = queue->bucket;

  if (bucket->watch)
    bucket->watch (queue->binding, queue->provider, microseconds, bucket->watch_data);
}

/* However many wait, a wake-up fails once. */
static void
note_failure (Queue *queue)
{
  if (queue->awake || queue->failed)
    return;
  queue->failed = TRUE;
  queue->binding->history.wake_failed++;
  tell_watch (queue, -1);
}

/* The phone may have come with another token meanwhile. */
static void
end_push (PushBucket *bucket, const gchar *token, const gchar *prid)
{
  Binding *binding = location_find_token (bucket->location, token);

  if (binding && binding_has_push (binding) && g_strcmp0 (binding->push->prid, prid) == 0)
    location_end_push (bucket->location, binding);
}

static void
on_push_answer (Wakeup *wakeup, WakeupEvent event, const gchar *reason, gpointer user_data)
{
  Queue *queue = user_data;

  if (event == WAKEUP_DEAD)
    end_push (queue->bucket, queue->token, wakeup_prid (wakeup));
  if (queue->awake)
    return;
  if (event != WAKEUP_ACCEPTED)
    note_failure (queue);
  tell_all (queue, event == WAKEUP_ACCEPTED ? PUSH_BUCKET_PUSHED : PUSH_BUCKET_REFUSED, reason);
}

static void
on_refreshed (Location *location, Binding *binding, gpointer user_data)
{
  PushBucket *bucket = user_data;
  Queue *queue = g_hash_table_lookup (bucket->queues, binding->token);
  gboolean was_awake;

  if (!queue)
    return;
  was_awake = queue->awake;
  queue->awake = TRUE;
  wakeup_stop (queue->wakeup);
  binding_ref (binding);
  binding_unref (queue->binding);
  queue->binding = binding;
  if (!was_awake) {
    counters_inc (COUNTER_WAKES_SUCCEEDED);
    binding->history.wake_ok++;
    tell_watch (queue, clock_now () - queue->started);
  }
  tell_all (queue, PUSH_BUCKET_AWAKE, "the phone registered");
}

/* The phone may try again, with another password for example. */
static void
on_rejected (Location *location, const gchar *token, const gchar *why, gpointer user_data)
{
  PushBucket *bucket = user_data;
  Queue *queue = g_hash_table_lookup (bucket->queues, token);

  if (!queue)
    return;
  g_free (queue->rejection);
  queue->rejection = g_strdup (why);
}

static void
on_removed (Location *location, Binding *binding, gpointer user_data)
{
  PushBucket *bucket = user_data;
  Queue *queue = g_hash_table_lookup (bucket->queues, binding->token);

  if (!queue)
    return;
  note_failure (queue);
  tell_all (queue, PUSH_BUCKET_REFUSED, "the phone's registration ended");
}

static gchar *
describe_silence (const Queue *queue)
{
  if (queue->awake)
    return g_strdup ("the phone registered and then kept silent");
  if (queue->rejection)
    return g_strdup_printf ("the phone came, and the PBX refused to register it: %s",
                            queue->rejection);
  return g_strdup ("the phone did not wake in time");
}

static void
on_deadline (gpointer user_data)
{
  PushTicket *ticket = user_data;
  g_autoptr (Binding) binding = binding_ref (ticket->queue->binding);
  g_autofree gchar *reason = describe_silence (ticket->queue);

  ticket->deadline = NULL;
  counters_inc (COUNTER_WAKES_TIMED_OUT);
  note_failure (ticket->queue);
  ticket->func (ticket, PUSH_BUCKET_TIMED_OUT, binding, reason, ticket->user_data);
}

static void
on_soon (gpointer user_data)
{
  PushTicket *ticket = user_data;
  g_autoptr (Binding) binding = binding_ref (ticket->queue->binding);

  ticket->soon = NULL;
  ticket->func (ticket, PUSH_BUCKET_PUSHED, binding, "joined a wake-up under way",
                ticket->user_data);
}

static void
start_wakeup (Queue *queue, Binding *binding, const PushBucketCall *call)
{
  const WakeupOptions options = {
    .service = queue->bucket->service,
    .kind = call->kind,
    .repeat = queue->bucket->repeat,
    .call_id = call->call_id,
    .caller = &call->caller,
    .seconds = call->seconds,
  };

  g_clear_pointer (&queue->rejection, g_free);
  queue->kind = call->kind;
  queue->awake = FALSE;
  queue->failed = FALSE;
  queue->started = clock_now ();
  binding->history.last_wake_wall = clock_wall ();
  queue->wakeup = wakeup_start (binding, &options, on_push_answer, queue);
}

static Queue *
queue_new (PushBucket *bucket, Binding *binding, const PushBucketCall *call)
{
  Queue *queue = g_new0 (Queue, 1);

  queue->bucket = bucket;
  queue->token = g_strdup (binding->token);
  queue->binding = binding_ref (binding);
  queue->tickets = g_ptr_array_new ();
  queue->provider = g_strdup (binding->push->provider);
  g_hash_table_insert (bucket->queues, queue->token, queue);
  start_wakeup (queue, binding, call);
  return queue;
}

/**
 * push_bucket_enter:
 * @bucket: the bucket
 * @binding: a phone that has push
 * @call: what it is woken for
 * @func: told what happens, not before this returns
 * @user_data: for @func
 *
 * Pushes, unless the phone is being woken already.
 *
 * Returns: (transfer full): a ticket, to be given back by push_bucket_leave()
 */
PushTicket *
push_bucket_enter (PushBucket *bucket, Binding *binding, const PushBucketCall *call,
                   PushBucketFunc func, gpointer user_data)
{
  Queue *queue = g_hash_table_lookup (bucket->queues, binding->token);
  PushTicket *ticket = g_new0 (PushTicket, 1);

  /* A phone that answered its wake-up and fell asleep again needs another one, and so does one that
   * was called for less than a call. */
  if (queue && (queue->awake || (call->kind == PUSH_KIND_CALL && queue->kind != call->kind))) {
    wakeup_free (queue->wakeup);
    start_wakeup (queue, binding, call);
  } else if (queue) {
    counters_inc (COUNTER_WAKES_JOINED);
    if (wakeup_is_accepted (queue->wakeup))
      ticket->soon = deadline_new (0, on_soon, ticket);
  } else {
    queue = queue_new (bucket, binding, call);
  }
  ticket->queue = queue;
  ticket->func = func;
  ticket->user_data = user_data;
  ticket->deadline = deadline_new (call->seconds * 1000, on_deadline, ticket);
  g_ptr_array_add (queue->tickets, ticket);
  counters_inc (COUNTER_BUCKET_WAITING);
  return ticket;
}

/**
 * push_bucket_leave:
 * @ticket: (transfer full): a ticket
 *
 * The wake-up ends with its last ticket; if the phone has not come by then, the push service is told
 * that nobody calls any more.
 */
void
push_bucket_leave (PushTicket *ticket)
{
  Queue *queue = ticket->queue;

  deadline_clear (&ticket->deadline);
  deadline_clear (&ticket->soon);
  g_ptr_array_remove (queue->tickets, ticket);
  if (queue->tickets->len == 0 && !queue->awake)
    wakeup_give_up (queue->wakeup);
  if (queue->tickets->len == 0)
    g_hash_table_remove (queue->bucket->queues, queue->token);
  counters_dec (COUNTER_BUCKET_WAITING);
  g_free (ticket);
}

/**
 * push_bucket_set_repeat:
 * @bucket: a bucket
 * @repeat: when a push is repeated, in seconds after the first one; 0 ends the list
 */
void
push_bucket_set_repeat (PushBucket *bucket, const guint *repeat)
{
  guint n = 0;

  memset (bucket->repeat, 0, sizeof bucket->repeat);
  for (; n < WAKEUP_MAX_REPEAT - 1 && repeat[n]; n++)
    bucket->repeat[n] = repeat[n];
}

/**
 * push_bucket_new:
 * @location: which tells when phones register
 * @service: the push services
 *
 * Returns: (transfer full): an empty bucket
 */
PushBucket *
push_bucket_new (Location *location, PushService *service)
{
  PushBucket *bucket = g_new0 (PushBucket, 1);

  bucket->location = g_object_ref (location);
  bucket->service = g_object_ref (service);
  bucket->queues =
    g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) queue_free);
  bucket->refreshed = g_signal_connect (location, "refreshed", G_CALLBACK (on_refreshed), bucket);
  bucket->rejected = g_signal_connect (location, "rejected", G_CALLBACK (on_rejected), bucket);
  bucket->removed = g_signal_connect (location, "removed", G_CALLBACK (on_removed), bucket);
  return bucket;
}

/**
 * push_bucket_location:
 * @bucket: the bucket
 *
 * Returns: (transfer none): where it learns that phones are back
 */
Location *
push_bucket_location (PushBucket *bucket)
{
  return bucket->location;
}

/**
 * push_bucket_watch:
 * @bucket: the bucket
 * @func: (nullable): told of every wake-up that is over; there is only one
 * @user_data: for @func
 */
void
push_bucket_watch (PushBucket *bucket, PushBucketWatchFunc func, gpointer user_data)
{
  bucket->watch = func;
  bucket->watch_data = user_data;
}

/**
 * push_bucket_free:
 * @bucket: (transfer full): a bucket that all have left
 */
void
push_bucket_free (PushBucket *bucket)
{
  g_signal_handler_disconnect (bucket->location, bucket->refreshed);
  g_signal_handler_disconnect (bucket->location, bucket->rejected);
  g_signal_handler_disconnect (bucket->location, bucket->removed);
  g_hash_table_unref (bucket->queues);
  g_object_unref (bucket->service);
  g_object_unref (bucket->location);
  g_free (bucket);
}
