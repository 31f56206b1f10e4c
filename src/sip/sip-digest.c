/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sip-digest: challenges and credentials in SIP messages (RFC 3261 22, RFC 8760).
 */
#include "sip/sip-digest.h"

static void
collect (GPtrArray *challenges, const msg_auth_t *header)
{
  for (; header; header = header->au_next) {
    g_autofree gchar *text = sip_headers_text ((const sip_header_t *) header);
    g_autoptr (GPtrArray) parsed = digest_challenges_parse (text, NULL);

    if (parsed)
      g_ptr_array_extend_and_steal (challenges, g_steal_pointer (&parsed));
  }
}

/**
 * sip_digest_challenges:
 * @response: a 401 or 407
 *
 * Returns: (transfer full) (element-type DigestChallenge): the challenges that we understand, in
 *   their order
 */
GPtrArray *
sip_digest_challenges (const sip_t *response)
{
  GPtrArray *challenges =
    g_ptr_array_new_with_free_func ((GDestroyNotify) digest_challenge_free);

  collect (challenges, response->sip_www_authenticate);
  collect (challenges, response->sip_proxy_authenticate);
  return challenges;
}

/**
 * sip_digest_is_stale:
 * @response: a 401 or 407
 *
 * Returns: whether it takes the password and only wants a newer nonce (RFC 7616 3.3)
 */
gboolean
sip_digest_is_stale (const sip_t *response)
{
  g_autoptr (GPtrArray) challenges = sip_digest_challenges (response);

  for (guint i = 0; i < challenges->len; i++)
    if (((const DigestChallenge *) g_ptr_array_index (challenges, i))->stale)
      return TRUE;
  return FALSE;
}

static DigestCredentials *
find (const msg_auth_t *header, const gchar *realm)
{
  for (; header; header = header->au_next) {
    g_autofree gchar *text = sip_headers_text ((const sip_header_t *) header);
    g_autoptr (DigestCredentials) credentials = digest_credentials_parse (text, NULL);

    if (credentials && g_strcmp0 (credentials->realm, realm) == 0)
      return g_steal_pointer (&credentials);
  }
  return NULL;
}

/**
 * sip_digest_credentials:
 * @request: a request
 * @realm: a realm
 *
 * Returns: (transfer full) (nullable): the credentials that it brings for that realm
 */
DigestCredentials *
sip_digest_credentials (const sip_t *request, const gchar *realm)
{
  DigestCredentials *credentials = find (request->sip_authorization, realm);

  return credentials ? credentials : find (request->sip_proxy_authorization, realm);
}

/**
 * sip_digest_line:
 * @status: 401 or 407: what is answered
 * @credentials: the answer
 *
 * Returns: (transfer full): the header with its name
 */
gchar *
sip_digest_line (guint status, const DigestCredentials *credentials)
{
  g_autofree gchar *value = digest_credentials_to_string (credentials);

  return g_strconcat (status == 407 ? "Proxy-Authorization: " : "Authorization: ", value, NULL);
}
