/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sip-way: the way that a dialog's requests take, and what they say of us (RFC 3261 12.2.1.1).
 *
 * Toward phones a request takes the phone's flow whatever its Contact says: the one that the phone
 * was last heard on. Toward the PBX it takes the connection it has while that is open, and else the
 * address of the route set or of the PBX's Contact, as long as that is numeric.
 */
#include "sip/sip-dialog.h"

#include "base/clock.h"
#include "sip/sip-dialog-inner.h"

/**
 * sip_dialog_flow:
 * @dialog: a dialog
 *
 * Returns: (transfer none): the way that its next request takes
 */
SipFlow *
sip_dialog_flow (SipDialog *dialog)
{
  SipFlow *flow = dialog->way ? dialog->way (dialog->flow, dialog->heard, dialog->way_data) : NULL;
  g_autofree gchar *host = NULL;
  guint port;

  if (flow)
    sip_dialog_set_flow (dialog, flow);
  if (dialog->listener->side == SIP_SIDE_PHONES ||
      (sip_flow_is_connection (dialog->flow) && sip_flow_is_open (dialog->flow)))
    return dialog->flow;
  host = sip_leg_next_hop (sip_dialog_leg (dialog), &port);
  flow = host ? sip_flow_to_address (dialog->listener, host, port) : NULL;
  if (flow) {
    sip_flow_unref (dialog->flow);
    dialog->flow = flow;
  }
  return dialog->flow;
}

/**
 * sip_dialog_set_flow:
 * @dialog: a dialog with a phone
 * @flow: the phone's newer flow
 */
void
sip_dialog_set_flow (SipDialog *dialog, SipFlow *flow)
{
  sip_flow_ref (flow);
  sip_flow_unref (dialog->flow);
  dialog->flow = flow;
  dialog->listener = sip_flow_listener (flow);
  dialog->heard = clock_now ();
}

/**
 * sip_dialog_set_way:
 * @dialog: a dialog with a phone
 * @func: (nullable): asked before each request for a flow by which the phone is reached better
 * @user_data: for @func
 */
void
sip_dialog_set_way (SipDialog *dialog, SipDialogWayFunc func, gpointer user_data)
{
  dialog->way = func;
  dialog->way_data = user_data;
}

/**
 * sip_dialog_add_contact:
 * @dialog: a dialog
 * @msg: a request or an answer in it
 *
 * Adds our Contact in this dialog.
 */
void
sip_dialog_add_contact (SipDialog *dialog, msg_t *msg)
{
  sip_contact_t contact[1];

  sip_contact_init (contact);
  *contact->m_url = sip_listener_url (dialog->named, dialog->contact_user);
  if (dialog->is_sips) {
    contact->m_url->url_type = url_sips;
    contact->m_url->url_scheme = url_scheme (url_sips);
  }
  sip_add_dup (msg, sip_object (msg), (const sip_header_t *) contact);
}

/**
 * sip_dialog_create_request:
 * @dialog: a dialog
 *
 * Returns: (transfer full): an empty message for sip_dialog_send()
 */
msg_t *
sip_dialog_create_request (SipDialog *dialog)
{
  return nta_msg_create (dialog->listener->agent, 0);
}

/**
 * sip_dialog_use_sips:
 * @dialog: a dialog with one who calls sips:
 *
 * He is told to come back that way (RFC 3261 8.1.1.8, 12.1.1), and nobody else.
 */
void
sip_dialog_use_sips (SipDialog *dialog)
{
  dialog->is_sips = sip_transport_is_secure (dialog->listener->transport);
}

static gboolean
is_sips (const gchar *uri)
{
  return g_ascii_strncasecmp (uri, "sips:", strlen ("sips:")) == 0;
}

/**
 * sip_dialog_aim:
 * @dialog: a dialog
 * @target: the Request-URI of its first request
 *
 * Returns: (transfer full): the same, without the promise of sips: where the way is not secure
 */
gchar *
sip_dialog_aim (SipDialog *dialog, const gchar *target)
{
  gboolean secure = sip_transport_is_secure (dialog->listener->transport);

  if (is_sips (target))
    sip_dialog_use_sips (dialog);
  if (secure || !is_sips (target))
    return g_strdup (target);
  return g_strconcat ("sip:", target + strlen ("sips:"), NULL);
}

/**
 * sip_dialog_complete:
 * @dialog: a dialog
 * @msg: further headers and the body of a request in it
 * @method: its method
 * @method_name: (nullable): its name, where the stack does not know it
 * @target: (nullable): the Request-URI of the first request; NULL inside the dialog
 *
 * Adds what makes it a request of this dialog.
 *
 * Returns: whether that was possible
 */
gboolean
sip_dialog_complete (SipDialog *dialog, msg_t *msg, sip_method_t method, const gchar *method_name,
                     const gchar *target)
{
  return nta_msg_request_complete (msg, sip_dialog_leg (dialog), method, method_name,
                                   (url_string_t *) target) >= 0;
}
