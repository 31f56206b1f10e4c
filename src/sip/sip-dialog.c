/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sip-dialog: one of our dialogs: its identity, its route, and the way that its requests take
 * (RFC 3261 12).
 *
 * Toward phones a request takes the phone's flow whatever its Contact says: the one that the phone
 * was last heard on. Toward the PBX it takes the connection it has while that is open, and else the
 * address of the route set or of the PBX's Contact, as long as that is numeric.
 */
#include "sip/sip-dialog.h"

#include "base/clock.h"
#include "base/counters.h"
#include "crypto/token.h"

#define TAG_BITS 80

struct _SipDialog {
  nta_leg_t *leg;
  SipFlow *flow;
  SipListener *listener;
  SipListener *named; /* whose URI our Contact is */
  gchar *contact_user;
  gboolean is_sips; /* our Contact */
  gchar *call_id;
  SipDialog *peer; /* nullable: the other leg of the same call */
  SipDialogFunc func;
  gpointer user_data;
  SipDialogWayFunc way;
  gpointer way_data;
  SipAcked acked;
  gint64 heard; /* when the peer was last heard on @flow, in monotonic microseconds */
};

static int
on_leg_request (nta_leg_magic_t *magic, nta_leg_t *leg, nta_incoming_t *irq, const sip_t *sip)
{
  SipDialog *dialog = magic;
  SipListener *listener;
  g_autoptr (SipRequest) request = NULL;

  if (!dialog)
    return 481;
  listener = sip_listener_of (dialog->listener->siblings, dialog->listener->agent, irq);
  if (!listener)
    return 500;
  request = sip_request_new (listener, irq, sip);
  if (dialog->listener->side == SIP_SIDE_PHONES)
    sip_dialog_set_flow (dialog, sip_request_flow (request));
  dialog->func (dialog, request, dialog->user_data);
  return 0;
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

static gboolean
is_sips (const gchar *uri)
{
  return g_ascii_strncasecmp (uri, "sips:", strlen ("sips:")) == 0;
}

/* Who calls sips: is told to come back that way (RFC 3261 8.1.1.8, 12.1.1), and nobody else. */
static void
use_sips (SipDialog *dialog)
{
  dialog->is_sips = sip_transport_is_secure (dialog->listener->transport);
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
  const sip_t *sip = sip_request_sip (request);
  SipDialog *dialog = dialog_new (sip_request_flow (request), contact_user, func, user_data);
  g_autofree gchar *tag = token_random (TAG_BITS);

  if (sip->sip_request->rq_url->url_type == url_sips)
    use_sips (dialog);
  dialog->leg = sip_leg_new_uas (dialog, on_leg_request, dialog->listener->agent, sip, tag, 0);
  dialog->call_id = g_strdup (sip->sip_call_id->i_id);
  return dialog;
}

/**
 * sip_dialog_take_tag:
 * @dialog: our end of a dialog that @request opens
 * @request: what sip_dialog_new_uas() was given
 * @tag: ours from here on: an INVITE may open several early dialogs, one after the other
 */
void
sip_dialog_take_tag (SipDialog *dialog, SipRequest *request, const gchar *tag)
{
  nta_leg_t *before = dialog->leg;

  if (g_str_equal (nta_leg_get_tag (before), tag))
    return;
  dialog->leg = sip_leg_new_uas (dialog, on_leg_request, dialog->listener->agent,
                                 sip_request_sip (request), tag, nta_leg_get_seq (before));
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
  sip_leg_free (dialog->leg, on_leg_request);
  sip_flow_unref (dialog->flow);
  sip_loop_kick (dialog->listener->loop);
  counters_dec (COUNTER_DIALOGS_OPEN);
  g_clear_pointer (&dialog->acked.words, msg_destroy);
  g_free (dialog->call_id);
  g_free (dialog->contact_user);
  g_free (dialog);
}

static SipDialog *
find_with_tags (const SipListener *listener, const sip_call_id_t *call_id, const gchar *local,
                const gchar *remote)
{
  nta_leg_t *leg =
    nta_leg_by_dialog (listener->agent, NULL, call_id, remote, NULL, local, NULL);
  SipDialog *dialog = leg ? nta_leg_magic (leg, on_leg_request) : NULL;

  return dialog && dialog->listener->side == listener->side ? dialog : NULL;
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
  su_home_t home[SCRATCH_HOME];
  sip_call_id_t *header;
  SipDialog *dialog = NULL;

  su_home_auto (home, sizeof home);
  header = sip_call_id_make (home, call_id);
  if (header) {
    dialog = find_with_tags (listener, header, tag, other_tag);
    if (!dialog)
      dialog = find_with_tags (listener, header, other_tag, tag);
  }
  su_home_deinit (home);
  return dialog;
}

/**
 * sip_dialog_join:
 * @dialog: a dialog
 * @peer: the other leg of the same call
 */
void
sip_dialog_join (SipDialog *dialog, SipDialog *peer)
{
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
  return dialog->call_id;
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
  return nta_leg_get_tag (dialog->leg);
}

/* Where the route set or the remote target points to, when that is numeric. */
static SipFlow *
flow_to_next_hop (SipDialog *dialog)
{
  const sip_route_t *route = NULL;
  const sip_contact_t *target = NULL;
  const url_t *url;
  g_autofree gchar *host = NULL;
  const gchar *port;
  gsize length;

  nta_leg_get_route (dialog->leg, &route, &target);
  url = route ? route->r_url : target ? target->m_url : NULL;
  if (!url || !url->url_host)
    return NULL;
  host = g_strdup (url->url_host[0] == '[' ? url->url_host + 1 : url->url_host);
  length = strlen (host);
  if (length && host[length - 1] == ']')
    host[length - 1] = '\0';
  if (!g_hostname_is_ip_address (host))
    return NULL;
  port = url_port (url);
  return sip_flow_to_address (dialog->listener, host,
                              (guint) g_ascii_strtoull (port && *port ? port : "5060", NULL, 10));
}

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

  if (flow)
    sip_dialog_set_flow (dialog, flow);
  if (dialog->listener->side == SIP_SIDE_PHONES ||
      (sip_flow_is_connection (dialog->flow) && sip_flow_is_open (dialog->flow)))
    return dialog->flow;
  flow = flow_to_next_hop (dialog);
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
 * sip_dialog_remote_tag:
 * @dialog: a dialog
 *
 * Returns: (transfer none) (nullable): the peer's tag, NULL before its first answer
 */
const gchar *
sip_dialog_remote_tag (SipDialog *dialog)
{
  return nta_leg_get_rtag (dialog->leg);
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
  const gchar *known = nta_leg_get_rtag (dialog->leg);

  if (!tag)
    return;
  if (known && g_ascii_strcasecmp (known, tag) != 0)
    replace_leg (dialog, response);
  else if (!known)
    nta_leg_rtag (dialog->leg, tag);
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
  sip_dialog_refresh (dialog, request);
}

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
 * sip_dialog_refresh:
 * @dialog: a dialog
 * @request: a request from the peer that may name a new remote target
 */
void
sip_dialog_refresh (SipDialog *dialog, const sip_t *request)
{
  if (!request->sip_contact)
    return;
  nta_leg_server_route (dialog->leg, request->sip_record_route, request->sip_contact);
}

/**
 * sip_dialog_acked:
 * @dialog: a dialog
 *
 * Returns: (transfer none): what it keeps for sip-ack
 */
SipAcked *
sip_dialog_acked (SipDialog *dialog)
{
  return &dialog->acked;
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
    use_sips (dialog);
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
  return nta_msg_request_complete (msg, dialog->leg, method, method_name,
                                   (url_string_t *) target) >= 0;
}
