/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * leg: the side of a call that we call: a phone on its flow, or the PBX (RFC 3261 13.2).
 *
 * leg-state decides, this does. A leg that its owner releases ends by itself: it cancels or hangs
 * up, and lives until the peer has said its last word.
 */
#include "call/leg.h"

#include "base/counters.h"
#include "base/deadline.h"
#include "call/dialog-map.h"
#include "call/header-policy.h"
#include "sip/sip-ack.h"
#include "sip/sip-inside.h"

/* Who rings says so each minute (RFC 3261 13.3.1.1), which many phones and PBXs do not. */
#define SILENCE_MS (10 * 60 * 1000)

struct _Leg {
  LegState state;
  const LegFuncs *funcs; /* NULL: released */
  gpointer user_data;
  SipDialog *dialog;
  Reach *reach;
  SipTransaction *invite;
  const sip_t *original;    /* the INVITE that is continued, while it is sent */
  msg_t *kept;              /* nullable: a copy of it, for when it is challenged */
  SipListener *listener;    /* by which it came in */
  guint breadth;
  gboolean reliable;
  gboolean bare;
  guint32 rseq; /* of the last reliable answer */
  gchar *target;
  gchar *route;              /* nullable */
  Credentials *credentials; /* nullable */
  guint32 cseq;
  Deadline *patience;
  guint busy;
};

/* What an event brings along. */
typedef struct {
  guint status;
  const sip_t *sip;
} Cause;

static void
leg_free (Leg *leg)
{
  deadline_clear (&leg->patience);
  g_clear_pointer (&leg->invite, sip_transaction_free);
  g_clear_pointer (&leg->dialog, sip_dialog_free);
  g_clear_pointer (&leg->reach, reach_free);
  counters_dec (COUNTER_LEGS_OPEN);
  g_clear_pointer (&leg->credentials, credentials_unref);
  g_clear_pointer (&leg->kept, msg_destroy);
  g_free (leg->route);
  g_free (leg->target);
  g_free (leg);
}

static void
free_when_done (Leg *leg)
{
  if (!leg->funcs && leg->state == LEG_DEAD && !leg->busy)
    leg_free (leg);
}

static gchar *
reason_of (const sip_t *because)
{
  return because && because->sip_reason
           ? sip_headers_text ((const sip_header_t *) because->sip_reason)
           : NULL;
}

static void on_patience_over (gpointer user_data);

static void
be_patient (Leg *leg, guint milliseconds)
{
  deadline_clear (&leg->patience);
  leg->patience = deadline_new (milliseconds, on_patience_over, leg);
}

static void
send_cancel (Leg *leg, const sip_t *because)
{
  g_autofree gchar *reason = reason_of (because);

  sip_transaction_cancel (leg->invite, reason);
  be_patient (leg, SIP_CANCEL_PATIENCE_MS);
}

static void
send_bye (Leg *leg, const sip_t *because)
{
  msg_t *msg = sip_dialog_create_request (leg->dialog);

  if (because && because->sip_request && because->sip_request->rq_method == sip_method_bye)
    header_policy_copy (msg, because);
  sip_dialog_bye (leg->dialog, msg);
}

static void
tell (Leg *leg, CallActions actions, const Cause *cause)
{
  const LegFuncs *funcs = leg->funcs;

  if (!funcs)
    return;
  if (actions & CALL_TELL_RINGING)
    funcs->ringing (leg, cause->sip, leg->user_data);
  if (actions & CALL_TELL_ANSWERED)
    funcs->answered (leg, cause->sip, leg->user_data);
  if (actions & CALL_TELL_FAILED)
    funcs->failed (leg, cause->status, cause->sip, leg->user_data);
  if (actions & CALL_TELL_ENDED)
    funcs->ended (leg, cause->sip, leg->user_data);
}

static void
step (Leg *leg, LegEvent event, guint status, const sip_t *sip)
{
  Cause cause = { status, sip };
  CallActions actions;

  leg->state = leg_state_next (leg->state, event, &actions);
  leg->busy++;
  if (actions & CALL_SEND_CANCEL)
    send_cancel (leg, sip);
  if (actions & CALL_SEND_ACK) {
    sip_ack_send (leg->dialog, leg->cseq, event == LEG_EVENT_ACK ? sip : NULL);
    g_clear_pointer (&leg->invite, sip_transaction_free);
  }
  if (actions & CALL_SEND_BYE)
    send_bye (leg, sip);
  tell (leg, actions, &cause);
  leg->busy--;
  free_when_done (leg);
}

static void
on_patience_over (gpointer user_data)
{
  Leg *leg = user_data;

  leg->patience = NULL;
  step (leg, LEG_EVENT_GIVE_UP, 408, NULL);
}

static gboolean answer_challenge (Leg *leg, guint status, const sip_t *response);

/* Each early dialog counts for itself. */
static gboolean
is_other_dialog (Leg *leg, const sip_t *response)
{
  const gchar *known = sip_dialog_remote_tag (leg->dialog);
  const gchar *tag = response->sip_to->a_tag;

  return known && tag && g_ascii_strcasecmp (known, tag) != 0;
}

/* A reliable answer comes again until it is acknowledged, which is for the caller to do: neither a
 * repetition goes on, nor one that has overtaken another (RFC 3262 4). */
static gboolean
is_out_of_turn (Leg *leg, guint status, const sip_t *response)
{
  guint32 number;

  if (status >= 200 || !response || !response->sip_rseq)
    return FALSE;
  number = response->sip_rseq->rs_response;
  if (leg->rseq && number != leg->rseq + 1 && !is_other_dialog (leg, response))
    return TRUE;
  leg->rseq = number;
  return FALSE;
}

static void
on_response (SipTransaction *transaction, guint status, const sip_t *response, gpointer user_data)
{
  Leg *leg = user_data;

  if (answer_challenge (leg, status, response) || is_out_of_turn (leg, status, response))
    return;
  if (status >= 200)
    deadline_clear (&leg->patience);
  else if (leg->state != LEG_CANCELLING)
    be_patient (leg, SILENCE_MS);
  if (status < 300 && response)
    sip_dialog_establish (leg->dialog, response);
  if (status < 200)
    step (leg, LEG_EVENT_PROVISIONAL, status, response);
  else
    step (leg, status < 300 ? LEG_EVENT_SUCCESS : LEG_EVENT_FAILURE, status, response);
}

/* The header is optional, and one who did not send it need not get it. */
static void
add_breadth (msg_t *msg, const sip_t *original, guint breadth)
{
  g_autofree gchar *line = NULL;

  if (!breadth || !sip_headers_unknown (original, "Max-Breadth"))
    return;
  line = g_strdup_printf ("Max-Breadth: %u", breadth);
  sip_headers_add (msg, line);
}

static gboolean
stays_nowhere (const sip_header_t *header, gpointer user_data)
{
  return FALSE;
}

/* What a caller who proved himself to us said for that is of no use to whom we call. */
static void
send_invite (Leg *leg, const gchar *authorization)
{
  msg_t *msg = sip_dialog_create_request (leg->dialog);
  sip_t *sip = sip_object (msg);

  sip_headers_route (msg, leg->route);
  sip_headers_forward (msg, leg->original);
  if (leg->bare)
    header_policy_copy_without_body (msg, leg->original);
  else
    header_policy_copy (msg, leg->original);
  dialog_map_copy (msg, leg->original, leg->listener);
  add_breadth (msg, leg->original, leg->breadth);
  sip_add_tl (msg, sip, TAG_IF (leg->reliable, SIPTAG_SUPPORTED_STR ("100rel")), TAG_END ());
  while (leg->credentials && sip->sip_authorization)
    sip_header_remove (msg, sip, (sip_header_t *) sip->sip_authorization);
  while (leg->credentials && sip->sip_proxy_authorization)
    sip_header_remove (msg, sip, (sip_header_t *) sip->sip_proxy_authorization);
  if (authorization)
    sip_headers_add (msg, authorization);
  leg->invite = sip_dialog_send (leg->dialog, SIP_METHOD_INVITE, leg->target, msg, on_response,
                                 leg);
  if (leg->invite)
    leg->cseq = sip_transaction_cseq (leg->invite);
}

static gboolean
answer_challenge (Leg *leg, guint status, const sip_t *response)
{
  const sip_payload_t *body;
  g_autofree gchar *line = NULL;

  if ((status != 401 && status != 407) || !response || !leg->credentials || !leg->funcs ||
      leg->state != LEG_CALLING)
    return FALSE;
  body = leg->original->sip_payload;
  line = credentials_answer (leg->credentials, response, "INVITE", leg->target,
                             body ? body->pl_data : NULL, body ? body->pl_len : 0);
  if (!line)
    return FALSE;
  g_clear_pointer (&leg->invite, sip_transaction_free);
  send_invite (leg, line);
  if (!leg->invite)
    step (leg, LEG_EVENT_FAILURE, 500, NULL);
  return TRUE;
}

static void
on_request (SipDialog *dialog, SipRequest *request, gpointer user_data)
{
  Leg *leg = user_data;

  if (sip_request_method (request) == sip_method_ack)
    return;
  if (sip_request_method (request) == sip_method_bye) {
    sip_request_reply (request, SIP_200_OK, TAG_END ());
    step (leg, LEG_EVENT_BYE, 0, sip_request_sip (request));
  } else if (leg->funcs && leg->state != LEG_DEAD) {
    leg->funcs->request (leg, request, leg->user_data);
  } else {
    sip_request_reply (request, SIP_481_NO_TRANSACTION, TAG_END ());
  }
}

/**
 * leg_new:
 * @funcs: what its owner wants to know
 * @user_data: for @funcs
 *
 * Returns: (transfer full): a leg that calls nobody yet
 */
Leg *
leg_new (const LegFuncs *funcs, gpointer user_data)
{
  Leg *leg = g_new0 (Leg, 1);

  leg->funcs = funcs;
  leg->user_data = user_data;
  counters_inc (COUNTER_LEGS_OPEN);
  return leg;
}

/**
 * leg_release:
 * @leg: (transfer full): a leg; nobody is told of it any more, and it ends
 */
void
leg_release (Leg *leg)
{
  leg->funcs = NULL;
  leg->busy++;
  step (leg, LEG_EVENT_HANG_UP, 0, NULL);
  leg->busy--;
  free_when_done (leg);
}

/**
 * leg_invite:
 * @leg: an idle leg
 * @flow: the way to who is called
 * @invite: the call
 *
 * Returns: whether the INVITE was sent; otherwise the leg is dead and nobody is told
 */
gboolean
leg_invite (Leg *leg, SipFlow *flow, const LegInvite *invite)
{
  const sip_t *original = invite->original;
  su_home_t home[SCRATCH_HOME];
  SipDialogIdentity identity = {
    .from = original->sip_from,
    .to = original->sip_to,
    .call_id = invite->call_id,
    .tag = invite->tag,
    .cseq = original->sip_cseq->cs_seq,
    .contact_user = invite->contact_user,
  };
  CallActions actions;

  su_home_auto (home, sizeof home);
  if (invite->to)
    identity.to = sip_to_make (home, invite->to);
  leg->dialog = sip_dialog_new_uac (flow, &identity, on_request, leg);
  su_home_deinit (home);
  leg->reach = invite->reach;
  if (leg->reach)
    reach_serve (leg->reach, leg->dialog);

  leg->state = leg_state_next (leg->state, LEG_EVENT_INVITE, &actions);
  leg->original = original;
  if (invite->credentials) {
    leg->kept = sip_dialog_create_request (leg->dialog);
    sip_headers_copy (leg->kept, original, stays_nowhere, NULL);
    msg_serialize (leg->kept, msg_object (leg->kept)); /* else its headers have no order */
    leg->original = sip_object (leg->kept);
  }
  leg->listener = sip_request_listener (invite->request);
  leg->breadth = invite->breadth;
  leg->reliable = invite->reliable;
  leg->bare = invite->bare;
  leg->target = g_strdup (invite->target);
  leg->route = g_strdup (invite->route);
  leg->credentials = invite->credentials ? credentials_ref (invite->credentials) : NULL;
  send_invite (leg, NULL);
  if (leg->invite)
    be_patient (leg, SILENCE_MS);
  else
    leg->state = LEG_DEAD;
  return leg->invite != NULL;
}

/**
 * leg_ack:
 * @leg: a leg that answered
 * @ack: (nullable): the caller's ACK
 */
void
leg_ack (Leg *leg, const sip_t *ack)
{
  step (leg, LEG_EVENT_ACK, 0, ack);
}

/**
 * leg_hang_up:
 * @leg: a leg
 * @because: (nullable): the CANCEL or BYE of the other side, whose reason goes along
 *
 * Cancels or ends it.
 */
void
leg_hang_up (Leg *leg, const sip_t *because)
{
  step (leg, LEG_EVENT_HANG_UP, 0, because);
}

/**
 * leg_lose:
 * @leg: a leg
 *
 * Cancels it because another one has the call (RFC 3326).
 */
void
leg_lose (Leg *leg)
{
  su_home_t home[SCRATCH_HOME];
  sip_t because[1] = { 0 };

  su_home_auto (home, sizeof home);
  because->sip_reason = sip_reason_make (home, LEG_ELSEWHERE);
  step (leg, LEG_EVENT_HANG_UP, 0, because);
  su_home_deinit (home);
}

/**
 * leg_abandon:
 * @leg: a leg
 *
 * Forgets it where the peer has never answered, not even by 100, and hangs up otherwise: for an
 * INVITE into a dead flow, which a CANCEL would only keep alive.
 */
void
leg_abandon (Leg *leg)
{
  step (leg, leg->state == LEG_CALLING && !leg_is_silent (leg) ? LEG_EVENT_HANG_UP
                                                               : LEG_EVENT_ABANDON, 0, NULL);
}

/**
 * leg_forget_reliable:
 * @leg: a leg whose last reliable answer has not reached the caller
 *
 * Takes its next repetition for a new one.
 */
void
leg_forget_reliable (Leg *leg)
{
  leg->rseq = 0;
}

/**
 * leg_is_silent:
 * @leg: a leg
 *
 * Returns: whether it is called and has not said a word, not even 100
 */
gboolean
leg_is_silent (const Leg *leg)
{
  return leg->state == LEG_CALLING && sip_transaction_status (leg->invite) < 100;
}

/**
 * leg_dialog:
 * @leg: a leg
 *
 * Returns: (transfer none) (nullable): its dialog, NULL while it is idle
 */
SipDialog *
leg_dialog (const Leg *leg)
{
  return leg->dialog;
}

/**
 * leg_response:
 * @leg: a leg that was answered
 *
 * Returns: (transfer full): the last answer, which then outlives it
 */
msg_t *
leg_response (const Leg *leg)
{
  return sip_transaction_response (leg->invite);
}

/**
 * leg_cseq:
 * @leg: a leg that has answered
 *
 * Returns: the sequence number of its INVITE
 */
guint32
leg_cseq (const Leg *leg)
{
  return leg->cseq;
}

/**
 * leg_reach:
 * @leg: a leg
 *
 * Returns: (transfer none) (nullable): how its phone is found again; NULL for a PBX
 */
Reach *
leg_reach (const Leg *leg)
{
  return leg->reach;
}
