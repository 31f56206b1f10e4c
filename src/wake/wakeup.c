/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wakeup: one attempt to wake one phone: its push, what the push service said, and the push again.
 *
 * The push bucket starts it and ends it. A push that was taken may still be lost on the way to the
 * phone: while no REGISTER comes it is repeated, under the same collapse key so that the phone has
 * it once. Where a service says that a push must not be repeated (Apple's VoIP), it is not.
 */
#include "wake/wakeup.h"

#include "base/counters.h"
#include "base/deadline.h"

#define MAX_PUSH_SECONDS 10 /* an answer that takes longer says that the service is ill */
#define GIVE_UP_SECONDS 5

struct _Wakeup {
  PushService *service;
  Binding *binding; /* as it was when the wake-up began */
  PushKind kind;
  gchar *id;      /* of each push */
  gchar *call_id; /* nullable */
  gchar *caller_uri;
  gchar *caller_number;
  gchar *caller_name;
  guint repeat[WAKEUP_MAX_REPEAT];
  guint next; /* in repeat */
  guint seconds;
  gint64 started;
  guint in_flight;
  Deadline *timer; /* of the next push */
  GCancellable *cancellable; /* nullable: of the pushes in flight */
  WakeupFunc func;
  gpointer user_data;
  gboolean accepted;
  gboolean final; /* and the service has done all it can */
};

/* The push outlives a wake-up that was called off. */
typedef struct {
  Wakeup *wakeup;
  GCancellable *cancellable;
} Pushing;

static void
pushing_free (Pushing *pushing)
{
  g_object_unref (pushing->cancellable);
  g_free (pushing);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Pushing, pushing_free)

static gchar *
describe (const PushResult *answer)
{
  if (answer->outcome == PUSH_ACCEPTED)
    return g_strdup_printf ("status %u", answer->status);
  return g_strdup_printf ("%s: %s", push_outcome_to_string (answer->outcome),
                          answer->reason ? answer->reason : "no reason given");
}

/* Whether another push may still do better. */
static gboolean
has_hope (const Wakeup *wakeup, PushOutcome outcome)
{
  return (outcome == PUSH_UNREACHABLE || outcome == PUSH_TIMED_OUT) &&
         (wakeup->timer || wakeup->in_flight);
}

static void
tell (Wakeup *wakeup, WakeupEvent event, const gchar *reason)
{
  if (event != WAKEUP_ACCEPTED) {
    deadline_clear (&wakeup->timer);
    counters_inc (COUNTER_WAKES_REFUSED);
  }
  wakeup->func (wakeup, event, reason, wakeup->user_data);
}

static void
on_pushed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PushResult) answer =
    push_service_send_finish (PUSH_SERVICE (source), result, NULL);
  g_autoptr (Pushing) pushing = user_data;
  Wakeup *wakeup = pushing->wakeup;
  g_autofree gchar *reason = NULL;

  if (g_cancellable_is_cancelled (pushing->cancellable))
    return;
  if (--wakeup->in_flight == 0)
    g_clear_object (&wakeup->cancellable);
  reason = describe (answer);
  if (answer->final) {
    wakeup->final = TRUE;
    deadline_clear (&wakeup->timer);
  }
  if (answer->outcome == PUSH_TOKEN_DEAD) {
    tell (wakeup, WAKEUP_DEAD, reason);
  } else if (answer->outcome == PUSH_ACCEPTED && !wakeup->accepted) {
    wakeup->accepted = TRUE;
    tell (wakeup, WAKEUP_ACCEPTED, reason);
  } else if (answer->outcome != PUSH_ACCEPTED && !wakeup->accepted &&
             !has_hope (wakeup, answer->outcome)) {
    tell (wakeup, WAKEUP_REFUSED, reason);
  }
}

static void on_timer (gpointer user_data);

static void
schedule_next (Wakeup *wakeup)
{
  guint seconds = wakeup->next < WAKEUP_MAX_REPEAT ? wakeup->repeat[wakeup->next] : 0;
  gint64 due = wakeup->started + seconds * (gint64) G_TIME_SPAN_SECOND;

  if (!seconds || seconds >= wakeup->seconds)
    return;
  wakeup->next++;
  wakeup->timer =
    deadline_new ((guint) (MAX (due - g_get_monotonic_time (), 0) / 1000), on_timer, wakeup);
}

static guint
seconds_left (const Wakeup *wakeup)
{
  gint64 past = (g_get_monotonic_time () - wakeup->started) / G_TIME_SPAN_SECOND;

  return (guint) MAX (wakeup->seconds - past, 1);
}

/* Made anew for each push: while the phone is waited for nobody needs it. */
static PushRequest *
create_request (const Wakeup *wakeup, PushKind kind)
{
  const PushCaller caller = { wakeup->caller_uri, wakeup->caller_number, wakeup->caller_name };
  PushRequest *request = push_target_request (wakeup->binding, kind);

  push_target_set_call (request, wakeup->call_id, &caller, seconds_left (wakeup));
  return request;
}

static void
push (Wakeup *wakeup)
{
  g_autoptr (PushRequest) request = create_request (wakeup, wakeup->kind);
  Pushing *pushing = g_new0 (Pushing, 1);

  if (wakeup->id) {
    g_free (request->id);
    request->id = g_strdup (wakeup->id);
  } else {
    wakeup->id = g_strdup (request->id);
  }
  if (!wakeup->cancellable)
    wakeup->cancellable = g_cancellable_new ();
  pushing->wakeup = wakeup;
  pushing->cancellable = g_object_ref (wakeup->cancellable);
  wakeup->in_flight++;
  push_service_send_async (wakeup->service, request,
                           MIN (seconds_left (wakeup), MAX_PUSH_SECONDS) * 1000,
                           wakeup->cancellable, on_pushed, pushing);
  schedule_next (wakeup);
}

static void
on_timer (gpointer user_data)
{
  Wakeup *wakeup = user_data;

  wakeup->timer = NULL;
  if (!binding_has_push (wakeup->binding)) {
    tell (wakeup, WAKEUP_REFUSED, "the phone can be woken no more");
    return;
  }
  counters_inc (COUNTER_WAKES_REPEATED);
  push (wakeup);
}

/**
 * wakeup_start:
 * @binding: a phone that has push
 * @options: for which call, and how
 * @func: told what the push services said, unless the wake-up is freed before; it may free it
 * @user_data: for @func
 *
 * Returns: (transfer full): the attempt, its push under way
 */
Wakeup *
wakeup_start (Binding *binding, const WakeupOptions *options, WakeupFunc func, gpointer user_data)
{
  Wakeup *wakeup = g_new0 (Wakeup, 1);

  wakeup->service = g_object_ref (options->service);
  wakeup->binding = binding_ref (binding);
  wakeup->kind = options->kind;
  wakeup->call_id = g_strdup (options->call_id);
  wakeup->caller_uri = g_strdup (options->caller->uri);
  wakeup->caller_number = g_strdup (options->caller->number);
  wakeup->caller_name = g_strdup (options->caller->name);
  for (guint i = 0; i < WAKEUP_MAX_REPEAT && options->repeat[i]; i++)
    wakeup->repeat[i] = options->repeat[i];
  wakeup->seconds = options->seconds;
  wakeup->started = g_get_monotonic_time ();
  wakeup->func = func;
  wakeup->user_data = user_data;
  counters_inc (COUNTER_WAKES_STARTED);
  push (wakeup);
  return wakeup;
}

/**
 * wakeup_stop:
 * @wakeup: an attempt whose phone came
 *
 * Pushes no more.
 */
void
wakeup_stop (Wakeup *wakeup)
{
  deadline_clear (&wakeup->timer);
}

static void
on_taken_back (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (PushResult) answer =
    push_service_send_finish (PUSH_SERVICE (source), result, NULL);
}

/**
 * wakeup_give_up:
 * @wakeup: an attempt that nobody waits for any more, and whose phone did not come
 *
 * Replaces what the push service may still hold, where it can be replaced.
 */
void
wakeup_give_up (Wakeup *wakeup)
{
  g_autoptr (PushRequest) last = NULL;

  if (!wakeup->accepted || wakeup->final || !binding_has_push (wakeup->binding))
    return;
  last = create_request (wakeup, PUSH_KIND_CANCEL);
  push_service_send_async (wakeup->service, last, GIVE_UP_SECONDS * 1000, NULL, on_taken_back,
                           NULL);
}

/**
 * wakeup_free:
 * @wakeup: (transfer full): an attempt; a push that is not answered yet is called off
 */
void
wakeup_free (Wakeup *wakeup)
{
  deadline_clear (&wakeup->timer);
  g_cancellable_cancel (wakeup->cancellable);
  g_clear_object (&wakeup->cancellable);
  g_object_unref (wakeup->service);
  binding_unref (wakeup->binding);
  g_free (wakeup->id);
  g_free (wakeup->call_id);
  g_free (wakeup->caller_uri);
  g_free (wakeup->caller_number);
  g_free (wakeup->caller_name);
  g_free (wakeup);
}

/**
 * wakeup_is_accepted:
 * @wakeup: an attempt
 *
 * Returns: whether a push service took the push
 */
gboolean
wakeup_is_accepted (const Wakeup *wakeup)
{
  return wakeup->accepted;
}

/**
 * wakeup_prid:
 * @wakeup: an attempt
 *
 * Returns: (transfer none) (nullable): the pn-prid that is pushed to, NULL where push has ended
 */
const gchar *
wakeup_prid (const Wakeup *wakeup)
{
  return binding_has_push (wakeup->binding) ? wakeup->binding->push->prid : NULL;
}
