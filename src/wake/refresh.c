/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * refresh: wakes phones whose registration nobody keeps in time, so that they renew it at the
 * PBX themselves (RFC 8599 5.5).
 *
 * Only the phone has the password, so only the phone can renew. The push rings nothing: a phone that
 * could only be woken as for a call is left alone, and like one whose PBX grants too little time,
 * or that had all its silent pushes, it is marked at risk, once in the log and always in its state.
 * So is one to whom no push gets through, once it is too late to try again.
 */
#include "wake/refresh.h"

#include "base/clock.h"
#include "base/counters.h"
#include "base/deadline.h"
#include "base/log-ids.h"
#include "base/log.h"
#include "wake/push-target.h"

#include <string.h>

#define AHEAD_SECONDS 120 /* RFC 8599 5.5: at least this long before the end */
#define SPREAD_SECONDS 60 /* phones that came together are woken apart */
#define LEAST_SECONDS 240 /* with less there is no time to push and be answered */
#define PUSH_SECONDS 10
#define FIRST_PAUSE_SECONDS 15 /* after a push that failed, then twice as long each time */
#define MAX_PAUSE_SECONDS 120
#define TOO_LATE_SECONDS 10 /* before the end: the phone needs time to come */
#define WAKE_PER_SECOND 50  /* where all must be woken */
#define LOST_SPREAD_MS 5000

struct _Refresh {
  Location *location;
  Keeper *keeper;
  PushService *service;
  GCancellable *cancellable;
  GHashTable *alarms; /* token -> Alarm, one for each phone that will be woken */
  gulong refreshed;
  gulong shortened;
  gulong removed;
};

/* A phone that renews by itself only has it put off: the deadline stays, and then comes too soon. */
typedef struct {
  Refresh *refresh;
  Deadline *deadline;
  gint64 due;  /* monotonic microseconds, not before the deadline */
  gint64 held; /* until then by the push service's Retry-After, 0: not */
  guint pause; /* seconds until the next one, where this one's push fails */
  gchar token[];
} Alarm;

/* A push on its way. */
typedef struct {
  GCancellable *cancellable; /* cancelled: the refresher is gone */
  Refresh *refresh;
  Binding *binding;
  guint pause;
} Wish;

static void
alarm_free (Alarm *alarm)
{
  deadline_clear (&alarm->deadline);
  g_free (alarm);
}

static void
mark (Binding *binding, const gchar *risk)
{
  if (risk && !binding->at_risk)
    log_warning (LOG_FIELDS ("MESSAGE_ID", LOG_ID_BINDING_AT_RISK, "BINDING", binding->token, "AOR",
                             log_mask_aor (binding->aor)),
                 "%s is at risk while it sleeps: %s; an account would keep it",
                 log_mask_aor (binding->aor), risk);
  binding->at_risk = risk;
}

static gint64
seconds_left (const Binding *binding)
{
  return (binding->expires - clock_now ()) / CLOCK_SECOND;
}

/* When that was while we did not run, many others are due with it. */
static gint64
due_ms (const Binding *binding)
{
  gint64 left = seconds_left (binding);
  gint64 due = left - AHEAD_SECONDS - clock_jitter (SPREAD_SECONDS);

  return due > 0 ? due * 1000 : clock_jitter ((guint) MAX (left, 0) * 500 + 1);
}

static void on_alarm (gpointer user_data);

static void
set_deadline (Alarm *alarm)
{
  gint64 wait = (alarm->due - clock_now () + 999) / 1000;

  alarm->deadline = deadline_new ((guint) CLAMP (wait, 0, G_MAXINT), on_alarm, alarm);
}

static void
set_alarm (Refresh *refresh, const Binding *binding, gint64 milliseconds, guint pause)
{
  gint64 due = clock_now () + milliseconds * 1000;
  Alarm *before = g_hash_table_lookup (refresh->alarms, binding->token);
  gsize size = strlen (binding->token) + 1;
  Alarm *alarm;

  if (before && before->due <= due) {
    before->due = due;
    before->pause = pause;
    return;
  }
  alarm = g_malloc (sizeof *alarm + size);
  *alarm = (Alarm){ .refresh = refresh, .due = due, .pause = pause };
  alarm->held = before ? before->held : 0;
  memcpy (alarm->token, binding->token, size);
  set_deadline (alarm);
  g_hash_table_replace (refresh->alarms, alarm->token, alarm);
}

/* Where the phone gave a second token for its calls that one may well live. */
static void
bury (Refresh *refresh, Binding *binding)
{
  if (binding->push->voip_token)
    mark (binding, "its token for silent pushes is dead, so nothing wakes it to renew its "
                   "registration");
  else
    location_end_push (refresh->location, binding);
}

static void
try_again (const Wish *wish, guint retry_after, const gchar *risk)
{
  gint64 wait = (gint64) MAX (wish->pause, retry_after) * 1000 + clock_jitter (wish->pause * 250);

  if (wait / 1000 + TOO_LATE_SECONDS < seconds_left (wish->binding))
    set_alarm (wish->refresh, wish->binding, wait,
               MIN (wish->pause * 2, MAX_PAUSE_SECONDS));
  else
    mark (wish->binding, risk);
}

/* One that was woken long before its time, as for a PBX that seemed to forget it, may not come. */
static void
watch_on (Refresh *refresh, Binding *binding)
{
  if (seconds_left (binding) > AHEAD_SECONDS + SPREAD_SECONDS)
    set_alarm (refresh, binding, due_ms (binding), FIRST_PAUSE_SECONDS);
}

/* Where there is an alarm again something happened meanwhile, and the phone is looked after. */
static void
take_answer (const Wish *wish, const PushResult *answer)
{
  Refresh *refresh = wish->refresh;
  Binding *binding = wish->binding;
  gboolean is_there = location_has (refresh->location, binding) && binding_has_push (binding);
  gboolean is_open = is_there && !g_hash_table_contains (refresh->alarms, binding->token);

  switch (answer->outcome) {
  case PUSH_ACCEPTED:
    counters_inc (COUNTER_REFRESHES_PUSHED);
    if (is_open)
      watch_on (refresh, binding);
    return;
  case PUSH_TOKEN_DEAD:
    if (is_there)
      bury (refresh, binding);
    return;
  case PUSH_REFUSED:
    if (is_open)
      mark (binding, "its push service refuses to wake it to renew its registration");
    return;
  case PUSH_RATE_LIMITED:
    if (is_open)
      try_again (wish, answer->retry_after,
                 "no silent push is left for it, so nothing wakes it to renew its registration");
    return;
  case PUSH_CREDENTIALS:
  case PUSH_UNREACHABLE:
  case PUSH_TIMED_OUT:
  case PUSH_QUEUE_FULL:
    if (is_open)
      try_again (wish, answer->retry_after,
                 "no push gets through to wake it to renew its registration");
    return;
  case PUSH_CANCELLED:
    return;
  }
}

/* However early the phone is to be woken meanwhile, its service is not to be asked sooner. */
static void
hold_back (const Wish *wish, guint retry_after)
{
  Alarm *alarm = g_hash_table_lookup (wish->refresh->alarms, wish->binding->token);

  if (!alarm || !retry_after)
    return;
  alarm->held = clock_now () + retry_after * CLOCK_SECOND;
  alarm->due = MAX (alarm->due, alarm->held);
}

static void
on_pushed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Wish *wish = user_data;
  g_autoptr (PushResult) answer = push_service_send_finish (PUSH_SERVICE (source), result, NULL);

  if (answer && !g_cancellable_is_cancelled (wish->cancellable)) {
    take_answer (wish, answer);
    hold_back (wish, answer->retry_after);
  }
  g_object_unref (wish->cancellable);
  binding_unref (wish->binding);
  g_free (wish);
}

static void
push (Refresh *refresh, Binding *binding, guint pause)
{
  Wish *wish = g_new (Wish, 1);
  g_autoptr (PushRequest) request = push_target_request (binding, PUSH_KIND_REFRESH);

  request->ttl = AHEAD_SECONDS;
  *wish = (Wish){ g_object_ref (refresh->cancellable), refresh, binding_ref (binding), pause };
  push_service_send_async (refresh->service, request, PUSH_SECONDS * 1000, refresh->cancellable,
                           on_pushed, wish);
}

static void
on_alarm (gpointer user_data)
{
  Alarm *alarm = user_data;
  Refresh *refresh = alarm->refresh;
  Binding *binding = location_find_token (refresh->location, alarm->token);

  alarm->deadline = NULL;
  if (alarm->due > clock_now ()) {
    set_deadline (alarm);
    return;
  }
  if (binding && binding_has_push (binding))
    push (refresh, binding, alarm->pause);
  g_hash_table_remove (refresh->alarms, alarm->token);
}

/* @granted: seconds */
static const gchar *
risk_of (const Binding *binding, gint64 granted)
{
  if (pn_params_only_rings (binding->push))
    return "its push token is for calls only, so nothing can wake it to renew its registration";
  if (granted < LEAST_SECONDS)
    return "the PBX grants too little time to wake it before its registration ends";
  return NULL;
}

static void
watch (Refresh *refresh, Binding *binding)
{
  gboolean is_ours = binding_has_push (binding) && !keeper_keeps (refresh->keeper, binding);
  gint64 granted = (binding->expires - binding->registered) / CLOCK_SECOND;

  mark (binding, is_ours ? risk_of (binding, granted) : NULL);
  if (is_ours && !binding->at_risk)
    set_alarm (refresh, binding, due_ms (binding), FIRST_PAUSE_SECONDS);
  else
    g_hash_table_remove (refresh->alarms, binding->token);
}

static void
on_refreshed (Location *location, Binding *binding, gpointer user_data)
{
  watch (user_data, binding);
}

/* One that is to be woken sooner is not to wait, but as long as its push service asks for. */
static void
hasten (Refresh *refresh, const Binding *binding, gint64 milliseconds)
{
  const Alarm *alarm = g_hash_table_lookup (refresh->alarms, binding->token);
  gint64 now = clock_now ();
  gint64 due = MAX (now + milliseconds * 1000, alarm ? alarm->held : 0);

  if (!alarm || alarm->due > due)
    set_alarm (refresh, binding, (due - now) / 1000, FIRST_PAUSE_SECONDS);
}

/* Its account is gone: while the PBX still has it, the phone is to take over by itself. */
static void
on_shortened (Location *location, Binding *binding, gpointer user_data)
{
  if (!binding_has_push (binding))
    return;
  mark (binding, risk_of (binding, LEAST_SECONDS));
  if (!binding->at_risk)
    hasten (user_data, binding, clock_jitter (LOST_SPREAD_MS));
}

static void
on_removed (Location *location, Binding *binding, gpointer user_data)
{
  Refresh *refresh = user_data;

  g_hash_table_remove (refresh->alarms, binding->token);
}

static void
resume_one (Binding *binding, gpointer user_data)
{
  watch (user_data, binding);
}

/**
 * refresh_resume:
 * @refresh: the refresher
 *
 * Takes up all bindings that are there, as after a start.
 */
void
refresh_resume (Refresh *refresh)
{
  location_each (refresh->location, resume_one, refresh);
}

typedef struct {
  Refresh *refresh;
  const Pbx *pbx;
  guint window; /* milliseconds */
} Lost;

static void
wake_one (Binding *binding, gpointer user_data)
{
  const Lost *lost = user_data;

  if (binding->pbx == lost->pbx && binding_has_push (binding) &&
      !pn_params_only_rings (binding->push) && !keeper_keeps (lost->refresh->keeper, binding))
    hasten (lost->refresh, binding, clock_jitter (lost->window));
}

/**
 * refresh_pbx_lost:
 * @refresh: the refresher
 * @pbx: a PBX that may have forgotten its registrations
 *
 * Wakes its phones that have no account, spread in time, so that they register again.
 */
void
refresh_pbx_lost (Refresh *refresh, const Pbx *pbx)
{
  Lost lost = { refresh, pbx,
                location_count (refresh->location) * 1000 / WAKE_PER_SECOND + LOST_SPREAD_MS };

  location_each (refresh->location, wake_one, &lost);
}

/**
 * refresh_new:
 * @location: the location service
 * @keeper: the keeper, whose phones need no waking
 * @service: the push services
 *
 * Returns: (transfer full): a refresher that watches phones from now on
 */
Refresh *
refresh_new (Location *location, Keeper *keeper, PushService *service)
{
  Refresh *refresh = g_new0 (Refresh, 1);

  refresh->location = g_object_ref (location);
  refresh->keeper = keeper;
  refresh->service = g_object_ref (service);
  refresh->cancellable = g_cancellable_new ();
  refresh->alarms =
    g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) alarm_free);
  refresh->refreshed = g_signal_connect (location, "refreshed", G_CALLBACK (on_refreshed), refresh);
  refresh->shortened = g_signal_connect (location, "shortened", G_CALLBACK (on_shortened), refresh);
  refresh->removed = g_signal_connect (location, "removed", G_CALLBACK (on_removed), refresh);
  return refresh;
}

/**
 * refresh_free:
 * @refresh: (transfer full): the refresher
 */
void
refresh_free (Refresh *refresh)
{
  g_cancellable_cancel (refresh->cancellable);
  g_object_unref (refresh->cancellable);
  g_signal_handler_disconnect (refresh->location, refresh->refreshed);
  g_signal_handler_disconnect (refresh->location, refresh->shortened);
  g_signal_handler_disconnect (refresh->location, refresh->removed);
  g_hash_table_unref (refresh->alarms);
  g_object_unref (refresh->service);
  g_object_unref (refresh->location);
  g_free (refresh);
}
