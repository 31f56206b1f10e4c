/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * branch-pbx: a branch that calls a PBX, by its routes one after the other.
 *
 * A PBX that keeps silent, or says that it cannot, is called by its next route.
 */
#include "call/branch-state.h"

#include "base/counters.h"

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
  call_record_add (branch->call->record, "INVITE to the PBX at %s", sip_flow_address (way));
  /* Unlike a phone's dead flow, a slow server may still take the call: it is cancelled there. */
  g_clear_pointer (&branch->attempt, attempt_free);
  branch->ways++;
  branch_send_invite (branch, way,
                      &(LegInvite){ .target = branch->pbx_target, .contact_user = branch->user });
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
    branch_fail (branch, 503, NULL, NULL);
}

/**
 * branch_pbx_goes_on:
 * @branch: the branch of a PBX, whose attempt has failed
 * @response: (nullable): the PBX's answer
 *
 * Returns: whether it is called once more, by another route
 */
gboolean
branch_pbx_goes_on (Branch *branch, const sip_t *response)
{
  gboolean elsewhere = TRUE;

  if (response)
    elsewhere = pbx_heard (branch->pbx, attempt_flow (branch->attempt), branch->call->caller_id, response);
  else
    pbx_failed (branch->pbx, attempt_flow (branch->attempt));
  return elsewhere && invite_next (branch);
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
    branch_fail (branch, 503, pbx_refusal (pbx), NULL);
}
