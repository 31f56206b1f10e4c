/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * caller: the side of a call that calls us (RFC 3261 13.3).
 *
 * leg-state decides, this does. A caller whose owner releases it ends by itself.
 *
 * A PBX gets one To tag for the whole call, however many phones ring. A phone gets one for each early
 * dialog of the PBX: where that forks several answer, each with an SDP of its own, and of SDPs with
 * one tag the phone takes the first for the answer and ignores the others (RFC 3261 12.1, 13.2.1).
 *
 * To one that requires it provisional answers go reliably, and we answer the PRACKs (RFC 3262); to
 * one that only supports it those of a single phone do, which then gets the PRACKs.
 */
#include "call/caller.h"

#include "base/counters.h"
#include "call/header-policy.h"
#include "crypto/token.h"
#include "sip/sip-inside.h"
#include "sip/sip-reliable.h"

#define FORK_KEY_BITS 100

struct _Caller {
  CallerState state;
  const CallerFuncs *funcs; /* NULL: released */
  gpointer user_data;
  SipRequest *invite;
  SipDialog *dialog;
  Reach *reach;
  SipReliable *reliable; /* nullable: it does not support them */
  gboolean forks;    /* it has a tag for each early dialog of who is called */
  gchar *first_fork; /* nullable: whom our first tag stands for */
  gchar *first_tag;
  KeyedHash *fork_key; /* nullable: what keys all further tags */
  gboolean must_offer; /* in our first reliable answer; none is sent, for its PRACK would answer us */
  guint busy;
};

/* What an event brings along. */
typedef struct {
  const sip_t *sip; /* nullable */
  guint status;
  const gchar *phrase; /* nullable */
  gboolean with_body;
} Cause;

static void
caller_free (Caller *caller)
{
  sip_request_watch (caller->invite, NULL, NULL);
  sip_dialog_free (caller->dialog);
  g_clear_pointer (&caller->reach, reach_free);
  g_clear_pointer (&caller->reliable, sip_reliable_free);
  g_clear_pointer (&caller->fork_key, keyed_hash_free);
  g_free (caller->first_fork);
  g_free (caller->first_tag);
  sip_request_unref (caller->invite);
  counters_dec (COUNTER_LEGS_OPEN);
  g_free (caller);
}

static void
free_when_done (Caller *caller)
{
  if (!caller->funcs && caller->state == CALLER_DEAD && !caller->busy)
    caller_free (caller);
}

static KeyedHash *
create_key (void)
{
  g_autofree gchar *key = token_random (FORK_KEY_BITS);

  return keyed_hash_new (key, strlen (key));
}

/* As a rule there is only one, for whom the tag will do that there is. */
static gchar *
tag_for (Caller *caller, const gchar *upstream)
{
  if (g_str_equal (upstream, caller->first_fork))
    return g_strdup (caller->first_tag);
  if (!caller->fork_key)
    caller->fork_key = create_key ();
  return token_keyed (caller->fork_key, upstream, NULL);
}

/* What one of those whom the PBX lets ring has said goes on under the tag that stands for him. */
static void
follow_fork (Caller *caller, const sip_t *response)
{
  const gchar *upstream = response->sip_to->a_tag;
  g_autofree gchar *tag = NULL;

  if (!upstream)
    return;
  if (!caller->first_fork) {
    caller->first_fork = g_strdup (upstream);
    caller->first_tag = g_strdup (sip_dialog_local_tag (caller->dialog));
  }
  tag = tag_for (caller, upstream);
  sip_dialog_take_tag (caller->dialog, tag);
}

/* By the tag of the final answer the stack knows its ACK. */
static void
settle_tag (Caller *caller)
{
  sip_request_set_tag (caller->invite, sip_dialog_local_tag (caller->dialog));
}

static void
send_response (Caller *caller, const Cause *cause)
{
  msg_t *msg;

  if (cause->status < 200 && caller->must_offer)
    return;
  if (caller->forks && cause->status < 300 && cause->sip)
    follow_fork (caller, cause->sip);
  if (cause->status >= 200)
    settle_tag (caller);
  msg = sip_request_create_response (caller->invite);
  if (cause->sip && cause->with_body)
    header_policy_copy (msg, cause->sip);
  else if (cause->sip)
    header_policy_copy_without_body (msg, cause->sip);
  if (cause->status < 300)
    sip_dialog_add_contact (caller->dialog, msg);
  if (caller->forks && cause->status < 200)
    sip_request_reply_early (caller->invite, cause->status, cause->phrase, msg,
                             sip_dialog_local_tag (caller->dialog));
  else if (!caller->reliable || cause->status >= 200)
    sip_request_reply_msg (caller->invite, cause->status, cause->phrase, msg);
  else if (cause->sip && cause->with_body && cause->sip->sip_rseq)
    sip_reliable_reply (caller->reliable, cause->status, cause->phrase, msg,
                        cause->sip->sip_rseq->rs_response);
  else
    sip_reliable_reply_plain (caller->reliable, cause->status, cause->phrase, msg);
}

static void
send_bye (Caller *caller, const sip_t *because)
{
  msg_t *msg = sip_dialog_create_request (caller->dialog);

  if (because && because->sip_request && because->sip_request->rq_method == sip_method_bye)
    header_policy_copy (msg, because);
  sip_dialog_bye (caller->dialog, msg);
}

static void
tell (Caller *caller, CallActions actions, const sip_t *sip)
{
  const CallerFuncs *funcs = caller->funcs;

  if (!funcs)
    return;
  if (actions & CALL_TELL_CANCELLED)
    funcs->cancelled (caller, sip, caller->user_data);
  if (actions & CALL_TELL_ACKED)
    funcs->acked (caller, sip, caller->user_data);
  if (actions & CALL_TELL_ENDED)
    funcs->ended (caller, sip, caller->user_data);
}

static void
step (Caller *caller, CallerEvent event, const Cause *cause)
{
  CallActions actions;

  caller->state = caller_state_next (caller->state, event, &actions);
  caller->busy++;
  if (actions & (CALL_SEND_PROVISIONAL | CALL_SEND_FINAL))
    send_response (caller, cause);
  if (actions & CALL_SEND_504)
    sip_request_reply (caller->invite, 504, NULL, TAG_END ());
  if (actions & CALL_SEND_487)
    sip_request_reply (caller->invite, SIP_487_REQUEST_CANCELLED, TAG_END ());
  if (actions & CALL_SEND_480)
    sip_request_reply (caller->invite, SIP_480_TEMPORARILY_UNAVAILABLE, TAG_END ());
  if (actions & CALL_SEND_BYE)
    send_bye (caller, cause->sip);
  tell (caller, actions, cause->sip);
  caller->busy--;
  free_when_done (caller);
}

static void
on_invite_event (SipRequest *invite, SipRequestEvent event, const sip_t *sip, gpointer user_data)
{
  Caller *caller = user_data;
  const Cause cause = { .sip = sip };

  switch (event) {
  case SIP_REQUEST_ACKED:
    step (caller, CALLER_EVENT_ACK, &cause);
    break;
  case SIP_REQUEST_CANCELLED:
    step (caller, CALLER_EVENT_CANCEL, &cause);
    break;
  case SIP_REQUEST_NO_ACK:
    step (caller, CALLER_EVENT_NO_ACK, &cause);
    break;
  }
}

static void
on_request (SipDialog *dialog, SipRequest *request, gpointer user_data)
{
  Caller *caller = user_data;
  const Cause cause = { .sip = sip_request_sip (request) };

  if (sip_request_method (request) == sip_method_ack)
    return;
  if (sip_request_method (request) == sip_method_bye) {
    sip_request_reply (request, SIP_200_OK, TAG_END ());
    step (caller, CALLER_EVENT_BYE, &cause);
  } else if (caller->funcs && caller->state != CALLER_DEAD) {
    caller->funcs->request (caller, request, caller->user_data);
  } else {
    sip_request_reply (request, SIP_481_NO_TRANSACTION, TAG_END ());
  }
}

static void
on_prack (SipRequest *prack, gpointer user_data)
{
  Caller *caller = user_data;

  on_request (caller->dialog, prack, caller);
}

static gboolean
is_phone (SipRequest *invite)
{
  return sip_request_listener (invite)->side == SIP_SIDE_PHONES;
}

/**
 * caller_new:
 * @invite: an INVITE without To tag
 * @contact_user: (nullable): the user part of our Contact in the dialog with the caller
 * @funcs: what its owner wants to know
 * @user_data: for @funcs
 *
 * Says 100 to the INVITE.
 *
 * Returns: (transfer full): the caller
 */
Caller *
caller_new (SipRequest *invite, const gchar *contact_user, const CallerFuncs *funcs,
            gpointer user_data)
{
  Caller *caller = g_new0 (Caller, 1);
  const sip_t *sip = sip_request_sip (invite);
  gboolean requires = header_policy_requires (sip, "100rel");

  caller->funcs = funcs;
  caller->user_data = user_data;
  caller->invite = sip_request_ref (invite);
  caller->dialog = sip_dialog_new_uas (invite, contact_user, on_request, caller);
  caller->must_offer = requires && !sip->sip_payload;
  if (is_phone (invite) && !requires)
    caller->forks = TRUE;
  else
    settle_tag (caller);
  if (!caller->forks && (requires || header_policy_offers_reliable (sip)))
    caller->reliable = sip_reliable_new (invite, requires, on_prack, caller);
  sip_request_watch (invite, on_invite_event, caller);
  sip_request_reply (invite, SIP_100_TRYING, TAG_END ());
  counters_inc (COUNTER_LEGS_OPEN);
  return caller;
}

/**
 * caller_release:
 * @caller: (transfer full): a caller; nobody is told of it any more, and it ends
 */
void
caller_release (Caller *caller)
{
  const Cause cause = { 0 };

  caller->funcs = NULL;
  caller->busy++;
  step (caller, CALLER_EVENT_HANG_UP, &cause);
  caller->busy--;
  free_when_done (caller);
}

/**
 * caller_set_reach:
 * @caller: a caller that is a registered phone
 * @reach: (transfer full): how it is found again
 */
void
caller_set_reach (Caller *caller, Reach *reach)
{
  caller->reach = reach;
  reach_serve (reach, caller->dialog);
}

/**
 * caller_hold:
 * @caller: a caller
 * @status: 180 or 183: what to let it hear while nobody rings yet
 */
void
caller_hold (Caller *caller, guint status)
{
  const Cause cause = { .status = status };

  step (caller, CALLER_EVENT_RING, &cause);
}

/**
 * caller_ring:
 * @caller: a caller
 * @response: a provisional answer from who is called
 * @with_body: whether its body goes along
 */
void
caller_ring (Caller *caller, const sip_t *response, gboolean with_body)
{
  const Cause cause = { response, (guint) response->sip_status->st_status,
                        response->sip_status->st_phrase, with_body };

  step (caller, CALLER_EVENT_RING, &cause);
}

/**
 * caller_answer:
 * @caller: a caller
 * @response: the 2xx from who is called
 */
void
caller_answer (Caller *caller, const sip_t *response)
{
  const Cause cause = { response, (guint) response->sip_status->st_status,
                        response->sip_status->st_phrase, TRUE };

  step (caller, CALLER_EVENT_ANSWER, &cause);
}

/**
 * caller_reject:
 * @caller: a caller
 * @status: 300 to 699
 * @phrase: (nullable): the reason phrase
 * @response: (nullable): the answer that is passed on
 */
void
caller_reject (Caller *caller, guint status, const gchar *phrase, const sip_t *response)
{
  const Cause cause = { response, status, phrase, TRUE };

  step (caller, CALLER_EVENT_REJECT, &cause);
}

/**
 * caller_hang_up:
 * @caller: a caller
 * @bye: (nullable): the BYE of the other side, which goes along
 */
void
caller_hang_up (Caller *caller, const sip_t *bye)
{
  const Cause cause = { .sip = bye };

  step (caller, CALLER_EVENT_HANG_UP, &cause);
}

/**
 * caller_invite:
 * @caller: a caller
 *
 * Returns: (transfer none): its INVITE
 */
SipRequest *
caller_invite (const Caller *caller)
{
  return caller->invite;
}

/**
 * caller_dialog:
 * @caller: a caller
 *
 * Returns: (transfer none): the dialog with it
 */
SipDialog *
caller_dialog (const Caller *caller)
{
  return caller->dialog;
}

/**
 * caller_reach:
 * @caller: a caller
 *
 * Returns: (transfer none) (nullable): how its phone is found again
 */
Reach *
caller_reach (const Caller *caller)
{
  return caller->reach;
}
