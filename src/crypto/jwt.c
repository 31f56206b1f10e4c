/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * jwt: signed tokens (RFC 7519) in the compact form of RFC 7515 section 7.1.
 *
 * We make them for push services; only the tests read them. The key decides the algorithm, never
 * the token's header.
 */
#include "crypto/jwt.h"

#include "base/error.h"
#include "crypto/base64url.h"

#include <json-glib/json-glib.h>
#include <string.h>

#define MAX_TOKEN 8192

static gchar *
make_header (KeyPair *pair, const gchar *type, const gchar *key_id)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;

  json_builder_begin_object (builder);
  if (type) {
    json_builder_set_member_name (builder, "typ");
    json_builder_add_string_value (builder, type);
  }
  json_builder_set_member_name (builder, "alg");
  json_builder_add_string_value (builder, key_pair_algorithm (pair));
  if (key_id) {
    json_builder_set_member_name (builder, "kid");
    json_builder_add_string_value (builder, key_id);
  }
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  return json_to_string (root, FALSE);
}

/**
 * jwt_sign:
 * @pair: a pair with its private half: P-256 makes ES256, RSA makes RS256
 * @type: (nullable): the header's "typ"
 * @key_id: (nullable): the header's "kid"
 * @claims: a JSON object
 * @error: where an error goes
 *
 * Returns: (transfer full) (nullable): the token
 */
gchar *
jwt_sign (
    KeyPair *pair, const gchar *type, const gchar *key_id, const gchar *claims, GError **error)
{
  g_autofree gchar *header = make_header (pair, type, key_id);
  g_autofree gchar *header64 = base64url_encode (header, strlen (header));
  g_autofree gchar *claims64 = base64url_encode (claims, strlen (claims));
  g_autofree gchar *input = g_strconcat (header64, ".", claims64, NULL);
  g_autoptr (GBytes) signature = key_pair_sign (pair, input, error);
  g_autofree gchar *signature64 = signature ? base64url_encode_bytes (signature) : NULL;

  return signature ? g_strconcat (input, ".", signature64, NULL) : NULL;
}

static gchar *
decode_text (const gchar *start, const gchar *end)
{
  g_autoptr (GBytes) bytes = base64url_decode (start, end - start);
  gsize size;
  const gchar *data;

  if (!bytes)
    return NULL;
  data = g_bytes_get_data (bytes, &size);
  return g_utf8_validate_len (data, size, NULL) ? g_strndup (data, size) : NULL;
}

static gboolean
split (const gchar *token, const gchar **first_dot, const gchar **last_dot, GError **error)
{
  *first_dot = strchr (token, '.');
  *last_dot = strrchr (token, '.');
  if (strlen (token) <= MAX_TOKEN && *first_dot && *last_dot > *first_dot &&
      strchr (*first_dot + 1, '.') == *last_dot)
    return TRUE;
  g_set_error_literal (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID, "Not a JWT of three parts");
  return FALSE;
}

/**
 * jwt_header:
 * @token: a token
 * @error: where an error goes
 *
 * Returns: (transfer full) (nullable): its header, JSON, not verified
 */
gchar *
jwt_header (const gchar *token, GError **error)
{
  const gchar *first, *last;
  gchar *header;

  if (!split (token, &first, &last, error))
    return NULL;
  header = decode_text (token, first);
  if (!header)
    g_set_error_literal (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID, "The JWT has no header");
  return header;
}

static gboolean
check_algorithm (KeyPair *pair, const gchar *token, GError **error)
{
  g_autofree gchar *header = jwt_header (token, error);
  g_autoptr (JsonNode) root = header ? json_from_string (header, error) : NULL;
  JsonObject *object;

  if (!root)
    return FALSE;
  object = JSON_NODE_HOLDS_OBJECT (root) ? json_node_get_object (root) : NULL;
  if (object && g_strcmp0 (json_object_get_string_member_with_default (object, "alg", NULL),
                           key_pair_algorithm (pair)) == 0)
    return TRUE;
  g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID, "The JWT is not signed with %s",
               key_pair_algorithm (pair));
  return FALSE;
}

/**
 * jwt_verify:
 * @pair: the key that must have signed it
 * @token: a token
 * @error: where an error goes
 *
 * Judges the signature and the header's algorithm, not the claims.
 *
 * Returns: (transfer full) (nullable): the claims, JSON
 */
gchar *
jwt_verify (KeyPair *pair, const gchar *token, GError **error)
{
  const gchar *first, *last;
  g_autoptr (GBytes) signature = NULL;
  gchar *claims;

  if (!split (token, &first, &last, error) || !check_algorithm (pair, token, error))
    return NULL;
  signature = base64url_decode (last + 1, -1);
  if (!signature || !key_pair_verify (pair, token, last - token, signature)) {
    g_set_error_literal (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CRYPTO,
                         "The JWT's signature is wrong");
    return NULL;
  }
  claims = decode_text (first + 1, last);
  if (!claims)
    g_set_error_literal (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID, "The JWT has no claims");
  return claims;
}
