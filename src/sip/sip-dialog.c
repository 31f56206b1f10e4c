/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sip-dialog: one of our dialogs: who is in it, and how it is found (RFC 3261 12).
 *
 * A caller waits long for a phone that sleeps, and seldom says anything meanwhile. So the stack is
 * told of a dialog that the peer opens when somebody else is in it, something is sent, or has come.
 */
#include "sip/sip-dialog.h"

#include "base/clock.h"
#include "base/counters.h"
#include "crypto/token.h"
#include "sip/sip-dialog-inner.h"

#define TAG_BITS 80

/**
 * sip_dialog_of_peer:
 * @listener: any listener
 * @call_id: a Call-ID
 * @tag: the peer's tag
 *
 * Returns: (transfer none) (nullable): the dialog with that peer, if a request of ours was answered
 *   in it
 */
SipDialog *
sip_dialog_of_peer (const SipListener *listener, const gchar *call_id, const gchar *tag)
{
  g_autofree gchar *key = g_strjoin (";", call_id, tag, NULL);

  return g_hash_table_lookup (listener->dialogs, key);
}

static void
forget_peer (SipDialog *dialog)
{
  if (dialog->key)
    g_hash_table_remove (dialog->listener->dialogs, dialog->key);
  g_clear_pointer (&dialog->key, g_free);
}

static void
note_peer (SipDialog *dialog)
{
  if (dialog->key)
    return;
  dialog->key = g_strjoin (";", sip_dialog_call_id (dialog), sip_dialog_remote_tag (dialog), NULL);
  g_hash_table_replace (dialog->listener->dialogs, dialog->key, dialog);
}

/* The forks of a call share Call-ID and our tag, and for the stack one that has not answered yet is
 * in a dialog with anybody. */
static SipDialog *
right_one (SipDialog *dialog, const sip_t *request)
{
  const gchar *tag = request->sip_from->a_tag;
  SipDialog *other = dialog && tag && !nta_leg_get_rtag (dialog->leg)
                       ? sip_dialog_of_peer (dialog->listener, request->sip_call_id->i_id, tag)
                       : NULL;

  return other ? other : dialog;
}

static void
tell (SipDialog *dialog, SipRequest *request)
{
  if (dialog->listener->side == SIP_SIDE_PHONES)
    sip_dialog_set_flow (dialog, sip_request_flow (request));
  dialog->func (dialog, request, dialog->user_data);
}

static int
on_leg_request (nta_leg_magic_t *magic, nta_leg_t *leg, nta_incoming_t *irq, const sip_t *sip)
{
  SipDialog *dialog = right_one (magic, sip);
  SipListener *listener;
  g_autoptr (SipRequest) request = NULL;

  if (!dialog)
    return 481;
  listener = sip_listener_of (dialog->listener->siblings, dialog->listener->agent, irq);
  if (!listener)
    return 500;
  request = sip_request_new (listener, irq, sip);
  tell (dialog, request);
  return 0;
}

static void
make_leg (SipDialog *dialog, guint32 received)
{
  g_hash_table_remove (dialog->listener->dialogs, dialog->tag);
  dialog->leg = sip_leg_new_uas (dialog, on_leg_request, dialog->listener->agent,
                                 sip_request_sip (dialog->opening), dialog->tag, 0, received);
  g_clear_pointer (&dialog->tag, g_free);
}

/**
 * sip_dialog_leg:
 * @dialog: a dialog
 *
 * Returns: (transfer none): what the stack knows it by, from now on at the latest
 */
nta_leg_t *
sip_dialog_leg (SipDialog *dialog)
{
  if (!dialog->leg)
    make_leg (dialog, sip_request_sip (dialog->opening)->sip_cseq->cs_seq);
  return dialog->leg;
}

static SipDialog *
dialog_new (SipFlow *flow, const gchar *contact_user, SipDialogFunc func, gpointer user_data)
{
  SipDialog *dialog = g_new0 (SipDialog, 1);

  dialog->flow = sip_flow_ref (flow);
  dialog->listener = dialog->named = sip_flow_listener (flow);
  dialog->heard = clock_now ();
  dialog->contact_user = g_strdup (contact_user);
  dialog->func = func;
  dialog->user_data = user_data;
  counters_inc (COUNTER_DIALOGS_OPEN);
  return dialog;
}

/**
 * sip_dialog_new_uas:
 * @request: a dialog-creating request without To tag
 * @contact_user: (nullable): the user part of our Contact in this dialog
 * @func: gets the requests inside the dialog
 * @user_data: for @func
 *
 * Returns: (transfer full): our end of the dialog that @request opens, with a tag of its own
 */
SipDialog *
sip_dialog_new_uas (SipRequest *request, const gchar *contact_user, SipDialogFunc func,
                    gpointer user_data)
{
  SipDialog *dialog = dialog_new (sip_request_flow (request), contact_user, func, user_data);

  if (sip_request_sip (request)->sip_request->rq_url->url_type == url_sips)
    sip_dialog_use_sips (dialog);
  dialog->opening = sip_request_ref (request);
  dialog->tag = token_random (TAG_BITS);
  g_hash_table_insert (dialog->listener->dialogs, dialog->tag, dialog);
  return dialog;
}

/**
 * sip_dialog_take:
 * @request: a request in no dialog that the stack knows
 *
 * Returns: whether it is the first one inside a dialog that a peer has opened, which it then went to
 */
gboolean
sip_dialog_take (SipRequest *request)
{
  const sip_t *sip = sip_request_sip (request);
  g_autofree gchar *tag = sip->sip_to->a_tag ? g_ascii_strdown (sip->sip_to->a_tag, -1) : NULL;
  SipDialog *dialog =
    tag ? g_hash_table_lookup (sip_request_listener (request)->dialogs, tag) : NULL;
  const sip_t *opening = dialog ? sip_request_sip (dialog->opening) : NULL;

  if (!dialog || !sip_leg_would_take (opening, sip))
    return FALSE;
  if (sip->sip_cseq->cs_seq < opening->sip_cseq->cs_seq) {
    sip_request_reply (request, SIP_500_INTERNAL_SERVER_ERROR, TAG_END ()); /* RFC 3261 12.2.2 */
    return TRUE;
  }
  make_leg (dialog, sip->sip_cseq->cs_seq);
  tell (dialog, request);
  return TRUE;
}

/**
 * sip_dialog_take_tag:
 * @dialog: our end of a dialog that an INVITE of the peer opens
 * @tag: ours from here on: an INVITE may open several early dialogs, one after the other
 */
void
sip_dialog_take_tag (SipDialog *dialog, const gchar *tag)
{
  nta_leg_t *before = sip_dialog_leg (dialog);

  if (g_str_equal (nta_leg_get_tag (before), tag))
    return;
  dialog->leg = sip_leg_new_uas (dialog, on_leg_request, dialog->listener->agent,
                                 sip_request_sip (dialog->opening), tag, nta_leg_get_seq (before),
                                 nta_leg_get_rseq (before));
  sip_leg_free (before, on_leg_request);
}

/**
 * sip_dialog_new_uac:
 * @flow: the way out
 * @identity: who talks to whom
 * @func: gets the requests inside the dialog
 * @user_data: for @func
 *
 * Returns: (transfer full): our end of a dialog that a request of ours is to open
 */
SipDialog *
sip_dialog_new_uac (SipFlow *flow, const SipDialogIdentity *identity, SipDialogFunc func,
                    gpointer user_data)
{
  SipDialog *dialog = dialog_new (flow, identity->contact_user, func, user_data);

  dialog->leg = sip_leg_new_uac (dialog, on_leg_request, dialog->listener->agent, identity);
  dialog->call_id = g_strdup (identity->call_id);
  return dialog;
}

/**
 * sip_dialog_free:
 * @dialog: (transfer full): a dialog
 *
 * Forgets it; later requests inside it get 481.
 */
void
sip_dialog_free (SipDialog *dialog)
{
  if (dialog->peer && dialog->peer->peer == dialog)
    dialog->peer->peer = NULL;
  if (dialog->leg)
    sip_leg_free (dialog->leg, on_leg_request);
  else
    g_hash_table_remove (dialog->listener->dialogs, dialog->tag);
  forget_peer (dialog);
  sip_flow_unref (dialog->flow);
  sip_loop_kick (dialog->listener->loop);
  counters_dec (COUNTER_DIALOGS_OPEN);
  g_clear_pointer (&dialog->opening, sip_request_unref);
  g_clear_pointer (&dialog->acked.words, msg_destroy);
  g_free (dialog->tag);
  g_free (dialog->call_id);
  g_free (dialog->contact_user);
  g_free (dialog);
}

/**
 * sip_dialog_find:
 * @listener: on whose side the dialog is
 * @call_id: its Call-ID
 * @tag: one of its tags
 * @other_tag: the other one
 *
 * Returns: (transfer none) (nullable): the dialog
 */
SipDialog *
sip_dialog_find (const SipListener *listener, const gchar *call_id, const gchar *tag,
                 const gchar *other_tag)
{
  SipDialog *dialog = sip_leg_find (listener->agent, on_leg_request, call_id, tag, other_tag);

  return dialog && dialog->listener->side == listener->side ? dialog : NULL;
}

/**
 * sip_dialog_join:
 * @dialog: a dialog
 * @peer: the other leg of the same call
 */
void
sip_dialog_join (SipDialog *dialog, SipDialog *peer)
{
  sip_dialog_leg (dialog); /* from here on others may name them */
  sip_dialog_leg (peer);
  dialog->peer = peer;
  peer->peer = dialog;
}

/**
 * sip_dialog_peer:
 * @dialog: a dialog
 *
 * Returns: (transfer none) (nullable): the other leg of the same call
 */
SipDialog *
sip_dialog_peer (const SipDialog *dialog)
{
  return dialog->peer;
}

/**
 * sip_dialog_call_id:
 * @dialog: a dialog
 *
 * Returns: (transfer none): its Call-ID
 */
const gchar *
sip_dialog_call_id (const SipDialog *dialog)
{
  return dialog->call_id ? dialog->call_id : sip_request_sip (dialog->opening)->sip_call_id->i_id;
}

/**
 * sip_dialog_local_tag:
 * @dialog: a dialog
 *
 * Returns: (transfer none): our tag
 */
const gchar *
sip_dialog_local_tag (SipDialog *dialog)
{
  return dialog->leg ? nta_leg_get_tag (dialog->leg) : dialog->tag;
}

/**
 * sip_dialog_remote_tag:
 * @dialog: a dialog
 *
 * Returns: (transfer none) (nullable): the peer's tag, NULL before its first answer
 */
const gchar *
sip_dialog_remote_tag (SipDialog *dialog)
{
  return nta_leg_get_rtag (sip_dialog_leg (dialog));
}

/* Another fork answered. */
static void
replace_leg (SipDialog *dialog, const sip_t *response)
{
  nta_leg_t *before = dialog->leg;

  dialog->leg = sip_leg_new_fork (dialog, on_leg_request, dialog->listener->agent, response,
                                  nta_leg_get_seq (before));
  sip_leg_free (before, on_leg_request);
}

/**
 * sip_dialog_establish:
 * @dialog: a dialog that a request of ours opens
 * @response: a provisional or 2xx answer with a To tag
 *
 * Takes tag, route set and remote target from the answer (RFC 3261 12.1.2).
 */
void
sip_dialog_establish (SipDialog *dialog, const sip_t *response)
{
  const gchar *tag = response->sip_to ? response->sip_to->a_tag : NULL;
  const gchar *known = nta_leg_get_rtag (sip_dialog_leg (dialog));

  if (!tag)
    return;
  if (known && g_ascii_strcasecmp (known, tag) != 0) {
    replace_leg (dialog, response);
    forget_peer (dialog);
  } else if (!known) {
    nta_leg_rtag (dialog->leg, tag);
  }
  note_peer (dialog);
  nta_leg_client_route (dialog->leg, response->sip_record_route, response->sip_contact);
}

/**
 * sip_dialog_establish_by_request:
 * @dialog: a dialog that a request of ours opens
 * @request: the peer's first request inside it, which has overtaken the answer (RFC 6665 4.4.1)
 */
void
sip_dialog_establish_by_request (SipDialog *dialog, const sip_t *request)
{
  if (!request->sip_from->a_tag)
    return;
  nta_leg_rtag (dialog->leg, request->sip_from->a_tag);
  note_peer (dialog);
  sip_dialog_refresh (dialog, request);
}

/**
 * sip_dialog_refresh:
 * @dialog: a dialog
 * @request: a request from the peer that may name a new remote target
 */
void
sip_dialog_refresh (SipDialog *dialog, const sip_t *request)
{
  if (!request->sip_contact)
    return;
  nta_leg_server_route (sip_dialog_leg (dialog), request->sip_record_route, request->sip_contact);
}

/**
 * sip_dialog_acked:
 * @dialog: a dialog
 *
 * Returns: (transfer none): what it keeps for sip-ack, which finds it by its peer then
 */
SipAcked *
sip_dialog_acked (SipDialog *dialog)
{
  note_peer (dialog);
  return &dialog->acked;
}

