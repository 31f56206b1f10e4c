/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * digest-header: Digest challenges and credentials as text, RFC 7616 §3.3-3.4, RFC 3261 §25.1.
 *
 * Bytes to values and back, for what phones and PBXs send: bounded, and strict where leniency
 * would let two readers of one field disagree (a parameter given twice, control characters).
 * Parameters that we do not know are skipped and never sent on.
 */
#include "crypto/digest-header.h"

#include "base/error.h"
#include "crypto/auth-params.h"

#include <openssl/rand.h>
#include <string.h>

#define MAX_CHALLENGES 8

typedef struct {
  const gchar *name;
  gsize offset; /* of the string in its struct */
} Field;

static const Field challenge_fields[] = {
  { "realm", G_STRUCT_OFFSET (DigestChallenge, realm) },
  { "nonce", G_STRUCT_OFFSET (DigestChallenge, nonce) },
  { "opaque", G_STRUCT_OFFSET (DigestChallenge, opaque) },
  { "domain", G_STRUCT_OFFSET (DigestChallenge, domain) },
};

static const Field credentials_fields[] = {
  { "username", G_STRUCT_OFFSET (DigestCredentials, username) },
  { "realm", G_STRUCT_OFFSET (DigestCredentials, realm) },
  { "nonce", G_STRUCT_OFFSET (DigestCredentials, nonce) },
  { "uri", G_STRUCT_OFFSET (DigestCredentials, uri) },
  { "response", G_STRUCT_OFFSET (DigestCredentials, response) },
  { "opaque", G_STRUCT_OFFSET (DigestCredentials, opaque) },
  { "cnonce", G_STRUCT_OFFSET (DigestCredentials, cnonce) },
  { "nc", G_STRUCT_OFFSET (DigestCredentials, nc) },
};

/**
 * digest_challenge_new:
 *
 * Returns: (transfer full): an empty challenge, MD5 without qop
 */
DigestChallenge *
digest_challenge_new (void)
{
  return g_new0 (DigestChallenge, 1);
}

/**
 * digest_challenge_free:
 * @challenge: (nullable) (transfer full): a challenge
 */
void
digest_challenge_free (DigestChallenge *challenge)
{
  if (!challenge)
    return;
  for (guint i = 0; i < G_N_ELEMENTS (challenge_fields); i++)
    g_free (G_STRUCT_MEMBER (gchar *, challenge, challenge_fields[i].offset));
  g_free (challenge);
}

/**
 * digest_credentials_new:
 *
 * Returns: (transfer full): empty credentials, MD5 without qop
 */
DigestCredentials *
digest_credentials_new (void)
{
  return g_new0 (DigestCredentials, 1);
}

/**
 * digest_credentials_free:
 * @credentials: (nullable) (transfer full): credentials
 */
void
digest_credentials_free (DigestCredentials *credentials)
{
  if (!credentials)
    return;
  for (guint i = 0; i < G_N_ELEMENTS (credentials_fields); i++)
    g_free (G_STRUCT_MEMBER (gchar *, credentials, credentials_fields[i].offset));
  g_free (credentials);
}

static void
take_fields (gpointer record, const Field *fields, guint n_fields, GHashTable *params)
{
  for (guint i = 0; i < n_fields; i++)
    G_STRUCT_MEMBER (gchar *, record, fields[i].offset) =
        g_strdup (g_hash_table_lookup (params, fields[i].name));
}

static DigestChallenge *
challenge_from_params (GHashTable *params)
{
  g_autoptr (DigestChallenge) challenge = digest_challenge_new ();
  const gchar *qop = g_hash_table_lookup (params, "qop");
  const gchar *stale = g_hash_table_lookup (params, "stale");

  if (!digest_algorithm_from_string (g_hash_table_lookup (params, "algorithm"),
                                     &challenge->algorithm))
    return NULL;
  take_fields (challenge, challenge_fields, G_N_ELEMENTS (challenge_fields), params);
  challenge->stale = stale && g_ascii_strcasecmp (stale, "true") == 0;
  if (qop) {
    g_auto (GStrv) words = g_strsplit_set (qop, ", \t", 16);

    for (gchar **word = words; *word; word++) {
      challenge->qop_auth |= g_ascii_strcasecmp (*word, "auth") == 0;
      challenge->qop_auth_int |= g_ascii_strcasecmp (*word, "auth-int") == 0;
    }
    if (!challenge->qop_auth && !challenge->qop_auth_int)
      return NULL;
  }
  return challenge->realm && challenge->nonce ? g_steal_pointer (&challenge) : NULL;
}

/**
 * digest_challenges_parse:
 * @text: the value of one WWW-Authenticate or Proxy-Authenticate field
 * @error: return location
 *
 * RFC 7616 §3.3. Challenges that nobody here could answer (another scheme, algorithm or qop, no
 * realm, no nonce) are left out; RFC 8760 §2.4 wants the first of the rest to be answered.
 *
 * Returns: (transfer full) (element-type DigestChallenge) (nullable): the challenges in their
 *   order, perhaps none; %NULL with %SIPWAKE_ERROR_INVALID or %SIPWAKE_ERROR_LIMIT
 */
GPtrArray *
digest_challenges_parse (const gchar *text, GError **error)
{
  g_autoptr (GPtrArray) challenges =
      g_ptr_array_new_with_free_func ((GDestroyNotify) digest_challenge_free);
  const gchar *at = auth_params_skip_space (text);

  if (!auth_params_check_length (text, error))
    return NULL;
  for (guint n = 0; *at; n++) {
    g_autofree gchar *scheme = auth_params_read_scheme (&at, error);
    g_autoptr (GHashTable) params = scheme ? auth_params_read (&at, error) : NULL;
    DigestChallenge *challenge = NULL;

    if (!params)
      return NULL;
    if (n >= MAX_CHALLENGES) {
      g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_LIMIT, "more than %d challenges in a field",
                   MAX_CHALLENGES);
      return NULL;
    }
    if (g_ascii_strcasecmp (scheme, "Digest") == 0)
      challenge = challenge_from_params (params);
    if (challenge)
      g_ptr_array_add (challenges, challenge);
  }
  return g_steal_pointer (&challenges);
}

/**
 * digest_challenge_to_string:
 * @challenge: a challenge with realm and nonce
 *
 * Returns: (transfer full): the value of a WWW-Authenticate or Proxy-Authenticate field
 */
gchar *
digest_challenge_to_string (const DigestChallenge *challenge)
{
  GString *text = g_string_new ("Digest ");

  auth_params_append (text, "realm", challenge->realm);
  auth_params_append (text, "domain", challenge->domain);
  auth_params_append (text, "nonce", challenge->nonce);
  auth_params_append (text, "opaque", challenge->opaque);
  if (challenge->stale)
    g_string_append (text, ", stale=true");
  g_string_append_printf (text, ", algorithm=%s",
                          digest_algorithm_to_string (challenge->algorithm));
  if (challenge->qop_auth || challenge->qop_auth_int)
    auth_params_append (text, "qop",
                        !challenge->qop_auth_int ? "auth"
                        : challenge->qop_auth    ? "auth,auth-int"
                                                 : "auth-int");
  return g_string_free (text, FALSE);
}

static gboolean
check_credentials (const DigestCredentials *credentials, GError **error)
{
  if (!credentials->username || !credentials->realm || !credentials->nonce || !credentials->uri ||
      !credentials->response) {
    g_set_error_literal (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID,
                         "digest credentials lack username, realm, nonce, uri or response");
    return FALSE;
  }
  if (credentials->qop == DIGEST_QOP_NONE)
    return TRUE;
  if (!credentials->cnonce || !credentials->nc || strlen (credentials->nc) != 8 ||
      strspn (credentials->nc, "0123456789abcdefABCDEF") != 8) {
    g_set_error_literal (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID,
                         "digest credentials with qop lack cnonce or an nc of eight hex digits");
    return FALSE;
  }
  return TRUE;
}

/**
 * digest_credentials_parse:
 * @text: the value of one Authorization or Proxy-Authorization field
 * @error: return location
 *
 * RFC 7616 §3.4.
 *
 * Returns: (transfer full) (nullable): the credentials, complete for their qop; %NULL with
 *   %SIPWAKE_ERROR_INVALID, or %SIPWAKE_ERROR_LIMIT
 */
DigestCredentials *
digest_credentials_parse (const gchar *text, GError **error)
{
  g_autoptr (DigestCredentials) credentials = digest_credentials_new ();
  const gchar *at = auth_params_skip_space (text), *qop;
  g_autoptr (GHashTable) params = NULL;
  g_autofree gchar *scheme = NULL;

  if (!auth_params_check_length (text, error))
    return NULL;
  scheme = auth_params_read_scheme (&at, error);
  params = scheme ? auth_params_read (&at, error) : NULL;
  if (!params)
    return NULL;
  qop = g_hash_table_lookup (params, "qop");
  if (*at || g_ascii_strcasecmp (scheme, "Digest") != 0 ||
      !digest_algorithm_from_string (g_hash_table_lookup (params, "algorithm"),
                                     &credentials->algorithm) ||
      (qop && g_ascii_strcasecmp (qop, "auth") != 0 && g_ascii_strcasecmp (qop, "auth-int") != 0)) {
    g_set_error_literal (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID,
                         "credentials of a scheme, algorithm or qop that was not offered");
    return NULL;
  }
  if (qop)
    credentials->qop = strlen (qop) == 4 ? DIGEST_QOP_AUTH : DIGEST_QOP_AUTH_INT;
  take_fields (credentials, credentials_fields, G_N_ELEMENTS (credentials_fields), params);
  return check_credentials (credentials, error) ? g_steal_pointer (&credentials) : NULL;
}

/**
 * digest_credentials_to_string:
 * @credentials: credentials with a response
 *
 * Returns: (transfer full): the value of an Authorization or Proxy-Authorization field
 */
gchar *
digest_credentials_to_string (const DigestCredentials *credentials)
{
  GString *text = g_string_new ("Digest ");

  auth_params_append (text, "username", credentials->username);
  auth_params_append (text, "realm", credentials->realm);
  auth_params_append (text, "nonce", credentials->nonce);
  auth_params_append (text, "uri", credentials->uri);
  auth_params_append (text, "response", credentials->response);
  g_string_append_printf (text, ", algorithm=%s",
                          digest_algorithm_to_string (credentials->algorithm));
  auth_params_append (text, "opaque", credentials->opaque);
  if (credentials->qop != DIGEST_QOP_NONE) {
    g_string_append_printf (text, ", qop=%s, nc=%s", digest_qop_to_string (credentials->qop),
                            credentials->nc);
    auth_params_append (text, "cnonce", credentials->cnonce);
  }
  return g_string_free (text, FALSE);
}

/**
 * digest_credentials_nc:
 * @credentials: parsed credentials
 *
 * Returns: the nonce count; 0 without qop
 */
guint32
digest_credentials_nc (const DigestCredentials *credentials)
{
  return credentials->qop == DIGEST_QOP_NONE ? 0 : g_ascii_strtoull (credentials->nc, NULL, 16);
}

static DigestInput
credentials_input (const DigestCredentials *credentials,
                   const gchar *method,
                   const gchar *body,
                   gsize body_size)
{
  return (DigestInput){ .algorithm = credentials->algorithm,
                        .qop = credentials->qop,
                        .method = method,
                        .uri = credentials->uri,
                        .nonce = credentials->nonce,
                        .nc = credentials->nc,
                        .cnonce = credentials->cnonce,
                        .body = body,
                        .body_size = body_size };
}

/**
 * digest_credentials_verify:
 * @credentials: what the peer sent
 * @ha1: HA1 of the credentials' algorithm, for the user and realm that the caller has compared
 * @method: the request's method
 * @body: (nullable): its body, for auth-int
 * @body_size: in bytes
 *
 * Neither the nonce (crypto/nonce) nor the URI is looked at.
 *
 * Returns: whether the response is right
 */
gboolean
digest_credentials_verify (const DigestCredentials *credentials,
                           const gchar *ha1,
                           const gchar *method,
                           const gchar *body,
                           gsize body_size)
{
  DigestInput input = credentials_input (credentials, method, body, body_size);

  return digest_verify (&input, ha1, credentials->response);
}

/**
 * digest_challenge_answer:
 * @challenge: the challenge to answer
 * @username: the user name
 * @ha1: HA1 of the challenge's algorithm and realm
 * @method: the request's method
 * @uri: its Request-URI as it will be sent
 * @body: (nullable): its body
 * @body_size: in bytes
 * @nc: how many requests, this one included, have used this nonce
 *
 * qop auth is taken before auth-int: the body may still change on its way (RFC 3261 §22.4).
 *
 * Returns: (transfer full) (nullable): credentials; %NULL when OpenSSL forbids the hash
 */
DigestCredentials *
digest_challenge_answer (const DigestChallenge *challenge,
                         const gchar *username,
                         const gchar *ha1,
                         const gchar *method,
                         const gchar *uri,
                         const gchar *body,
                         gsize body_size,
                         guint32 nc)
{
  g_autoptr (DigestCredentials) credentials = digest_credentials_new ();
  DigestInput input;
  guchar random[8];

  credentials->algorithm = challenge->algorithm;
  credentials->qop = challenge->qop_auth       ? DIGEST_QOP_AUTH
                     : challenge->qop_auth_int ? DIGEST_QOP_AUTH_INT
                                               : DIGEST_QOP_NONE;
  credentials->username = g_strdup (username);
  credentials->realm = g_strdup (challenge->realm);
  credentials->nonce = g_strdup (challenge->nonce);
  credentials->opaque = g_strdup (challenge->opaque);
  credentials->uri = g_strdup (uri);
  if (credentials->qop != DIGEST_QOP_NONE) {
    if (RAND_bytes (random, sizeof random) != 1)
      return NULL;
    credentials->cnonce = g_base64_encode (random, sizeof random);
    credentials->nc = g_strdup_printf ("%08x", nc);
  }
  input = credentials_input (credentials, method, body, body_size);
  credentials->response = digest_response (&input, ha1);
  return credentials->response ? g_steal_pointer (&credentials) : NULL;
}
