/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * wakeup: one attempt to wake one phone: its push, and what the push service said to it.
 *
 * The push bucket starts it and ends it. The push carries nothing of the caller: only the Call-ID
 * of the INVITE that will follow.
 */
#include "wake/wakeup.h"

#include "base/counters.h"

#define MAX_PUSH_SECONDS 10 /* an answer that takes longer says that the service is ill */

struct _Wakeup {
  GCancellable *cancellable;
  WakeupFunc func;
  gpointer user_data;
  gboolean accepted;
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

static void
on_pushed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PushResult) answer =
    push_service_send_finish (PUSH_SERVICE (source), result, &error);
  g_autoptr (Pushing) pushing = user_data;
  Wakeup *wakeup = pushing->wakeup;
  g_autofree gchar *reason = NULL;

  if (g_cancellable_is_cancelled (pushing->cancellable))
    return;
  if (!answer)
    reason = g_strdup (error->message);
  else if (answer->reason)
    reason = g_strdup_printf ("%s, %u %s", push_outcome_to_string (answer->outcome),
                              answer->status, answer->reason);
  else
    reason =
      g_strdup_printf ("%s, %u", push_outcome_to_string (answer->outcome), answer->status);
  wakeup->accepted = answer && answer->outcome == PUSH_ACCEPTED;
  if (!wakeup->accepted)
    counters_inc (COUNTER_WAKES_REFUSED);
  wakeup->func (wakeup, wakeup->accepted, reason, wakeup->user_data);
}

/**
 * wakeup_push:
 * @binding: a phone that has push
 * @kind: what the push is for
 * @call_id: (nullable): of the INVITE that will follow
 * @seconds: how long the push service may keep it
 *
 * Returns: (transfer full): the push that reaches this phone
 */
PushRequest *
wakeup_push (const Binding *binding, PushKind kind, const gchar *call_id, guint seconds)
{
  const PnParams *push = binding->push;
  PushRequest *request = push_request_new (kind, push->provider);

  request->param = g_strdup (push->param);
  request->prid = g_strdup (push->prid);
  request->voip_token = g_strdup (push->voip_token);
  request->voip_topic = g_strdup (push->voip_topic);
  request->remote_token = g_strdup (push->remote_token);
  request->remote_topic = g_strdup (push->remote_topic);
  request->enc_key = g_strdup (push->enc_key);
  request->enc_auth = g_strdup (push->enc_auth);
  request->call_id = g_strdup (call_id);
  request->collapse_key = g_strdup (call_id);
  request->ttl = seconds;
  request->binding = g_strdup (binding->token);
  return request;
}

/**
 * wakeup_start:
 * @service: the push services
 * @binding: a phone that has push
 * @kind: what the push is for
 * @call_id: (nullable): of the INVITE that will follow
 * @seconds: how long somebody waits for the phone
 * @func: told once what the push service said, unless the wake-up is freed before
 * @user_data: for @func
 *
 * Returns: (transfer full): the attempt, its push under way
 */
Wakeup *
wakeup_start (PushService *service, const Binding *binding, PushKind kind,
              const gchar *call_id, guint seconds, WakeupFunc func, gpointer user_data)
{
  g_autoptr (PushRequest) request = wakeup_push (binding, kind, call_id, seconds);
  Wakeup *wakeup = g_new0 (Wakeup, 1);
  Pushing *pushing = g_new0 (Pushing, 1);

  wakeup->cancellable = g_cancellable_new ();
  wakeup->func = func;
  wakeup->user_data = user_data;
  counters_inc (COUNTER_WAKES_STARTED);
  pushing->wakeup = wakeup;
  pushing->cancellable = g_object_ref (wakeup->cancellable);
  push_service_send_async (service, request, MIN (seconds, MAX_PUSH_SECONDS) * 1000,
                           wakeup->cancellable, on_pushed, pushing);
  return wakeup;
}

/**
 * wakeup_free:
 * @wakeup: (transfer full): an attempt; a push that is not answered yet is called off
 */
void
wakeup_free (Wakeup *wakeup)
{
  g_cancellable_cancel (wakeup->cancellable);
  g_object_unref (wakeup->cancellable);
  g_free (wakeup);
}

/**
 * wakeup_is_accepted:
 * @wakeup: an attempt
 *
 * Returns: whether the push service took the push
 */
gboolean
wakeup_is_accepted (const Wakeup *wakeup)
{
  return wakeup->accepted;
}
