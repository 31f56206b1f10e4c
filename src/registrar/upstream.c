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
#define TAG_SIZE 32

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

/* Headers are put together from their parts: the stack would print them, and parse them again. */
static void
insert (msg_t *msg, gpointer header)
{
  msg_header_insert (msg, msg_object (msg), header);
}

static void
add_contacts (msg_t *msg, SipListener *listener, const GArray *contacts)
{
  for (guint i = 0; i < contacts->len; i++) {
    const UpstreamContact *contact = &g_array_index (contacts, UpstreamContact, i);
    gchar expires[32];
    msg_param_t params[] = { expires, NULL };
    sip_contact_t header[1];

    g_snprintf (expires, sizeof expires, "expires=%" G_GINT64_FORMAT, contact->expires);
    sip_contact_init (header);
    *header->m_url = sip_listener_url (listener, contact->token);
    header->m_params = params;
    insert (msg, sip_contact_dup (msg_home (msg), header));
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

static gboolean
is_tag (const gchar *param)
{
  return g_ascii_strncasecmp (param, "tag", 3) == 0 && (param[3] == '=' || !param[3]);
}

/* Returns: @who with @tag, or with none. */
static sip_addr_t
with_tag (const sip_addr_t *who, gchar *tag, GPtrArray *params)
{
  sip_addr_t party = *who;

  g_ptr_array_set_size (params, 0);
  for (const msg_param_t *param = who->a_params; param && *param; param++)
    if (!is_tag (*param))
      g_ptr_array_add (params, (gpointer) *param);
  if (tag)
    g_ptr_array_add (params, tag);
  g_ptr_array_add (params, NULL);
  party.a_params = (msg_param_t *) params->pdata;
  return party;
}

static void
add_identity (Upstream *upstream, msg_t *msg, const sip_from_t *who, const sip_to_t *whom,
              const gchar *call_id_seed)
{
  su_home_t *home = msg_home (msg);
  g_autoptr (GPtrArray) params = g_ptr_array_sized_new (4);
  g_autofree gchar *call_id = g_strconcat (call_id_seed, "-", upstream->boot, NULL);
  gchar tag[TAG_SIZE];
  sip_call_id_t id[1];
  sip_addr_t party;

  g_snprintf (tag, sizeof tag, "tag=%s%u", upstream->boot, upstream->cseq);
  party = with_tag (who, tag, params);
  insert (msg, sip_from_dup (home, &party));
  party = with_tag (whom, NULL, params);
  insert (msg, sip_to_dup (home, &party));
  sip_call_id_init (id);
  id->i_id = call_id;
  insert (msg, sip_call_id_dup (home, id));
}

/* Our REGISTER, as far as it does not depend on whose request it continues. */
static msg_t *
create (Upstream *upstream, SipListener *listener, const url_string_t *target,
        const sip_from_t *who, const sip_to_t *whom, const gchar *call_id_seed,
        const GArray *contacts)
{
  msg_t *msg = nta_msg_create (listener->agent, 0);
  su_home_t *home = msg_home (msg);

  insert (msg, sip_request_create (home, SIP_METHOD_REGISTER, target, NULL));
  insert (msg, sip_cseq_create (home, ++upstream->cseq, SIP_METHOD_REGISTER));
  add_identity (upstream, msg, who, whom, call_id_seed);
  add_contacts (msg, listener, contacts);
  return msg;
}

static SipTransaction *
transmit (SipFlow *way, msg_t *msg, SipResponseFunc func, gpointer user_data)
{
  if (nta_msg_complete (msg) < 0) {
    msg_destroy (msg);
    return NULL;
  }
  return sip_transaction_send (way, msg, func, user_data);
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
  url_t target[1] = { *phone->sip_request->rq_url };
  msg_t *msg;

  target->url_headers = NULL;
  msg = create (upstream, sip_flow_listener (way), (url_string_t *) target, phone->sip_from,
                phone->sip_to, call_id_seed, contacts);
  sip_headers_forward (msg, phone);
  add_supported (msg, phone);
  sip_headers_copy (msg, phone, stays_with_us, NULL);
  return transmit (way, msg, func, user_data);
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
  su_home_t home[SCRATCH_HOME];
  g_autofree gchar *target = upstream_target (aor);
  g_autofree gchar *bracketed = g_strdup_printf ("<%s>", aor);
  msg_t *msg;

  su_home_auto (home, sizeof home);
  msg = create (upstream, listener, URL_STRING_MAKE (target), sip_from_make (home, bracketed),
                sip_to_make (home, bracketed), call_id_seed, contacts);
  su_home_deinit (home);
  sip_add_tl (msg, sip_object (msg), SIPTAG_MAX_FORWARDS_STR ("70"),
              SIPTAG_USER_AGENT_STR ("sipwake"), TAG_END ());
  if (authorization)
    sip_headers_add (msg, authorization);
  return transmit (way, msg, func, user_data);
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
      return CLAMP (g_ascii_strtoll (contact->m_expires, NULL, 10), 0, G_MAXUINT32);
  return response->sip_expires ? MIN ((gint64) response->sip_expires->ex_delta, asked) : asked;
}
