/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sip-inside: requests of ours in a dialog, those that are answered and the BYE (RFC 3261 12.2.1,
 * 15.1.1).
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
  SipFlow *flow = sip_dialog_flow (dialog);
  SipListener *listener = sip_flow_listener (flow);
  nta_outgoing_t *orq = NULL;

  if (sip_flow_can_send (flow) && sip_dialog_complete (dialog, msg, SIP_METHOD_BYE, NULL)) {
    sip_headers_make_room (msg);
    orq = nta_outgoing_mcreate (listener->agent, NULL, NULL, sip_flow_route (flow), msg,
                                SIP_FLOW_TAGS (flow), TAG_END ());
  }
  if (orq)
    nta_outgoing_destroy (orq);
  else
    msg_destroy (msg);
  sip_loop_kick (listener->loop);
}
