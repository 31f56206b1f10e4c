/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * push-attempt: one push on its way to a service, from the first try to the result.
 *
 * The providers start one for each push. What is the same for all services is here: the deadline,
 * the call-off, the pauses between tries, and the wait for something that many pushes need at once
 * (an access token, a connection's first answer).
 */
#include "push/push-attempt.h"

#include "base/clock.h"
#include "base/counters.h"
#include "base/deadline.h"

#define FIRST_PAUSE_MS 250 /* before the second try, then twice as long each time */
#define MAX_PAUSE_MS 8000

struct _PushAttempt {
  GTask *task;
  PushHttp *http;
  const PushAttemptFuncs *funcs;
  gpointer push;
  gint64 deadline; /* monotonic */
  guint pause_ms;
  guint tries;
  GCancellable *cancellable; /* follows the caller's and the provider's */
  GCancellable *stopped;
  gulong caller_handler;
  gulong stop_handler;
  GQueue *queue;   /* where it waits, or NULL */
  Deadline *timer; /* of the pause or the wait */
};

static void try_once (PushAttempt *attempt);

static PushProvider *
provider_of (PushAttempt *attempt)
{
  return g_task_get_source_object (attempt->task);
}

static void
stop_waiting (PushAttempt *attempt)
{
  deadline_clear (&attempt->timer);
  if (attempt->queue)
    g_queue_remove (attempt->queue, attempt);
  attempt->queue = NULL;
}

static void
end (PushAttempt *attempt, PushResult *result)
{
  GTask *task = attempt->task;

  stop_waiting (attempt);
  g_cancellable_disconnect (g_task_get_cancellable (task), attempt->caller_handler);
  g_cancellable_disconnect (attempt->stopped, attempt->stop_handler);
  attempt->funcs->free (attempt->push);
  g_object_unref (attempt->stopped);
  g_object_unref (attempt->cancellable);
  g_object_unref (attempt->http);
  g_free (attempt);
  g_task_return_pointer (task, result, (GDestroyNotify) push_result_free);
  g_object_unref (task);
}

static void
on_timer (gpointer user_data)
{
  PushAttempt *attempt = user_data;

  attempt->timer = NULL;
  stop_waiting (attempt);
  try_once (attempt);
}

static guint
time_left (const PushAttempt *attempt)
{
  return (guint) MAX ((attempt->deadline - g_get_monotonic_time ()) / 1000, 0);
}

/* Waits and tries again where the deadline leaves time for it. */
static gboolean
pause_then_retry (PushAttempt *attempt, const PushResult *result)
{
  gint64 wait = MAX (attempt->pause_ms, result->retry_after * G_GINT64_CONSTANT (1000)) +
                clock_jitter (attempt->pause_ms / 4);

  if (g_cancellable_is_cancelled (attempt->cancellable) || wait >= time_left (attempt))
    return FALSE;
  attempt->pause_ms = MIN (attempt->pause_ms * 2, MAX_PAUSE_MS);
  attempt->timer = deadline_new ((guint) wait, on_timer, attempt);
  return TRUE;
}

static PushOutcome
outcome_without_answer (PushHttpOutcome outcome)
{
  switch (outcome) {
  case PUSH_HTTP_ANSWERED:
  case PUSH_HTTP_CONNECTED:
  case PUSH_HTTP_FORBIDDEN:
    return PUSH_REFUSED;
  case PUSH_HTTP_UNREACHABLE:
    return PUSH_UNREACHABLE;
  case PUSH_HTTP_TIMED_OUT:
    return PUSH_TIMED_OUT;
  case PUSH_HTTP_QUEUE_FULL:
    return PUSH_QUEUE_FULL;
  case PUSH_HTTP_CANCELLED:
    return PUSH_CANCELLED;
  }
  g_return_val_if_reached (PUSH_REFUSED);
}

static void
on_answer (GObject *source, GAsyncResult *async, gpointer user_data)
{
  PushAttempt *attempt = user_data;
  g_autoptr (PushHttpAnswer) answer = push_http_send_finish (PUSH_HTTP (source), async, NULL);
  g_autoptr (PushResult) result =
      push_result_new (outcome_without_answer (answer->outcome), answer->status, answer->reason);
  PushAttemptNext next =
      answer->outcome == PUSH_HTTP_UNREACHABLE ? PUSH_ATTEMPT_PAUSE : PUSH_ATTEMPT_END;

  result->retry_after = answer->retry_after;
  result->date = g_strdup (answer->date);
  next = attempt->funcs->judge (provider_of (attempt), attempt->push, attempt->tries, answer,
                                result, next);
  if (next == PUSH_ATTEMPT_END ||
      (next == PUSH_ATTEMPT_PAUSE && !pause_then_retry (attempt, result))) {
    end (attempt, g_steal_pointer (&result));
    return;
  }
  counters_inc (COUNTER_PUSHES_RETRIED);
  if (next == PUSH_ATTEMPT_AGAIN)
    try_once (attempt);
}

static void
try_once (PushAttempt *attempt)
{
  PushHttpRequest request = { 0 };
  GQueue *queue;

  if (g_cancellable_is_cancelled (attempt->cancellable)) {
    end (attempt, push_result_new (PUSH_CANCELLED, 0, NULL));
    return;
  }
  if (time_left (attempt) == 0) {
    end (attempt, push_result_new (PUSH_TIMED_OUT, 0, "the push service was not to be asked"));
    return;
  }
  queue = attempt->funcs->fill (provider_of (attempt), attempt->push, &request);
  if (queue) {
    attempt->queue = queue;
    attempt->timer = deadline_new (time_left (attempt), on_timer, attempt);
    g_queue_push_tail (queue, attempt);
    return;
  }
  attempt->tries++;
  request.deadline_ms = time_left (attempt);
  push_http_send_async (attempt->http, &request, attempt->cancellable, on_answer, attempt);
}

/* Runs inside g_cancellable_cancel(): push-http or the timer brings the end. */
static void
on_abort (GCancellable *cancellable, gpointer user_data)
{
  PushAttempt *attempt = user_data;

  g_cancellable_cancel (attempt->cancellable);
  if (!attempt->timer)
    return;
  deadline_clear (&attempt->timer);
  attempt->timer = deadline_new (0, on_timer, attempt);
}

/**
 * push_attempt_start:
 * @options: how; the objects are referenced
 * @push: (transfer full): what the leaf knows of the push
 * @callback: called once, never before this returns
 * @user_data: for @callback
 */
void
push_attempt_start (const PushAttemptOptions *options,
                    gpointer push,
                    GAsyncReadyCallback callback,
                    gpointer user_data)
{
  PushAttempt *attempt = g_new0 (PushAttempt, 1);

  attempt->task = g_task_new (options->provider, options->cancellable, callback, user_data);
  g_task_set_source_tag (attempt->task, push_attempt_start);
  g_task_set_check_cancellable (attempt->task, FALSE);
  attempt->http = g_object_ref (options->http);
  attempt->funcs = options->funcs;
  attempt->push = push;
  attempt->deadline = g_get_monotonic_time () + options->deadline_ms * G_GINT64_CONSTANT (1000);
  attempt->pause_ms = FIRST_PAUSE_MS;
  attempt->cancellable = g_cancellable_new ();
  attempt->stopped = g_object_ref (options->stopped);
  attempt->stop_handler =
      g_cancellable_connect (attempt->stopped, G_CALLBACK (on_abort), attempt, NULL);
  if (options->cancellable)
    attempt->caller_handler =
        g_cancellable_connect (options->cancellable, G_CALLBACK (on_abort), attempt, NULL);
  try_once (attempt);
}

/**
 * push_attempt_refuse:
 * @provider: the leaf
 * @result: (transfer full): why nothing is sent
 * @callback: called once, never before this returns
 * @user_data: for @callback
 */
void
push_attempt_refuse (PushProvider *provider,
                     PushResult *result,
                     GAsyncReadyCallback callback,
                     gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (provider, NULL, callback, user_data);

  g_task_set_source_tag (task, push_attempt_refuse);
  g_task_return_pointer (task, result, (GDestroyNotify) push_result_free);
}

/**
 * push_attempt_finish:
 * @provider: the leaf
 * @result: what the callback was given
 * @error: where an error goes; never set for what became of the push
 *
 * Returns: (transfer full): what came of it
 */
PushResult *
push_attempt_finish (PushProvider *provider, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, provider), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * push_attempt_resume_all:
 * @queue: attempts that wait
 *
 * Each tries now, the longest waiting first; it may have to wait again.
 */
void
push_attempt_resume_all (GQueue *queue)
{
  for (guint n = g_queue_get_length (queue); n && !g_queue_is_empty (queue); n--) {
    PushAttempt *attempt = g_queue_peek_head (queue);

    stop_waiting (attempt);
    try_once (attempt);
  }
}

/**
 * push_attempt_end_all:
 * @queue: attempts that wait
 * @result: what came of them
 */
void
push_attempt_end_all (GQueue *queue, const PushResult *result)
{
  while (!g_queue_is_empty (queue)) {
    PushResult *copy = push_result_new (result->outcome, result->status, result->reason);

    copy->date = g_strdup (result->date);
    end (g_queue_peek_head (queue), copy);
  }
}
