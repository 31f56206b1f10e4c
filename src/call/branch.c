/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * branch: one of those who are called: woken if need be, then called on its newest flow, once.
 *
 * A phone whose flow is open gets the INVITE at once; the push follows when it keeps silent, since a
 * suspended app leaves behind a socket that the kernel still acknowledges. A newer flow
 * replaces the older one while the phone has not answered; after that it changes nothing, however
 * often the phone registers.
 */
#include "call/branch.h"

#include "base/deadline.h"

struct _Branch {
  const BranchCall *call;
  const BranchFuncs *funcs;
  gpointer user_data;
  Binding *binding; /* NULL: not a phone of ours */
  SipFlow *flow;    /* that the INVITE took */
  Leg *leg;
  PushTicket *ticket;
  Deadline *direct;
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
fail (Branch *branch, guint status, const gchar *phrase, const sip_t *response)
{
  if (branch->failed || branch->over)
    return;
  branch->failed = TRUE;
  stop_waiting (branch);
  branch->funcs->failed (branch, status, phrase, response, branch->user_data);
}

/* The PBX may call our token; the phone's user need not see that. */
static gchar *
to_of_phone (const Branch *branch)
{
  const url_t *to = branch->call->original->sip_to->a_url;

  if (!branch->binding || g_strcmp0 (to->url_user, branch->binding->token) != 0)
    return NULL;
  return g_strdup_printf ("<%s>", branch->binding->aor);
}

static gboolean
send_invite (Branch *branch, SipFlow *flow, const gchar *target, const gchar *contact)
{
  g_autofree gchar *to = to_of_phone (branch);
  LegInvite invite = {
    .original = branch->call->original,
    .target = target,
    .to = to,
    .call_id = branch->call->call_id,
    .tag = branch->call->tag,
    .contact = contact,
  };

  if (branch->leg) {
    leg_abandon (branch->leg);
    g_clear_pointer (&branch->leg, leg_release);
  }
  g_clear_pointer (&branch->flow, sip_flow_unref);
  branch->flow = sip_flow_ref (flow);
  branch->leg = leg_new (&leg_funcs, branch);
  return leg_invite (branch->leg, flow, &invite);
}

static gboolean
invite_phone (Branch *branch, Binding *binding)
{
  const url_t *from = branch->call->original->sip_from->a_url;
  g_autofree gchar *contact =
    sip_listener_uri (sip_flow_listener (binding->flow), from->url_user);

  call_record_add (branch->call->record, "INVITE to the phone at %s",
                   sip_flow_address (binding->flow));
  return send_invite (branch, binding->flow, binding->target, contact);
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
    if (branch->leg && (branch->rings || sip_flow_equal (branch->flow, binding->flow)))
      return;
    binding_ref (binding);
    binding_unref (branch->binding);
    branch->binding = binding;
    if (!invite_phone (branch, binding))
      fail (branch, 480, NULL, NULL);
    break;
  case PUSH_BUCKET_REFUSED:
    call_record_add (record, "no wake-up: %s", reason);
    g_clear_pointer (&branch->ticket, push_bucket_leave);
    if (!branch->leg)
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
  const sip_from_t *from = branch->call->original->sip_from;
  const url_t *url = from ? from->a_url : NULL;
  g_autofree gchar *uri = url && url->url_user
                            ? g_strdup_printf ("sip:%s@%s", url->url_user, url->url_host)
                            : NULL;
  const PushBucketCall call = {
    .call_id = branch->call->call_id,
    .caller = { uri, url ? url->url_user : NULL, from ? from->a_display : NULL },
    .seconds = branch->call->wake_seconds,
  };

  call_record_add (branch->call->record, "push to the phone by %s",
                   branch->binding->push->provider);
  branch->ticket =
    push_bucket_enter (branch->call->bucket, branch->binding, &call, on_bucket, branch);
}

static void
on_direct_try_over (gpointer user_data)
{
  Branch *branch = user_data;

  branch->direct = NULL;
  call_record_add (branch->call->record, "no answer on the open connection");
  wake (branch);
}

static void
on_ringing (Leg *leg, const sip_t *response, gpointer user_data)
{
  Branch *branch = user_data;

  if (branch->over)
    return;
  branch->rings = TRUE;
  stop_waiting (branch);
  call_record_add (branch->call->record, "%u %s", (guint) response->sip_status->st_status,
                   response->sip_status->st_phrase);
  branch->funcs->ringing (branch, response, branch->user_data);
}

static void
on_answered (Leg *leg, const sip_t *response, gpointer user_data)
{
  Branch *branch = user_data;

  branch->rings = TRUE;
  stop_waiting (branch);
  call_record_add (branch->call->record, "answered: %u %s",
                   (guint) response->sip_status->st_status, response->sip_status->st_phrase);
  branch->funcs->answered (branch, response, branch->user_data);
}

static void
on_failed (Leg *leg, guint status, const sip_t *response, gpointer user_data)
{
  Branch *branch = user_data;

  call_record_add (branch->call->record, "failed: %u %s", status,
                   response ? response->sip_status->st_phrase : "nobody answered");
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
  g_clear_pointer (&branch->leg, leg_release);
  g_clear_pointer (&branch->flow, sip_flow_unref);
  g_clear_pointer (&branch->binding, binding_unref);
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
  if (wakes && !sip_flow_is_open (binding->flow)) {
    wake (branch);
    return;
  }
  if (!sip_flow_is_open (binding->flow)) {
    call_record_add (branch->call->record, "the phone's connection is closed, and it has no push");
    fail (branch, 480, NULL, NULL);
    return;
  }
  if (!invite_phone (branch, binding)) {
    fail (branch, 480, NULL, NULL);
    return;
  }
  if (wakes)
    branch->direct = deadline_new (branch->call->direct_try_ms, on_direct_try_over, branch);
}

/**
 * branch_call_way:
 * @branch: a new branch
 * @flow: a way out
 * @target: the Request-URI
 * @contact: our URI toward it
 */
void
branch_call_way (Branch *branch, SipFlow *flow, const gchar *target, const gchar *contact)
{
  call_record_add (branch->call->record, "INVITE to the PBX at %s", sip_flow_address (flow));
  if (!send_invite (branch, flow, target, contact))
    fail (branch, 500, NULL, NULL);
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
  su_home_t home[1] = { SU_HOME_INIT (home) };
  sip_t elsewhere[1] = { 0 };

  branch->over = TRUE;
  stop_waiting (branch);
  if (!branch->leg)
    return;
  su_home_init (home);
  if (end == BRANCH_ANSWERED_ELSEWHERE) {
    elsewhere->sip_reason =
      sip_reason_make (home, "SIP;cause=200;text=\"Call completed elsewhere\"");
    because = elsewhere;
  }
  leg_hang_up (branch->leg, because);
  su_home_deinit (home);
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
