/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sip-leg: the identity of a dialog, by which the stack finds it: Call-ID and tags (RFC 3261 12.1);
 * and where its requests go.
 *
 * The stack cannot change a tag, so a dialog whose INVITE was forked gets another leg when another
 * early dialog takes its place. For sip-dialog alone.
 */
#include "sip/sip-leg.h"

#include <gio/gio.h>

/**
 * sip_leg_new_uas:
 * @dialog: whose it is
 * @func: gets the requests
 * @agent: the stack
 * @request: what the peer opens the dialog with
 * @tag: ours
 * @sent: the number of our last request to the peer, 0 for none
 * @received: the number of the peer's last one
 *
 * The tag is there from the beginning, else the stack takes a second INVITE of the same call (an
 * answer to a challenge, another fork of the PBX) for one inside this dialog.
 *
 * Returns: (transfer full): the leg
 */
nta_leg_t *
sip_leg_new_uas (nta_leg_magic_t *dialog, nta_request_f *func, nta_agent_t *agent,
                 const sip_t *request, const gchar *tag, guint32 sent, guint32 received)
{
  su_home_t home[SCRATCH_HOME];
  sip_from_t *local;
  nta_leg_t *leg;

  su_home_auto (home, sizeof home);
  local = sip_from_dup (home, (const sip_from_t *) request->sip_to);
  sip_from_tag (home, local, tag);
  leg = nta_leg_tcreate (agent, func, dialog, SIPTAG_CALL_ID (request->sip_call_id),
                         SIPTAG_FROM (local), SIPTAG_TO ((sip_to_t *) request->sip_from),
                         SIPTAG_CSEQ (sip_cseq_create (home, sent, SIP_METHOD_INVITE)),
                         NTATAG_REMOTE_CSEQ (received), TAG_END ());
  su_home_deinit (home);
  nta_leg_server_route (leg, request->sip_record_route, request->sip_contact);
  return leg;
}

/**
 * sip_leg_new_uac:
 * @dialog: whose it is
 * @func: gets the requests
 * @agent: the stack
 * @identity: who talks to whom
 *
 * Returns: (transfer full): the leg, without the peer's tag
 */
nta_leg_t *
sip_leg_new_uac (nta_leg_magic_t *dialog, nta_request_f *func, nta_agent_t *agent,
                 const SipDialogIdentity *identity)
{
  su_home_t home[SCRATCH_HOME];
  sip_from_t *from;
  sip_to_t *to;
  nta_leg_t *leg;

  su_home_auto (home, sizeof home);
  from = sip_from_dup (home, identity->from);
  msg_header_remove_param (from->a_common, "tag");
  sip_from_tag (home, from, identity->tag);
  to = sip_to_dup (home, identity->to);
  msg_header_remove_param (to->a_common, "tag");
  /* The stack counts on from here; it takes 0 for no number at all. */
  leg = nta_leg_tcreate (agent, func, dialog, SIPTAG_CALL_ID_STR (identity->call_id),
                         SIPTAG_FROM (from), SIPTAG_TO (to),
                         SIPTAG_CSEQ (sip_cseq_create (home, MAX (identity->cseq, 2) - 1,
                                                       SIP_METHOD_INVITE)),
                         TAG_END ());
  su_home_deinit (home);
  return leg;
}

/**
 * sip_leg_new_fork:
 * @dialog: whose it is
 * @func: gets the requests
 * @agent: the stack
 * @response: by which another one answers the INVITE
 * @sent: the number of our last request in the dialog
 *
 * Returns: (transfer full): the leg
 */
nta_leg_t *
sip_leg_new_fork (nta_leg_magic_t *dialog, nta_request_f *func, nta_agent_t *agent,
                  const sip_t *response, guint32 sent)
{
  sip_cseq_t cseq = *response->sip_cseq;

  cseq.cs_seq = MAX (cseq.cs_seq, sent); /* the dialog may have been this one before */
  return nta_leg_tcreate (agent, func, dialog, SIPTAG_CALL_ID (response->sip_call_id),
                          SIPTAG_FROM (response->sip_from), SIPTAG_TO (response->sip_to),
                          SIPTAG_CSEQ (&cseq), TAG_END ());
}

static nta_leg_magic_t *
find_with_tags (nta_agent_t *agent, nta_request_f *func, const sip_call_id_t *call_id,
                const gchar *local, const gchar *remote)
{
  nta_leg_t *leg = nta_leg_by_dialog (agent, NULL, call_id, remote, NULL, local, NULL);

  return leg ? nta_leg_magic (leg, func) : NULL;
}

/**
 * sip_leg_find:
 * @agent: the stack
 * @func: what the leg was made with
 * @call_id: its Call-ID
 * @tag: one of its tags
 * @other_tag: the other one
 *
 * Returns: (transfer none) (nullable): the dialog whose leg it is
 */
nta_leg_magic_t *
sip_leg_find (nta_agent_t *agent, nta_request_f *func, const gchar *call_id, const gchar *tag,
              const gchar *other_tag)
{
  su_home_t home[SCRATCH_HOME];
  sip_call_id_t *header;
  nta_leg_magic_t *dialog = NULL;

  su_home_auto (home, sizeof home);
  header = sip_call_id_make (home, call_id);
  if (header) {
    dialog = find_with_tags (agent, func, header, tag, other_tag);
    if (!dialog)
      dialog = find_with_tags (agent, func, header, other_tag, tag);
  }
  su_home_deinit (home);
  return dialog;
}

/**
 * sip_leg_would_take:
 * @opening: what the peer opens a dialog with that has no leg yet
 * @request: a request with our tag in that dialog
 *
 * Returns: whether a leg of it would get @request (RFC 3261 12.2.2)
 */
gboolean
sip_leg_would_take (const sip_t *opening, const sip_t *request)
{
  const gchar *remote = opening->sip_from->a_tag;
  const gchar *tag = request->sip_from->a_tag;

  return g_str_equal (request->sip_call_id->i_id, opening->sip_call_id->i_id) &&
         (!remote || (tag && g_ascii_strcasecmp (tag, remote) == 0));
}

/**
 * sip_leg_next_hop:
 * @leg: a leg
 * @port: (out): its port
 *
 * Returns: (transfer full) (nullable): the address to which the route set or the remote target
 *   points, when that is numeric
 */
gchar *
sip_leg_next_hop (nta_leg_t *leg, guint *port)
{
  const sip_route_t *route = NULL;
  const sip_contact_t *target = NULL;
  const url_t *url;
  g_autofree gchar *host = NULL;
  const gchar *text;
  gsize length;

  nta_leg_get_route (leg, &route, &target);
  url = route ? route->r_url : target ? target->m_url : NULL;
  if (!url || !url->url_host)
    return NULL;
  host = g_strdup (url->url_host[0] == '[' ? url->url_host + 1 : url->url_host);
  length = strlen (host);
  if (length && host[length - 1] == ']')
    host[length - 1] = '\0';
  if (!g_hostname_is_ip_address (host))
    return NULL;
  text = url_port (url);
  *port = (guint) g_ascii_strtoull (text && *text ? text : "5060", NULL, 10);
  return g_steal_pointer (&host);
}

/**
 * sip_leg_free:
 * @leg: (transfer full): a leg; later requests in it get 481
 * @func: what it was made with
 */
void
sip_leg_free (nta_leg_t *leg, nta_request_f *func)
{
  nta_leg_bind (leg, func, NULL);
  nta_leg_destroy (leg);
}
