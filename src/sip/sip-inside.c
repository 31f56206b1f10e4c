/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sip-inside: requests of ours in a dialog: those that are answered, the ACK of a 2xx, and the BYE
 * (RFC 3261 12.2.1, 13.2.2.4, 15.1.1).
 *
 * Each takes the way that the dialog knows (see sip-dialog).
 */
#include "sip/sip-inside.h"

#include "sip/sip-headers.h"

/**
 * sip_dialog_is_refreshed_by:
 * @method: a method
 *
 * Returns: whether its requests and their answers name the sender's Contact (RFC 3261 12.2)
 */
gboolean
sip_dialog_is_refreshed_by (sip_method_t method)
{
  return method == sip_method_invite || method == sip_method_update ||
         method == sip_method_subscribe || method == sip_method_notify ||
         method == sip_method_refer;
}

/**
 * sip_dialog_send:
 * @dialog: a dialog
 * @method: the method, sip_method_unknown for one that the stack does not know
 * @method_name: its name
 * @target: (nullable): the Request-URI of the first request; NULL inside the dialog
 * @msg: (transfer full): further headers and the body
 * @func: told of the answers
 * @user_data: for @func
 *
 * Returns: (transfer full) (nullable): the transaction, or NULL when nothing can be sent
 */
SipTransaction *
sip_dialog_send (SipDialog *dialog, sip_method_t method, const gchar *method_name,
                 const gchar *target, msg_t *msg, SipResponseFunc func, gpointer user_data)
{
  g_autofree gchar *aim = target ? sip_dialog_aim (dialog, target) : NULL;

  if (sip_dialog_is_refreshed_by (method))
    sip_dialog_add_contact (dialog, msg);
  if (!sip_dialog_complete (dialog, msg, method, method_name, aim)) {
    msg_destroy (msg);
    return NULL;
  }
  return sip_transaction_send (sip_dialog_flow (dialog), msg, func, user_data);
}

static void
send_and_forget (SipDialog *dialog, msg_t *msg, const gchar *ack_branch)
{
  SipFlow *flow = sip_dialog_flow (dialog);
  SipListener *listener = sip_flow_listener (flow);
  nta_outgoing_t *orq = NULL;

  sip_headers_make_room (msg);
  if (sip_flow_can_send (flow))
    orq = nta_outgoing_mcreate (listener->agent, NULL, NULL, sip_flow_route (flow), msg,
                                SIP_FLOW_TAGS (flow),
                                TAG_IF (ack_branch, NTATAG_ACK_BRANCH (ack_branch)), TAG_END ());
  if (orq)
    nta_outgoing_destroy (orq);
  else
    msg_destroy (msg);
  sip_loop_kick (listener->loop);
}

/**
 * sip_dialog_ack:
 * @dialog: a dialog
 * @cseq: the INVITE's sequence number
 * @branch: the INVITE's Via branch, without which the stack would abort
 * @ack: (nullable): the ACK whose body and credentials go along
 *
 * Acknowledges a 2xx (RFC 3261 13.2.2.4); the stack repeats it for each repeated 2xx.
 */
void
sip_dialog_ack (SipDialog *dialog, guint32 cseq, const gchar *branch, const sip_t *ack)
{
  msg_t *msg = sip_dialog_create_request (dialog);
  sip_t *sip = sip_object (msg);

  sip_add_tl (msg, sip,
              SIPTAG_CSEQ (sip_cseq_create (msg_home (msg), cseq, SIP_METHOD_ACK)), TAG_END ());
  if (ack)
    sip_add_tl (msg, sip, SIPTAG_AUTHORIZATION (ack->sip_authorization),
                SIPTAG_PROXY_AUTHORIZATION (ack->sip_proxy_authorization),
                SIPTAG_CONTENT_TYPE (ack->sip_content_type),
                SIPTAG_CONTENT_DISPOSITION (ack->sip_content_disposition),
                SIPTAG_CONTENT_ENCODING (ack->sip_content_encoding),
                SIPTAG_PAYLOAD (ack->sip_payload), TAG_END ());
  if (!sip_dialog_complete (dialog, msg, SIP_METHOD_ACK, NULL)) {
    msg_destroy (msg);
    return;
  }
  send_and_forget (dialog, msg, branch);
}

/**
 * sip_dialog_bye:
 * @dialog: a dialog
 * @msg: (transfer full): further headers, from sip_dialog_create_request()
 *
 * Ends the dialog; nobody waits for the answer.
 */
void
sip_dialog_bye (SipDialog *dialog, msg_t *msg)
{
  if (!sip_dialog_complete (dialog, msg, SIP_METHOD_BYE, NULL)) {
    msg_destroy (msg);
    return;
  }
  send_and_forget (dialog, msg, NULL);
}
