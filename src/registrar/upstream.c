/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * upstream: the registration that we keep at the PBX in the phone's name (RFC 3261 10.2).
 *
 * The PBX sees the phone's address of record and credentials and our own Contact, whose user part
 * is an opaque token; nothing of the phone's Contact, its push parameters, its flow (RFC 5626) or
 * its Path. The digest covers none of what is changed, so the phone's credentials still verify.
 */
#include "registrar/upstream.h"

#include "crypto/token.h"
#include "proto/aor.h"
#include "sip/sip-headers.h"

#define BOOT_BITS 40

struct _Upstream {
  gchar *boot;  /* part of each Call-ID and tag, so that sequence numbers may begin anew */
  guint32 cseq;
};

/**
 * upstream_new:
 *
 * Returns: (transfer full): the sender of all upstream registrations
 */
Upstream *
upstream_new (void)
{
  Upstream *upstream = g_new0 (Upstream, 1);

  upstream->boot = token_random (BOOT_BITS);
  return upstream;
}

/**
 * upstream_free:
 * @upstream: (transfer full): the sender
 */
void
upstream_free (Upstream *upstream)
{
  g_free (upstream->boot);
  g_free (upstream);
}

static gboolean
stays_with_us (const sip_header_t *header, gpointer user_data)
{
  static const gchar *const own[] = { "Feature-Caps", "x-p-push", "portsip-push", "X-Push",
                                      "X-MPUSH", "Flow-Timer" };
  const msg_hclass_t *class = header->sh_class;

  if (sip_headers_belong_to_hop (header) || class == sip_expires_class ||
      class == sip_supported_class || class == sip_require_class ||
      class == sip_proxy_require_class)
    return TRUE;
  for (gsize i = 0; i < G_N_ELEMENTS (own); i++)
    if (sip_headers_is (header, own[i]))
      return TRUE;
  return FALSE;
}

static void
add_contacts (msg_t *msg, SipListener *listener, const GArray *contacts)
{
  su_home_t *home = msg_home (msg);

  for (guint i = 0; i < contacts->len; i++) {
    const UpstreamContact *contact = &g_array_index (contacts, UpstreamContact, i);
    g_autofree gchar *uri = sip_listener_uri (listener, contact->token);
    gchar *expires = su_sprintf (home, "expires=%" G_GINT64_FORMAT, contact->expires);

    msg_header_insert (msg, msg_object (msg),
                       (msg_header_t *) sip_contact_create (home, URL_STRING_MAKE (uri), expires,
                                                            NULL));
  }
}

/* Extensions of the phone's hop end here; what else it supports is for the PBX to know. */
static void
add_supported (msg_t *msg, const sip_t *phone)
{
  static const gchar *const ours[] = { "path", "outbound", "gruu", "gin", NULL };

  for (const sip_supported_t *header = phone->sip_supported; header; header = header->k_next)
    for (gsize i = 0; header->k_items && header->k_items[i]; i++)
      if (!g_strv_contains (ours, header->k_items[i]))
        sip_add_tl (msg, sip_object (msg), SIPTAG_SUPPORTED_STR (header->k_items[i]), TAG_END ());
}

static void
add_identity (Upstream *upstream, msg_t *msg, const sip_from_t *who, const sip_to_t *whom,
              const gchar *call_id)
{
  su_home_t *home = msg_home (msg);
  sip_from_t *from = sip_from_dup (home, who);
  sip_to_t *to = sip_to_dup (home, whom);
  g_autofree gchar *tag = g_strdup_printf ("%s%u", upstream->boot, upstream->cseq);

  msg_header_remove_param (from->a_common, "tag");
  sip_from_tag (home, from, tag);
  msg_header_remove_param (to->a_common, "tag");
  msg_header_insert (msg, msg_object (msg), (msg_header_t *) from);
  msg_header_insert (msg, msg_object (msg), (msg_header_t *) to);
  sip_add_tl (msg, sip_object (msg), SIPTAG_CALL_ID_STR (call_id), TAG_END ());
}

/**
 * upstream_send:
 * @upstream: the sender
 * @way: the way to the PBX
 * @phone: the phone's REGISTER
 * @call_id_seed: what stays the same for a device
 * @contacts: (element-type UpstreamContact): our Contacts; none asks the PBX without changing it
 * @func: told of the answer
 * @user_data: for @func
 *
 * The Request-URI stays the phone's own, since the PBX may compare it with the digest's.
 *
 * Returns: (transfer full) (nullable): the transaction, or NULL when nothing can be sent
 */
SipTransaction *
upstream_send (Upstream *upstream, SipFlow *way, const sip_t *phone, const gchar *call_id_seed,
               const GArray *contacts, SipResponseFunc func, gpointer user_data)
{
  SipListener *listener = sip_flow_listener (way);
  msg_t *msg = nta_msg_create (listener->agent, 0);
  su_home_t *home = msg_home (msg);
  g_autofree gchar *call_id = g_strdup_printf ("%s-%s", call_id_seed, upstream->boot);
  url_t *target = url_hdup (home, phone->sip_request->rq_url);

  target->url_headers = NULL;
  sip_add_tl (msg, sip_object (msg),
              SIPTAG_REQUEST (sip_request_create (home, SIP_METHOD_REGISTER,
                                                  (url_string_t *) target, NULL)),
              SIPTAG_CSEQ (sip_cseq_create (home, ++upstream->cseq, SIP_METHOD_REGISTER)),
              TAG_END ());
  add_identity (upstream, msg, phone->sip_from, phone->sip_to, call_id);
  add_contacts (msg, listener, contacts);
  sip_headers_forward (msg, phone);
  add_supported (msg, phone);
  sip_headers_copy (msg, phone, stays_with_us, NULL);
  if (nta_msg_complete (msg) < 0) {
    msg_destroy (msg);
    return NULL;
  }
  return sip_transaction_send (way, msg, func, user_data);
}

/**
 * upstream_send_own:
 * @upstream: the sender
 * @way: the way to the PBX
 * @aor: whose registration
 * @call_id_seed: what stays the same for a device
 * @contacts: (element-type UpstreamContact): our Contacts
 * @authorization: (nullable): the header that answers the PBX's challenge
 * @func: told of the answer
 * @user_data: for @func
 *
 * A REGISTER behind which no phone stands at this moment: it has an account, and may sleep.
 *
 * Returns: (transfer full) (nullable): the transaction, or NULL when nothing can be sent
 */
SipTransaction *
upstream_send_own (Upstream *upstream, SipFlow *way, const gchar *aor, const gchar *call_id_seed,
                   const GArray *contacts, const gchar *authorization, SipResponseFunc func,
                   gpointer user_data)
{
  SipListener *listener = sip_flow_listener (way);
  msg_t *msg = nta_msg_create (listener->agent, 0);
  su_home_t *home = msg_home (msg);
  g_autofree gchar *call_id = g_strdup_printf ("%s-%s", call_id_seed, upstream->boot);
  g_autofree gchar *target = upstream_target (aor);
  g_autofree gchar *bracketed = g_strdup_printf ("<%s>", aor);

  sip_add_tl (msg, sip_object (msg),
              SIPTAG_REQUEST (
                sip_request_create (home, SIP_METHOD_REGISTER, URL_STRING_MAKE (target), NULL)),
              SIPTAG_CSEQ (sip_cseq_create (home, ++upstream->cseq, SIP_METHOD_REGISTER)),
              SIPTAG_MAX_FORWARDS_STR ("70"), SIPTAG_USER_AGENT_STR ("sipwake"), TAG_END ());
  add_identity (upstream, msg, sip_from_make (home, bracketed), sip_to_make (home, bracketed),
                call_id);
  add_contacts (msg, listener, contacts);
  if (authorization)
    sip_headers_add (msg, authorization);
  if (nta_msg_complete (msg) < 0) {
    msg_destroy (msg);
    return NULL;
  }
  return sip_transaction_send (way, msg, func, user_data);
}

/**
 * upstream_target:
 * @aor: an address of record
 *
 * Returns: (transfer full): the Request-URI of its REGISTERs (RFC 3261 10.2)
 */
gchar *
upstream_target (const gchar *aor)
{
  g_autofree gchar *host = aor_host (aor);

  return g_strconcat ("sip:", host, NULL);
}

/**
 * upstream_granted:
 * @response: the PBX's 2xx
 * @token: the user part of our Contact
 * @asked: what we asked for, in seconds
 *
 * Returns: how long the PBX keeps our Contact, in seconds
 */
gint64
upstream_granted (const sip_t *response, const gchar *token, gint64 asked)
{
  if (asked == 0)
    return 0;
  for (const sip_contact_t *contact = response->sip_contact; contact; contact = contact->m_next)
    if (g_strcmp0 (contact->m_url->url_user, token) == 0 && contact->m_expires)
      return g_ascii_strtoll (contact->m_expires, NULL, 10);
  return response->sip_expires ? MIN ((gint64) response->sip_expires->ex_delta, asked) : asked;
}
