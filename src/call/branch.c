/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * branch: one of those who are called: woken if need be, then called on its newest flow, once.
 *
 * A phone whose flow is open gets the INVITE at once; the push follows when it keeps silent, since a
 * suspended app leaves behind a socket that the kernel still acknowledges. A newer flow
 * replaces the older one while the phone has not answered; after that it changes nothing, however
 * often the phone registers. A PBX that keeps silent is called by its next route.
 */
#include "call/branch.h"

#include "base/counters.h"
#include "base/deadline.h"
#include "call/passage.h"

struct _Branch {
  const BranchCall *call;
  const BranchFuncs *funcs;
  gpointer user_data;
  Binding *binding; /* NULL: not a phone of ours */
  Pbx *pbx;         /* NULL: a phone */
  gchar *pbx_target; /* of the PBX: the Request-URI */
  gchar *user;      /* what the PBX knows our phone by */
  guint ways;       /* of the PBX, that were tried */
  SipFlow *flow;    /* that the INVITE takes */
  gchar *target;    /* of the INVITE, with our URI toward it */
  gchar *contact;
  MediaSession *media; /* of the leg */
  Passage *invite;     /* on its way to rtpengine: there is no leg yet */
  Passage *ringing;
  Passage *answer;
  Leg *leg;
  PushTicket *ticket;
  Deadline *direct; /* for a first answer on the open flow, or on this route */
  gboolean rings; /* the phone has answered provisionally */
  gboolean failed;
  gboolean over;
};

static const LegFuncs leg_funcs;

static void
stop_waiting (Branch *branch)
{
  deadline_clear (&branch->direct);
  g_clear_pointer (&branch->ticket, push_bucket_leave);
}

static void
cancel_passages (Branch *branch)
{
  passage_cancel (&branch->invite);
  passage_cancel (&branch->ringing);
  passage_cancel (&branch->answer);
}

static void
close_media (Branch *branch)
{
  cancel_passages (branch);
  g_clear_pointer (&branch->media, media_session_release);
}

static void
fail (Branch *branch, guint status, const gchar *phrase, const sip_t *response)
{
  if (branch->failed || branch->over)
    return;
  branch->failed = TRUE;
  stop_waiting (branch);
  branch->funcs->failed (branch, status, phrase, response, branch->user_data);
}

static void
on_invite_ready (const sip_t *original, guint status, const gchar *problem, gpointer user_data)
{
  Branch *branch = user_data;
  g_autofree gchar *to =
    branch->binding ? binding_called_as (branch->binding, branch->call->original->sip_to) : NULL;
  LegInvite invite = {
    .original = original,
    .target = branch->target,
    .to = to,
    .call_id = branch->call->call_id,
    .tag = branch->call->tag,
    .contact = branch->contact,
    .credentials = branch->call->credentials,
  };

  if (status) {
    call_record_add (branch->call->record, "no media: %s", problem);
    fail (branch, status, NULL, NULL);
    return;
  }
  branch->leg = leg_new (&leg_funcs, branch);
  if (!leg_invite (branch->leg, branch->flow, &invite))
    fail (branch, branch->binding ? 480 : 500, NULL, NULL);
}

static void
send_invite (Branch *branch, SipFlow *flow, const gchar *target, const gchar *contact)
{
  const BranchCall *call = branch->call;
  gboolean from_pbx = call->caller_party == MEDIA_PBX;

  if (branch->leg) {
    leg_abandon (branch->leg);
    g_clear_pointer (&branch->leg, leg_release);
  }
  close_media (branch);
  g_clear_pointer (&branch->flow, sip_flow_unref);
  g_free (branch->target);
  g_free (branch->contact);
  branch->flow = sip_flow_ref (flow);
  branch->target = g_strdup (target);
  branch->contact = g_strdup (contact);
  branch->media =
    call_media_open (call->media, from_pbx ? flow : call->caller, from_pbx ? call->caller : flow);
  passage_start (&branch->invite, branch->media, call->caller_party, MEDIA_OFFER, call->original,
                 on_invite_ready, branch);
}

static void
invite_phone (Branch *branch, Binding *binding)
{
  const url_t *from = branch->call->original->sip_from->a_url;
  g_autofree gchar *contact =
    sip_listener_uri (sip_flow_listener (binding->flow), from->url_user);

  call_record_add (branch->call->record, "INVITE to the phone at %s",
                   sip_flow_address (binding->flow));
  send_invite (branch, binding->flow, binding->target, contact);
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
    call_record_add (record, "phone registered from %s", sip_flow_address (binding->flow));
    if ((branch->leg || branch->invite) &&
        (branch->rings || sip_flow_equal (branch->flow, binding->flow)))
      return;
    binding_ref (binding);
    binding_unref (branch->binding);
    branch->binding = binding;
    invite_phone (branch, binding);
    break;
  case PUSH_BUCKET_REFUSED:
    call_record_add (record, "no wake-up: %s", reason);
    g_clear_pointer (&branch->ticket, push_bucket_leave);
    if (!branch->leg && !branch->invite)
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
  call_record_add (branch->call->record, "push to the phone by %s",
                   branch->binding->push->provider);
  branch->ticket = push_bucket_enter (branch->call->bucket, branch->binding, &branch->call->push,
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
  if (branch->over || branch->rings || branch->ways >= PBX_MAX_WAYS)
    return NULL;
  return pbx_way_after (branch->pbx, branch->flow);
}

static void
invite_pbx (Branch *branch, SipFlow *way)
{
  g_autofree gchar *contact = sip_listener_uri (sip_flow_listener (way), branch->user);

  call_record_add (branch->call->record, "INVITE to the PBX at %s", sip_flow_address (way));
  /* Unlike a phone's dead flow, a slow server may still take the call: it is cancelled there. */
  g_clear_pointer (&branch->leg, leg_release);
  branch->ways++;
  send_invite (branch, way, branch->pbx_target, contact);
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
  if (!branch->leg || !leg_is_silent (branch->leg) || !next_way (branch))
    return;
  call_record_add (branch->call->record, "no answer on this route");
  pbx_failed (branch->pbx, branch->flow);
  if (!invite_next (branch))
    fail (branch, 503, NULL, NULL);
}

/* Whether the PBX is called once more, by another route. */
static gboolean
goes_elsewhere (Branch *branch, const sip_t *response)
{
  gboolean elsewhere = TRUE;

  if (response)
    elsewhere = pbx_heard (branch->pbx, branch->flow, branch->call->caller_id, response);
  else
    pbx_failed (branch->pbx, branch->flow);
  return elsewhere && invite_next (branch);
}

static void
on_ringing_ready (const sip_t *response, guint status, const gchar *problem, gpointer user_data)
{
  Branch *branch = user_data;

  if (!branch->over && status == 0)
    branch->funcs->ringing (branch, response, branch->user_data);
}

static void
on_answer_ready (const sip_t *response, guint status, const gchar *problem, gpointer user_data)
{
  Branch *branch = user_data;

  if (status == 0) {
    branch->funcs->answered (branch, response, branch->user_data);
    return;
  }
  call_record_add (branch->call->record, "no media: %s", problem);
  leg_hang_up (branch->leg, NULL);
  fail (branch, status, NULL, NULL);
}

static void
on_ringing (Leg *leg, const sip_t *response, gpointer user_data)
{
  Branch *branch = user_data;

  if (branch->pbx)
    pbx_heard (branch->pbx, branch->flow, branch->call->caller_id, response);
  if (branch->over)
    return;
  branch->rings = TRUE;
  stop_waiting (branch);
  call_record_add (branch->call->record, "%u %s", (guint) response->sip_status->st_status,
                   response->sip_status->st_phrase);
  passage_start (&branch->ringing, branch->media, call_media_called (branch->call->caller_party),
                 call_media_kind (branch->call->original),
                 response, on_ringing_ready, branch);
}

static void
on_answered (Leg *leg, const sip_t *response, gpointer user_data)
{
  Branch *branch = user_data;

  if (branch->pbx)
    pbx_heard (branch->pbx, branch->flow, branch->call->caller_id, response);
  branch->rings = TRUE;
  stop_waiting (branch);
  call_record_add (branch->call->record, "answered: %d %s", response->sip_status->st_status,
                   response->sip_status->st_phrase);
  passage_cancel (&branch->ringing);
  if (branch->over)
    branch->funcs->answered (branch, response, branch->user_data);
  else
    passage_start (&branch->answer, branch->media, call_media_called (branch->call->caller_party),
                   call_media_kind (branch->call->original), response, on_answer_ready, branch);
}

static void
on_failed (Leg *leg, guint status, const sip_t *response, gpointer user_data)
{
  Branch *branch = user_data;

  call_record_add (branch->call->record, "failed: %u %s", status,
                   response ? response->sip_status->st_phrase : "nobody answered");
  if (branch->pbx && goes_elsewhere (branch, response))
    return;
  /* A dead connection is no answer of the phone: the push may still bring it back. */
  if (!response && !branch->rings && branch->binding && binding_has_push (branch->binding)) {
    g_clear_pointer (&branch->leg, leg_release);
    g_clear_pointer (&branch->flow, sip_flow_unref);
    deadline_clear (&branch->direct);
    if (!branch->ticket)
      wake (branch);
    return;
  }
  fail (branch, response ? status : branch->binding ? 480 : status == 408 ? 408 : 503,
        response ? response->sip_status->st_phrase : NULL, response);
}

static void
on_ended (Leg *leg, const sip_t *bye, gpointer user_data)
{
  Branch *branch = user_data;

  branch->funcs->ended (branch, bye, branch->user_data);
}

static void
on_request (Leg *leg, SipRequest *request, gpointer user_data)
{
  Branch *branch = user_data;

  branch->funcs->request (branch, request, branch->user_data);
}

static const LegFuncs leg_funcs = {
  .ringing = on_ringing,
  .answered = on_answered,
  .failed = on_failed,
  .ended = on_ended,
  .request = on_request,
};

/**
 * branch_new:
 * @call: what all branches of the fork have in common; outlives the branch
 * @funcs: what the fork wants to know
 * @user_data: for @funcs
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
  close_media (branch);
  g_clear_pointer (&branch->leg, leg_release);
  g_clear_pointer (&branch->flow, sip_flow_unref);
  g_clear_pointer (&branch->binding, binding_unref);
  g_free (branch->target);
  g_free (branch->pbx_target);
  g_free (branch->user);
  g_free (branch->contact);
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
    if (wakes && !branch->failed)
      branch->direct = deadline_new (branch->call->direct_try_ms, on_direct_try_over, branch);
  } else if (wakes) {
    wake (branch);
  } else {
    call_record_add (branch->call->record, "the phone's connection is closed, and it has no push");
    fail (branch, 480, NULL, NULL);
  }
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
  stop_waiting (branch);
  cancel_passages (branch);
  if (end == BRANCH_ANSWERED_ELSEWHERE)
    close_media (branch);
  if (branch->leg && end == BRANCH_ANSWERED_ELSEWHERE)
    leg_lose (branch->leg);
  else if (branch->leg)
    leg_hang_up (branch->leg, because);
}

/**
 * branch_has_failed:
 * @branch: a branch
 *
 * Returns: whether it can no longer lead to an answer
 */
gboolean
branch_has_failed (const Branch *branch)
{
  return branch->failed;
}

/**
 * branch_leg:
 * @branch: a branch
 *
 * Returns: (transfer none) (nullable): its leg, NULL while its phone sleeps
 */
Leg *
branch_leg (const Branch *branch)
{
  return branch->leg;
}

/**
 * branch_media:
 * @branch: a branch
 *
 * Returns: (transfer none) (nullable): the media between the caller and its leg
 */
MediaSession *
branch_media (const Branch *branch)
{
  return branch->media;
}
