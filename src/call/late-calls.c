/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * late-calls: calls that are over and that a phone must still be shown.
 *
 * A VoIP push makes an iPhone expect a call, and the system stops apps that show none. So a phone
 * that wakes after the caller gave up gets the INVITE, and the CANCEL as soon as it has answered
 * provisionally. Other phones get nothing, for they would ring for nothing. A branch that ends while
 * it waits hands its phone over to here.
 *
 * Nobody is there to talk with, so the INVITE has no body: what the caller offered is not for this
 * phone as it stands, and to have it translated would begin a session at rtpengine for nothing.
 */
#include "call/late-calls.h"

#include "base/clock.h"
#include "base/deadline.h"
#include "registrar/outbound.h"
#include "sip/sip-headers.h"

#define RING_MS 5000 /* that a phone may take to answer provisionally */

struct _LateCalls {
  PushBucket *bucket;
  GHashTable *calls; /* LateCall */
};

typedef struct {
  LateCalls *owner;
  SipRequest *invite;
  gchar *call_id;
  gchar *tag;
  gchar *reason;
  PushTicket *ticket;
  Leg *leg;
  Deadline *deadline;
} LateCall;

static void
late_call_free (LateCall *call)
{
  deadline_clear (&call->deadline);
  g_clear_pointer (&call->ticket, push_bucket_leave);
  g_clear_pointer (&call->leg, leg_release);
  sip_request_unref (call->invite);
  g_free (call->call_id);
  g_free (call->tag);
  g_free (call->reason);
  g_free (call);
}

static void
end (LateCall *call)
{
  g_hash_table_remove (call->owner->calls, call);
}

static void
on_over (gpointer user_data)
{
  LateCall *call = user_data;

  call->deadline = NULL;
  end (call);
}

/* The leg is inside its own callback: it is released a moment later, and by then cancelled. */
static void
hang_up (LateCall *call)
{
  su_home_t home[SCRATCH_HOME];
  sip_t because[1] = { 0 };

  su_home_auto (home, sizeof home);
  if (call->reason)
    because->sip_reason = sip_reason_make (home, call->reason);
  leg_hang_up (call->leg, because);
  su_home_deinit (home);
  deadline_clear (&call->deadline);
  call->deadline = deadline_new (0, on_over, call);
}

static void
on_ringing (Leg *leg, const sip_t *response, gpointer user_data)
{
  hang_up (user_data);
}

static void
on_failed (Leg *leg, guint status, const sip_t *response, gpointer user_data)
{
  LateCall *call = user_data;

  deadline_clear (&call->deadline);
  call->deadline = deadline_new (0, on_over, call);
}

static void
on_ended (Leg *leg, const sip_t *bye, gpointer user_data)
{
}

static void
on_request (Leg *leg, SipRequest *request, gpointer user_data)
{
  sip_request_reply (request, SIP_481_NO_TRANSACTION, TAG_END ());
}

static const LegFuncs leg_funcs = {
  .ringing = on_ringing,
  .answered = on_ringing,
  .failed = on_failed,
  .ended = on_ended,
  .request = on_request,
};

static void
show (LateCall *call, Binding *binding)
{
  const sip_t *original = sip_request_sip (call->invite);
  g_autofree gchar *to = g_strdup_printf ("<%s>", binding->aor);
  LegInvite invite = {
    .request = call->invite,
    .original = original,
    .target = binding_target (binding),
    .route = outbound_path (binding),
    .to = to,
    .call_id = call->call_id,
    .tag = call->tag,
    .contact_user = original->sip_from->a_url->url_user,
    .bare = TRUE,
  };

  g_clear_pointer (&call->ticket, push_bucket_leave);
  call->leg = leg_new (&leg_funcs, call);
  if (leg_invite (call->leg, binding->flow, &invite))
    call->deadline = deadline_new (RING_MS, on_over, call);
  else
    end (call);
}

static void
on_bucket (PushTicket *ticket, PushBucketEvent event, Binding *binding, const gchar *reason,
           gpointer user_data)
{
  LateCall *call = user_data;

  switch (event) {
  case PUSH_BUCKET_PUSHED:
    break;
  case PUSH_BUCKET_AWAKE:
    show (call, binding);
    break;
  case PUSH_BUCKET_REFUSED:
  case PUSH_BUCKET_TIMED_OUT:
    end (call);
    break;
  }
}

/**
 * late_calls_new:
 * @bucket: where phones are waited for
 *
 * Returns: (transfer full): no late calls
 */
LateCalls *
late_calls_new (PushBucket *bucket)
{
  LateCalls *late = g_new (LateCalls, 1);

  late->bucket = bucket;
  late->calls = g_hash_table_new_full (NULL, NULL, (GDestroyNotify) late_call_free, NULL);
  return late;
}

/**
 * late_calls_free:
 * @late: (transfer full): all late calls, which nobody sees any more
 */
void
late_calls_free (LateCalls *late)
{
  g_hash_table_unref (late->calls);
  g_free (late);
}

/**
 * late_calls_are_due:
 * @binding: a phone
 *
 * Returns: whether its push by itself makes it show a call
 */
gboolean
late_calls_are_due (const Binding *binding)
{
  return binding_has_push (binding) && g_str_has_prefix (binding->push->provider, "apns") &&
         binding->push->voip_token;
}

/**
 * late_calls_add:
 * @late: the late calls
 * @invite: the call that is over
 * @binding: the phone, which somebody still waits for in the bucket
 * @call_id: what the INVITE would have carried
 * @tag: likewise, the From tag
 * @until: monotonic microseconds: how long the phone is waited for
 * @because: (nullable): the CANCEL of the caller, whose reason goes along (RFC 3326); NULL: another
 * one has the call
 *
 * Joins the wake-up that is under way.
 */
void
late_calls_add (LateCalls *late, SipRequest *invite, Binding *binding, const gchar *call_id,
                const gchar *tag, gint64 until, const sip_t *because)
{
  gint64 left = until - clock_now ();
  LateCall *call;

  if (left <= 0)
    return;
  call = g_new0 (LateCall, 1);
  call->owner = late;
  call->invite = sip_request_ref (invite);
  call->call_id = g_strdup (call_id);
  call->tag = g_strdup (tag);
  if (!because)
    call->reason = g_strdup (LEG_ELSEWHERE);
  else if (because->sip_reason)
    call->reason = sip_headers_text ((const sip_header_t *) because->sip_reason);
  call->ticket = push_bucket_enter (
    late->bucket, binding,
    &(PushBucketCall){ .kind = PUSH_KIND_CALL,
                       .call_id = call_id,
                       .seconds = (guint) ((left - 1) / CLOCK_SECOND) + 1 },
    on_bucket, call);
  g_hash_table_add (late->calls, call);
}
