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
  PushProvider *provider;
  PushProviderFunc func;
  gpointer user_data;
  PushHttp *http;
  PushAttempts *attempts;
  GList place; /* among @attempts */
  const PushAttemptFuncs *funcs;
  gpointer push;
  gint64 deadline; /* monotonic */
  guint pause_ms;
  guint tries;
  gboolean cancelled;
  GCancellable *cancellable; /* the caller's, nullable */
  gulong cancel_handler;
  PushTransfer *transfer; /* what push-http has of it, or NULL */
  GQueue *queue;          /* where it waits, or NULL */
  Deadline *timer;        /* of the pause or the wait */
};

static void try_once (PushAttempt *attempt);

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
  PushProviderFunc func = attempt->func;
  gpointer user_data = attempt->user_data;

  stop_waiting (attempt);
  g_cancellable_disconnect (attempt->cancellable, attempt->cancel_handler);
  g_clear_object (&attempt->cancellable);
  g_queue_unlink (&attempt->attempts->under_way, &attempt->place);
  attempt->funcs->free (attempt->push);
  g_object_unref (attempt->http);
  g_object_unref (attempt->provider);
  g_free (attempt);
  func (result, user_data);
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

  if (attempt->cancelled || wait >= time_left (attempt))
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
on_answer (PushHttpAnswer *given, gpointer user_data)
{
  PushAttempt *attempt = user_data;
  g_autoptr (PushHttpAnswer) answer = given;
  g_autoptr (PushResult) result =
      push_result_new (outcome_without_answer (answer->outcome), answer->status, answer->reason);
  PushAttemptNext next =
      answer->outcome == PUSH_HTTP_UNREACHABLE ? PUSH_ATTEMPT_PAUSE : PUSH_ATTEMPT_END;

  attempt->transfer = NULL;
  result->retry_after = answer->retry_after;
  result->date = g_steal_pointer (&answer->date);
  next = attempt->funcs->judge (attempt->provider, attempt->push, attempt->tries, answer, result,
                                next);
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

  if (attempt->cancelled) {
    end (attempt, push_result_new (PUSH_CANCELLED, 0, NULL));
    return;
  }
  if (time_left (attempt) == 0) {
    end (attempt, push_result_new (PUSH_TIMED_OUT, 0, "the push service was not to be asked"));
    return;
  }
  queue = attempt->funcs->fill (attempt->provider, attempt->push, &request);
  if (queue) {
    attempt->queue = queue;
    attempt->timer = deadline_new (time_left (attempt), on_timer, attempt);
    g_queue_push_tail (queue, attempt);
    return;
  }
  attempt->tries++;
  request.deadline_ms = time_left (attempt);
  attempt->transfer = push_http_send (attempt->http, &request, on_answer, attempt);
}

/* push-http or the timer brings the end. */
static void
call_off (PushAttempt *attempt)
{
  attempt->cancelled = TRUE;
  if (attempt->transfer)
    push_http_cancel (attempt->transfer);
  if (!attempt->timer)
    return;
  deadline_clear (&attempt->timer);
  attempt->timer = deadline_new (0, on_timer, attempt);
}

static void
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  call_off (user_data);
}

/**
 * push_attempt_start:
 * @options: how; the objects are referenced
 * @push: (transfer full): what the leaf knows of the push
 * @func: called once, perhaps before this returns
 * @user_data: for @func
 */
void
push_attempt_start (const PushAttemptOptions *options,
                    gpointer push,
                    PushProviderFunc func,
                    gpointer user_data)
{
  PushAttempt *attempt = g_new0 (PushAttempt, 1);

  attempt->provider = g_object_ref (options->provider);
  attempt->func = func;
  attempt->user_data = user_data;
  attempt->http = g_object_ref (options->http);
  attempt->attempts = options->attempts;
  attempt->place.data = attempt;
  attempt->funcs = options->funcs;
  attempt->push = push;
  attempt->deadline = g_get_monotonic_time () + options->deadline_ms * G_GINT64_CONSTANT (1000);
  attempt->pause_ms = FIRST_PAUSE_MS;
  attempt->cancelled = options->attempts->stopped;
  g_queue_push_tail_link (&attempt->attempts->under_way, &attempt->place);
  if (options->cancellable) {
    attempt->cancellable = g_object_ref (options->cancellable);
    attempt->cancel_handler =
        g_cancellable_connect (attempt->cancellable, G_CALLBACK (on_cancelled), attempt, NULL);
  }
  try_once (attempt);
}

/**
 * push_attempts_stop:
 * @attempts: a leaf's
 *
 * Calls off those under way and those to come.
 */
void
push_attempts_stop (PushAttempts *attempts)
{
  attempts->stopped = TRUE;
  for (GList *l = attempts->under_way.head; l; l = l->next)
    call_off (l->data);
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
