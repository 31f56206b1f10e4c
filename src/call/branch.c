/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * branch: one of those who are called: woken if need be, then called on its newest flow, once.
 *
 * A phone whose flow is open gets the INVITE at once; the push follows when it keeps silent, since a
 * suspended app leaves a socket behind. A newer flow replaces the older one until the phone answers;
 * one that took the older INVITE says 482 to the newer (RFC 3261 8.2.2.2), and the older one goes on.
 * One whose connection closes first is woken again.
 */
#include "call/branch.h"

#include "base/clock.h"
#include "proto/aor.h"
#include "registrar/outbound.h"

#define MAX_WAKES 3 /* of one phone for one call, should it come and go */

static const AttemptFuncs attempt_funcs;

static void
stop_waiting (Branch *branch)
{
  deadline_clear (&branch->direct);
  g_clear_pointer (&branch->ticket, push_bucket_leave);
}

/**
 * branch_fail:
 * @branch: a branch
 * @status: what the caller may be told
 * @phrase: (nullable): likewise
 * @response: (nullable): the answer that stands behind it
 *
 * Nothing will come of it any more, unless that is known already.
 */
void
branch_fail (Branch *branch, guint status, const gchar *phrase, const sip_t *response)
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

/**
 * branch_send_invite:
 * @branch: a branch
 * @flow: the way
 * @whom: who is called, and by which of our names; all else is filled in
 *
 * Makes the newest attempt.
 */
void
branch_send_invite (Branch *branch, SipFlow *flow, const LegInvite *whom)
{
  const BranchCall *call = branch->call;
  g_autofree gchar *to =
    branch->binding ? binding_called_as (branch->binding, call->original->sip_to) : NULL;
  g_autofree gchar *user = branch->binding ? aor_user (branch->binding->aor)
                                           : g_strdup (call->original->sip_from->a_url->url_user);
  LegInvite invite = *whom;
  const AttemptCall attempt = {
    &invite, call->media, user, call->caller, call->caller_party, call->record
  };

  invite.request = call->invite;
  invite.original = call->original;
  invite.to = to;
  invite.call_id = call->call_id;
  invite.tag = call->tag;
  invite.credentials = call->credentials;
  invite.breadth = call->breadth;
  invite.reliable = call->reliable;
  forget_older (branch);
  branch->older = branch->attempt;
  branch->attempt = attempt_new (&attempt, flow, whom->reach, &attempt_funcs, branch);
  attempt_start (branch->attempt);
}

static void
invite_phone (Branch *branch, Binding *binding)
{
  const url_t *from = branch->call->original->sip_from->a_url;

  call_record_add (branch->call->record, "INVITE to the phone at %s",
                   sip_flow_address (binding->flow));
  branch_send_invite (branch, binding->flow,
                      &(LegInvite){ .target = binding_target (binding),
                                    .route = outbound_path (binding),
                                    .contact_user = from->url_user,
                                    .reach = reach_new (branch->call->bucket, binding) });
}

static void on_direct_try_over (gpointer user_data);

/* By a flow that seems to be open, which the phone may have left long ago. */
static void
try_flow (Branch *branch, Binding *binding)
{
  invite_phone (branch, binding);
  if (!branch->failure && (binding_has_push (binding) ||
                           outbound_open (branch->binding, binding->flow)))
    branch->direct = deadline_new (branch->call->direct_try_ms, on_direct_try_over, branch);
}

/* RFC 5626 7: the flows of one phone are tried one after the other. */
static gboolean
try_next_flow (Branch *branch)
{
  Binding *next = branch->binding && branch->attempt && !branch->over
                    ? outbound_open (branch->binding, attempt_flow (branch->attempt))
                    : NULL;

  if (!next)
    return FALSE;
  branch->rings = FALSE;
  stop_waiting (branch);
  try_flow (branch, next);
  return TRUE;
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
    branch->came = TRUE;
    branch_refresh (branch, binding);
    break;
  case PUSH_BUCKET_REFUSED:
  case PUSH_BUCKET_TIMED_OUT:
    call_record_add (record, branch->came ? "no answer: %s" : "no wake-up: %s", reason);
    g_clear_pointer (&branch->ticket, push_bucket_leave);
    if (event == PUSH_BUCKET_REFUSED ? !branch->attempt : !branch->rings)
      branch_fail (branch, 480, NULL, NULL);
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
    branch_fail (branch, 480, NULL, NULL);
    return;
  }
  call_record_add (branch->call->record, "push to the phone by %s",
                   branch->binding->push->provider);
  branch->came = FALSE;
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
  if (!try_next_flow (branch) && binding_has_push (branch->binding))
    wake (branch);
}

static void
on_older_try_over (gpointer user_data)
{
  Branch *branch = user_data;

  branch->direct = NULL;
  call_record_add (branch->call->record, "no answer by the way that the phone has the call");
  if (binding_has_push (branch->binding))
    wake (branch);
}

/* The phone says that it has the call already: further flows would say so, too. */
static void
go_back_to_older (Branch *branch)
{
  attempt_free (branch->attempt);
  branch->attempt = g_steal_pointer (&branch->older);
  if (!branch->direct)
    return;
  deadline_clear (&branch->direct);
  branch->direct = deadline_new (branch->call->direct_try_ms, on_older_try_over, branch);
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

/* Nobody answered, or it is said that nobody is reached there; who rang was reached, unless his
 * connection is gone. */
static gboolean
is_flow_lost (const Branch *branch, guint status, const sip_t *response)
{
  if (!branch->binding)
    return FALSE;
  return response ? !branch->rings && outbound_is_lost (branch->binding, status)
                  : !branch->rings || status != 408;
}

static void
on_failed (Attempt *attempt, guint status, const gchar *problem, const sip_t *response,
           gpointer user_data)
{
  Branch *branch = user_data;
  gboolean lost = !problem && is_flow_lost (branch, status, response);

  if (attempt == branch->older) {
    g_clear_pointer (&branch->older, attempt_free);
    return;
  }
  if (problem || response)
    call_record_add (branch->call->record, "%s: %u %s", problem ? "no media" : "failed", status,
                     problem ? problem : response->sip_status->st_phrase);
  else
    call_record_add (branch->call->record, "the INVITE %s",
                     status == 408 ? "was not answered" : "could not be delivered");
  if (branch->pbx && !problem && branch_pbx_goes_on (branch, response))
    return;
  if (status == 482 && branch->older) {
    go_back_to_older (branch);
    return;
  }
  if (lost && try_next_flow (branch)) {
    forget_older (branch);
    return;
  }
  /* A lost flow is no answer of the phone, though it may say so of itself where no proxy does. The
   * push may still bring it back. */
  lost = lost && (!response || outbound_path (branch->binding));
  if (lost && !branch->over && binding_has_push (branch->binding)) {
    g_clear_pointer (&branch->attempt, attempt_free);
    branch->rings = FALSE;
    deadline_clear (&branch->direct);
    if (branch->ticket && !branch->came)
      return; /* it is on its way */
    stop_waiting (branch);
    wake (branch);
    return;
  }
  if (lost)
    status = 480, response = NULL;
  else if (!response && !problem)
    status = status == 408 ? 408 : 503;
  branch_fail (branch, status, response ? response->sip_status->st_phrase : NULL, response);
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

static void
on_left (Attempt *attempt, gpointer user_data)
{
  Branch *branch = user_data;

  branch->funcs->left (branch, attempt_leg (attempt), branch->user_data);
}

static const AttemptFuncs attempt_funcs = {
  .heard = on_heard,
  .ringing = on_ringing,
  .answered = on_answered,
  .failed = on_failed,
  .ended = on_ended,
  .request = on_request,
  .left = on_left,
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
  Binding *open = outbound_open (binding, NULL);

  branch->binding = binding_ref (binding);
  if (open) {
    try_flow (branch, open);
  } else if (binding_has_push (binding)) {
    wake (branch);
  } else {
    call_record_add (branch->call->record, "the phone's connection is closed, and %s",
                     binding->at_risk ? binding->at_risk : "it has no push");
    branch_fail (branch, 480, NULL, NULL);
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
       (branch->rings || (sip_flow_equal (attempt_flow (branch->attempt), binding->flow) &&
                          !outbound_has_moved (branch->binding, binding)))))
    return;
  call_record_add (branch->call->record, "phone registered from %s",
                   sip_flow_address (binding->flow));
  binding_ref (binding);
  binding_unref (branch->binding);
  branch->binding = binding;
  invite_phone (branch, binding);
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
