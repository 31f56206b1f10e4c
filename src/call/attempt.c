/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * attempt: one INVITE on one flow: its leg, and the media between that and the caller.
 *
 * SDP may have to be translated elsewhere before it goes on, so there is no leg until the offer is
 * ready, and what the peer answers is told twice: when it is heard and when it can be passed on. A
 * branch makes an attempt for each flow that it tries.
 */
#include "call/attempt.h"

#include "call/passage.h"

struct _Attempt {
  const AttemptFuncs *funcs;
  gpointer user_data;
  MediaParty caller_party;
  CallRecord *record;
  LegInvite invite;
  gchar *target;
  gchar *route;
  gchar *to;
  gchar *contact_user;
  SipFlow *flow;
  MediaSession *media;
  Passage *offer;
  Passage *ringing;
  Passage *answer;
  Leg *leg;
  gboolean over;
};

static void
on_ringing_ready (const sip_t *response, guint status, const gchar *problem, gpointer user_data)
{
  Attempt *attempt = user_data;

  if (status) {
    call_record_add (attempt->record, "no early media: %u %s", status, problem);
    leg_forget_reliable (attempt->leg);
  } else if (!attempt->over) {
    attempt->funcs->ringing (attempt, response, attempt->user_data);
  }
}

static void
on_answer_ready (const sip_t *response, guint status, const gchar *problem, gpointer user_data)
{
  Attempt *attempt = user_data;

  if (status == 0) {
    attempt->funcs->answered (attempt, response, attempt->user_data);
    return;
  }
  leg_hang_up (attempt->leg, NULL);
  attempt->funcs->failed (attempt, status, problem, NULL, attempt->user_data);
}

static void
translate (Attempt *attempt, Passage **place, PassageFunc func)
{
  passage_start (place, attempt->media, call_media_called (attempt->caller_party),
                 call_media_kind (attempt->invite.original), leg_response (attempt->leg), func,
                 attempt);
}

static void
on_ringing (Leg *leg, const sip_t *response, gpointer user_data)
{
  Attempt *attempt = user_data;
  gsize size;

  attempt->funcs->heard (attempt, response, attempt->user_data);
  if (attempt->over)
    return;
  /* What the caller is to hear while it rings comes but once: what brings none must not end it. */
  if (attempt->ringing && !response->sip_rseq && !sip_body_sdp (response, &size)) {
    attempt->funcs->ringing (attempt, response, attempt->user_data);
    return;
  }
  if (attempt->ringing)
    leg_forget_reliable (leg); /* the caller does not get that one */
  translate (attempt, &attempt->ringing, on_ringing_ready);
}

static void
on_answered (Leg *leg, const sip_t *response, gpointer user_data)
{
  Attempt *attempt = user_data;

  attempt->funcs->heard (attempt, response, attempt->user_data);
  passage_cancel (&attempt->ringing);
  if (attempt->over)
    attempt->funcs->answered (attempt, response, attempt->user_data);
  else
    translate (attempt, &attempt->answer, on_answer_ready);
}

static void
on_failed (Leg *leg, guint status, const sip_t *response, gpointer user_data)
{
  Attempt *attempt = user_data;

  attempt->funcs->failed (attempt, status, NULL, response, attempt->user_data);
}

static void
on_ended (Leg *leg, const sip_t *bye, gpointer user_data)
{
  Attempt *attempt = user_data;

  attempt->funcs->ended (attempt, bye, attempt->user_data);
}

static void
on_request (Leg *leg, SipRequest *request, gpointer user_data)
{
  Attempt *attempt = user_data;

  attempt->funcs->request (attempt, request, attempt->user_data);
}

static const LegFuncs leg_funcs = {
  .ringing = on_ringing,
  .answered = on_answered,
  .failed = on_failed,
  .ended = on_ended,
  .request = on_request,
};

static void
on_offer_ready (const sip_t *original, guint status, const gchar *problem, gpointer user_data)
{
  Attempt *attempt = user_data;
  LegInvite invite = attempt->invite;

  if (status) {
    attempt->funcs->failed (attempt, status, problem, NULL, attempt->user_data);
    return;
  }
  invite.original = original;
  attempt->invite.reach = NULL;
  attempt->leg = leg_new (&leg_funcs, attempt);
  if (!leg_invite (attempt->leg, attempt->flow, &invite))
    attempt->funcs->failed (attempt, 500, "the INVITE cannot be sent", NULL, attempt->user_data);
}

/**
 * attempt_new:
 * @call: the call
 * @flow: the way that the INVITE takes
 * @reach: (transfer full) (nullable): how the phone there is found again
 * @funcs: what its owner wants to know
 * @user_data: for @funcs
 *
 * Returns: (transfer full): an attempt that is not made yet
 */
Attempt *
attempt_new (const AttemptCall *call, SipFlow *flow, Reach *reach, const AttemptFuncs *funcs,
             gpointer user_data)
{
  Attempt *attempt = g_new0 (Attempt, 1);
  gboolean from_pbx = call->caller_party == MEDIA_PBX;

  attempt->funcs = funcs;
  attempt->user_data = user_data;
  attempt->caller_party = call->caller_party;
  attempt->record = call->record;
  attempt->flow = sip_flow_ref (flow);
  attempt->target = g_strdup (call->invite->target);
  attempt->route = g_strdup (call->invite->route);
  attempt->to = g_strdup (call->invite->to);
  attempt->contact_user = g_strdup (call->invite->contact_user);
  attempt->invite = *call->invite;
  attempt->invite.target = attempt->target;
  attempt->invite.route = attempt->route;
  attempt->invite.to = attempt->to;
  attempt->invite.contact_user = attempt->contact_user;
  attempt->invite.reach = reach;
  attempt->media = call_media_open (call->media, call->user, from_pbx ? flow : call->caller,
                                    from_pbx ? call->caller : flow);
  return attempt;
}

static void
cancel_passages (Attempt *attempt)
{
  passage_cancel (&attempt->offer);
  passage_cancel (&attempt->ringing);
  passage_cancel (&attempt->answer);
}

static void
let_go (Attempt *attempt)
{
  if (attempt->leg)
    attempt->funcs->left (attempt, attempt->user_data);
  g_clear_pointer (&attempt->media, media_session_release);
}

/**
 * attempt_free:
 * @attempt: (transfer full): an attempt; its leg ends by itself
 */
void
attempt_free (Attempt *attempt)
{
  cancel_passages (attempt);
  let_go (attempt);
  g_clear_pointer (&attempt->leg, leg_release);
  g_clear_pointer (&attempt->invite.reach, reach_free);
  sip_flow_unref (attempt->flow);
  g_free (attempt->target);
  g_free (attempt->route);
  g_free (attempt->to);
  g_free (attempt->contact_user);
  g_free (attempt);
}

/**
 * attempt_start:
 * @attempt: a new attempt
 *
 * Sends the INVITE, at once or when its offer is ready.
 */
void
attempt_start (Attempt *attempt)
{
  passage_start (&attempt->offer, attempt->media, attempt->caller_party, MEDIA_OFFER,
                 sip_request_msg (attempt->invite.request), on_offer_ready, attempt);
}

/**
 * attempt_hang_up:
 * @attempt: an attempt
 * @because: (nullable): the CANCEL or BYE of the other side
 */
void
attempt_hang_up (Attempt *attempt, const sip_t *because)
{
  attempt->over = TRUE;
  cancel_passages (attempt);
  if (attempt->leg)
    leg_hang_up (attempt->leg, because);
}

/**
 * attempt_lose:
 * @attempt: an attempt, whose call another one has
 */
void
attempt_lose (Attempt *attempt)
{
  attempt->over = TRUE;
  cancel_passages (attempt);
  let_go (attempt);
  if (attempt->leg)
    leg_lose (attempt->leg);
}

/**
 * attempt_abandon:
 * @attempt: an attempt on a flow that is most likely dead
 */
void
attempt_abandon (Attempt *attempt)
{
  attempt->over = TRUE;
  cancel_passages (attempt);
  if (attempt->leg)
    leg_abandon (attempt->leg);
}

/**
 * attempt_is_silent:
 * @attempt: an attempt
 *
 * Returns: whether the INVITE went out and not a word came back, not even 100
 */
gboolean
attempt_is_silent (const Attempt *attempt)
{
  return attempt->leg && leg_is_silent (attempt->leg);
}

/**
 * attempt_flow:
 * @attempt: an attempt
 *
 * Returns: (transfer none): the way that its INVITE takes
 */
SipFlow *
attempt_flow (const Attempt *attempt)
{
  return attempt->flow;
}

/**
 * attempt_leg:
 * @attempt: an attempt
 *
 * Returns: (transfer none) (nullable): its leg, NULL until its offer is ready
 */
Leg *
attempt_leg (const Attempt *attempt)
{
  return attempt->leg;
}

/**
 * attempt_media:
 * @attempt: an attempt
 *
 * Returns: (transfer none) (nullable): the media between the caller and its leg
 */
MediaSession *
attempt_media (const Attempt *attempt)
{
  return attempt->media;
}
