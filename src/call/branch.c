/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * branch: one of those who are called: woken if need be, then called on its newest flow, once.
 *
 * A phone whose flow is open gets the INVITE at once; the push follows when it keeps silent, since a
 * suspended app leaves a socket behind. A newer flow replaces the older one until the phone answers;
 * one that took the older INVITE says 482 to the newer (RFC 3261 8.2.2.2), and the older one goes on.
 * One whose connection closes first is woken again. A silent PBX is called by its next route.
 */
#include "call/branch.h"

#include "base/clock.h"
#include "base/counters.h"
#include "base/deadline.h"
#include "call/attempt.h"

#define MAX_WAKES 3 /* of one phone for one call, should it come and go */

struct _Branch {
  const BranchCall *call;
  const BranchFuncs *funcs;
  gpointer user_data;
  Binding *binding;  /* NULL: not a phone of ours */
  Pbx *pbx;          /* NULL: a phone */
  gchar *pbx_target; /* of the PBX: the Request-URI */
  gchar *user;       /* what the PBX knows our phone by */
  Attempt *attempt, *older; /* the newest, and the one before, which may yet show that it lives */
  PushTicket *ticket;
  Deadline *direct; /* for a first answer on the open flow, or on this route */
  gint64 until;     /* monotonic microseconds: when the wait for it is over; 0: it has not begun */
  guint wakes, ways; /* pushes that were sent; routes of the PBX that were tried */
  gboolean rings, over; /* the phone has answered provisionally; nobody is to be told any more */
  BranchFailure failure;
};

static const AttemptFuncs attempt_funcs;

static void
stop_waiting (Branch *branch)
{
  deadline_clear (&branch->direct);
  g_clear_pointer (&branch->ticket, push_bucket_leave);
}

static void
fail (Branch *branch, guint status, const gchar *phrase, const sip_t *response)
{
  if (branch->failure || branch->over)
    return;
  branch->failure = response ? BRANCH_REFUSED : BRANCH_UNREACHED;
  stop_waiting (branch);
  branch->funcs->failed (branch, status, phrase, response, branch->user_data);
}

static void
forget_older (Branch *branch)
{
  if (!branch->older)
    return;
  attempt_abandon (branch->older);
  g_clear_pointer (&branch->older, attempt_free);
}

/* Of two INVITEs to one phone the one that it answers is the one. */
static void
settle_on (Branch *branch, Attempt *attempt)
{
  if (attempt == branch->older) {
    branch->older = branch->attempt;
    branch->attempt = attempt;
  }
  forget_older (branch);
}

static void
send_invite (Branch *branch, SipFlow *flow, const gchar *target, const gchar *contact,
             Reach *reach)
{
  const BranchCall *call = branch->call;
  g_autofree gchar *to =
    branch->binding ? binding_called_as (branch->binding, call->original->sip_to) : NULL;
  const LegInvite invite = {
    .request = call->invite,
    .original = call->original,
    .target = target,
    .to = to,
    .call_id = call->call_id,
    .tag = call->tag,
    .contact = contact,
    .credentials = call->credentials,
    .breadth = call->breadth,
  };
  const AttemptCall attempt = { &invite, call->media, call->caller, call->caller_party };

  forget_older (branch);
  branch->older = branch->attempt;
  branch->attempt = attempt_new (&attempt, flow, reach, &attempt_funcs, branch);
  attempt_start (branch->attempt);
}

static void
invite_phone (Branch *branch, Binding *binding)
{
  const url_t *from = branch->call->original->sip_from->a_url;
  g_autofree gchar *contact =
    sip_listener_uri (sip_flow_listener (binding->flow), from->url_user);

  call_record_add (branch->call->record, "INVITE to the phone at %s",
                   sip_flow_address (binding->flow));
  send_invite (branch, binding->flow, binding_target (binding), contact,
               reach_new (branch->call->bucket, binding));
}

static void
on_bucket (PushTicket *ticket, PushBucketEvent event, Binding *binding, const gchar *reason,
           gpointer user_data)
{
  Branch *branch = user_data;
  CallRecord *record = branch->call->record;

  switch (event) {
  case PUSH_BUCKET_PUSHED:
    call_record_add (record, "push accepted: %s", reason);
    branch->funcs->held (branch, branch->user_data);
    break;
  case PUSH_BUCKET_AWAKE:
    branch_refresh (branch, binding);
    break;
  case PUSH_BUCKET_REFUSED:
    call_record_add (record, "no wake-up: %s", reason);
    g_clear_pointer (&branch->ticket, push_bucket_leave);
    if (!branch->attempt)
      fail (branch, 480, NULL, NULL);
    break;
  case PUSH_BUCKET_TIMED_OUT:
    call_record_add (record, "no wake-up: %s", reason);
    g_clear_pointer (&branch->ticket, push_bucket_leave);
    if (!branch->rings)
      fail (branch, 480, NULL, NULL);
    break;
  }
}

static void
wake (Branch *branch)
{
  PushBucketCall push = branch->call->push;
  gint64 now = clock_now ();

  if (!branch->until)
    branch->until = now + branch->call->push.seconds * CLOCK_SECOND;
  if (branch->until <= now || branch->wakes++ >= MAX_WAKES) {
    fail (branch, 480, NULL, NULL);
    return;
  }
  call_record_add (branch->call->record, "push to the phone by %s",
                   branch->binding->push->provider);
  push.seconds = (guint) ((branch->until - now - 1) / CLOCK_SECOND) + 1;
  branch->ticket = push_bucket_enter (branch->call->bucket, branch->binding, &push,
                                      on_bucket, branch);
}

static void
on_direct_try_over (gpointer user_data)
{
  Branch *branch = user_data;

  branch->direct = NULL;
  call_record_add (branch->call->record, "no answer on the open connection");
  wake (branch);
}

static void on_route_silent (gpointer user_data);

static SipFlow *
next_way (const Branch *branch)
{
  gboolean may = !branch->over && !branch->rings && branch->ways < PBX_MAX_WAYS;

  return may ? pbx_way_after (branch->pbx, attempt_flow (branch->attempt)) : NULL;
}

static void
invite_pbx (Branch *branch, SipFlow *way)
{
  g_autofree gchar *contact = sip_listener_uri (sip_flow_listener (way), branch->user);

  call_record_add (branch->call->record, "INVITE to the PBX at %s", sip_flow_address (way));
  /* Unlike a phone's dead flow, a slow server may still take the call: it is cancelled there. */
  g_clear_pointer (&branch->attempt, attempt_free);
  branch->ways++;
  send_invite (branch, way, branch->pbx_target, contact, NULL);
  deadline_clear (&branch->direct);
  if (next_way (branch))
    branch->direct = deadline_new (PBX_PATIENCE_MS, on_route_silent, branch);
}

static gboolean
invite_next (Branch *branch)
{
  SipFlow *way = next_way (branch);

  if (!way)
    return FALSE;
  counters_inc (COUNTER_PBX_FAILOVERS);
  invite_pbx (branch, way);
  return TRUE;
}

static void
on_route_silent (gpointer user_data)
{
  Branch *branch = user_data;

  branch->direct = NULL;
  if (!attempt_is_silent (branch->attempt) || !next_way (branch))
    return;
  call_record_add (branch->call->record, "no answer on this route");
  pbx_failed (branch->pbx, attempt_flow (branch->attempt));
  if (!invite_next (branch))
    fail (branch, 503, NULL, NULL);
}

/* Whether the PBX is called once more, by another route. */
static gboolean
goes_elsewhere (Branch *branch, const sip_t *response)
{
  gboolean elsewhere = TRUE;

  if (response)
    elsewhere = pbx_heard (branch->pbx, attempt_flow (branch->attempt), branch->call->caller_id, response);
  else
    pbx_failed (branch->pbx, attempt_flow (branch->attempt));
  return elsewhere && invite_next (branch);
}

static void
on_heard (Attempt *attempt, const sip_t *response, gpointer user_data)
{
  Branch *branch = user_data;
  guint status = (guint) response->sip_status->st_status;

  if (branch->pbx)
    pbx_heard (branch->pbx, attempt_flow (attempt), branch->call->caller_id, response);
  if (branch->over && status < 200)
    return;
  settle_on (branch, attempt);
  branch->rings = TRUE;
  stop_waiting (branch);
  call_record_add (branch->call->record, status < 200 ? "%u %s" : "answered: %u %s", status,
                   response->sip_status->st_phrase);
}

static void
on_ringing (Attempt *attempt, const sip_t *response, gpointer user_data)
{
  Branch *branch = user_data;

  branch->funcs->ringing (branch, response, branch->user_data);
}

static void
on_answered (Attempt *attempt, const sip_t *response, gpointer user_data)
{
  Branch *branch = user_data;

  branch->funcs->answered (branch, response, branch->user_data);
}

static void
on_failed (Attempt *attempt, guint status, const gchar *problem, const sip_t *response,
           gpointer user_data)
{
  Branch *branch = user_data;

  if (attempt == branch->older) {
    g_clear_pointer (&branch->older, attempt_free);
    return;
  }
  call_record_add (branch->call->record, "%s: %u %s", problem ? "no media" : "failed", status,
                   problem ? problem : response ? response->sip_status->st_phrase : "no answer");
  if (branch->pbx && !problem && goes_elsewhere (branch, response))
    return;
  if (status == 482 && branch->older) {
    attempt_free (branch->attempt);
    branch->attempt = g_steal_pointer (&branch->older);
    return;
  }
  /* A dead connection is no answer of the phone: the push may still bring it back. */
  if (!response && !problem && !branch->over && branch->binding &&
      binding_has_push (branch->binding)) {
    g_clear_pointer (&branch->attempt, attempt_free);
    branch->rings = FALSE;
    stop_waiting (branch);
    wake (branch);
    return;
  }
  if (!response && !problem)
    status = branch->binding ? 480 : status == 408 ? 408 : 503;
  fail (branch, status, response ? response->sip_status->st_phrase : NULL, response);
}

static void
on_ended (Attempt *attempt, const sip_t *bye, gpointer user_data)
{
  Branch *branch = user_data;

  branch->funcs->ended (branch, bye, branch->user_data);
}

static void
on_request (Attempt *attempt, SipRequest *request, gpointer user_data)
{
  Branch *branch = user_data;

  branch->funcs->request (branch, request, branch->user_data);
}

static const AttemptFuncs attempt_funcs = {
  .heard = on_heard,
  .ringing = on_ringing,
  .answered = on_answered,
  .failed = on_failed,
  .ended = on_ended,
  .request = on_request,
};

/**
 * branch_new:
 * @call: what all branches of the fork have in common; outlives the branch
 * @funcs: what the fork wants to know, with @user_data
 *
 * Returns: (transfer full): a branch that calls nobody yet
 */
Branch *
branch_new (const BranchCall *call, const BranchFuncs *funcs, gpointer user_data)
{
  Branch *branch = g_new0 (Branch, 1);

  branch->call = call;
  branch->funcs = funcs;
  branch->user_data = user_data;
  return branch;
}

/**
 * branch_free:
 * @branch: (transfer full): a branch; its leg ends by itself
 */
void
branch_free (Branch *branch)
{
  branch->over = TRUE;
  stop_waiting (branch);
  g_clear_pointer (&branch->older, attempt_free);
  g_clear_pointer (&branch->attempt, attempt_free);
  g_clear_pointer (&branch->binding, binding_unref);
  g_free (branch->pbx_target);
  g_free (branch->user);
  g_free (branch);
}

/**
 * branch_call_phone:
 * @branch: a new branch
 * @binding: a phone
 */
void
branch_call_phone (Branch *branch, Binding *binding)
{
  gboolean wakes = binding_has_push (binding);

  branch->binding = binding_ref (binding);
  if (sip_flow_is_open (binding->flow)) {
    invite_phone (branch, binding);
    if (wakes && !branch->failure)
      branch->direct = deadline_new (branch->call->direct_try_ms, on_direct_try_over, branch);
  } else if (wakes) {
    wake (branch);
  } else {
    call_record_add (branch->call->record, "the phone's connection is closed, and it has no push");
    fail (branch, 480, NULL, NULL);
  }
}

/**
 * branch_refresh:
 * @branch: the branch of a phone
 * @binding: the same phone, which has just registered
 *
 * Calls it there, unless it has the call already.
 */
void
branch_refresh (Branch *branch, Binding *binding)
{
  if (branch->over || branch->failure ||
      (branch->attempt &&
       (branch->rings || sip_flow_equal (attempt_flow (branch->attempt), binding->flow))))
    return;
  call_record_add (branch->call->record, "phone registered from %s",
                   sip_flow_address (binding->flow));
  binding_ref (binding);
  binding_unref (branch->binding);
  branch->binding = binding;
  invite_phone (branch, binding);
}

/**
 * branch_call_pbx:
 * @branch: a new branch
 * @pbx: the PBX, called by the route of an earlier challenge or else the first that answers
 * @target: the Request-URI
 * @user: the user part of our URI toward it
 */
void
branch_call_pbx (Branch *branch, Pbx *pbx, const gchar *target, const gchar *user)
{
  SipFlow *way = pbx_way_for (pbx, branch->call->caller_id);

  branch->pbx = pbx;
  branch->pbx_target = g_strdup (target);
  branch->user = g_strdup (user);
  if (way)
    invite_pbx (branch, way);
  else
    fail (branch, 503, pbx_refusal (pbx), NULL);
}

/* A phone that is on its way to a call that is over. */
static void
hand_over (Branch *branch, BranchEnd end, const sip_t *because)
{
  const BranchCall *call = branch->call;

  if (call->late && branch->ticket && !branch->attempt && late_calls_are_due (branch->binding))
    late_calls_add (call->late, call->invite, branch->binding, call->call_id, call->tag,
                    branch->until, end == BRANCH_ANSWERED_ELSEWHERE ? NULL : because);
}

/**
 * branch_hang_up:
 * @branch: a branch
 * @end: why
 * @because: (nullable): the CANCEL or BYE of the other side
 *
 * Nobody is told of it any more.
 */
void
branch_hang_up (Branch *branch, BranchEnd end, const sip_t *because)
{
  branch->over = TRUE;
  hand_over (branch, end, because);
  stop_waiting (branch);
  if (branch->older)
    attempt_hang_up (branch->older, because);
  if (branch->attempt && end == BRANCH_ANSWERED_ELSEWHERE)
    attempt_lose (branch->attempt);
  else if (branch->attempt)
    attempt_hang_up (branch->attempt, because);
}

/**
 * branch_failure:
 * @branch: a branch
 *
 * Returns: whether it can no longer lead to an answer, and why
 */
BranchFailure
branch_failure (const Branch *branch)
{
  return branch->failure;
}

/**
 * branch_is_phone:
 * @branch: a branch
 * @binding: a phone
 *
 * Returns: whether it calls that phone
 */
gboolean
branch_is_phone (const Branch *branch, const Binding *binding)
{
  return branch->binding && g_str_equal (branch->binding->token, binding->token);
}

/**
 * branch_leg:
 * @branch: a branch
 * @media: (out) (optional) (nullable): the media between the caller and the leg
 *
 * Returns: (transfer none) (nullable): its leg, NULL while its phone sleeps
 */
Leg *
branch_leg (const Branch *branch, MediaSession **media)
{
  if (media)
    *media = branch->attempt ? attempt_media (branch->attempt) : NULL;
  return branch->attempt ? attempt_leg (branch->attempt) : NULL;
}
