/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vapid: tells a web push service who we are (RFC 8292).
 *
 * The key is made once and kept: phones subscribe with it (+sip.vapid), and a new one would cut
 * all of them off. One token per push service is signed and used again until half its life.
 */
#include "crypto/vapid.h"

#include "base/error.h"
#include "crypto/base64url.h"
#include "crypto/jwt.h"

#include <json-glib/json-glib.h>
#include <string.h>

#define MAX_TOKENS 256       /* origins come from phones */
#define MAX_LIFE (24 * 3600) /* RFC 8292 section 2 */

struct _Vapid {
  gatomicrefcount references;
  KeyPair *pair;
  gchar *key;
  GHashTable *tokens; /* "origin subject" to Token */
};

typedef struct {
  gchar *authorization;
  gint64 renewal; /* wall seconds */
} Token;

static void
token_free (Token *token)
{
  g_free (token->authorization);
  g_free (token);
}

/**
 * vapid_new:
 * @pair: (transfer full): a P-256 pair
 * @error: where an error goes
 *
 * Returns: (transfer full) (nullable): our identity
 */
Vapid *
vapid_new (KeyPair *pair, GError **error)
{
  g_autoptr (KeyPair) owned = pair;
  g_autoptr (GBytes) point = key_pair_point (pair, error);
  Vapid *vapid;

  if (!point)
    return NULL;
  vapid = g_new0 (Vapid, 1);
  g_atomic_ref_count_init (&vapid->references);
  vapid->pair = g_steal_pointer (&owned);
  vapid->key = base64url_encode_bytes (point);
  vapid->tokens =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) token_free);
  return vapid;
}

/**
 * vapid_load:
 * @path: vapid.pem
 * @error: where an error goes
 *
 * Reads the key, or makes it, mode 0600, where there is none.
 *
 * Returns: (transfer full) (nullable): our identity
 */
Vapid *
vapid_load (const gchar *path, GError **error)
{
  KeyPair *pair = key_pair_load_or_generate (path, error);
  Vapid *vapid = pair ? vapid_new (pair, error) : NULL;

  if (pair && !vapid)
    g_prefix_error (error, "%s: ", path);
  return vapid;
}

/**
 * vapid_ref:
 * @vapid: our identity
 *
 * Returns: (transfer full): the same
 */
Vapid *
vapid_ref (Vapid *vapid)
{
  g_atomic_ref_count_inc (&vapid->references);
  return vapid;
}

/**
 * vapid_unref:
 * @vapid: (nullable) (transfer full): our identity
 */
void
vapid_unref (Vapid *vapid)
{
  if (!vapid || !g_atomic_ref_count_dec (&vapid->references))
    return;
  key_pair_free (vapid->pair);
  g_free (vapid->key);
  g_hash_table_unref (vapid->tokens);
  g_free (vapid);
}

/**
 * vapid_key:
 * @vapid: our identity
 *
 * Returns: (transfer none): the public key in base64url, 87 characters (RFC 8292 section 3.2)
 */
const gchar *
vapid_key (Vapid *vapid)
{
  return vapid->key;
}

static gchar *
make_claims (const gchar *origin, const gchar *subject, gint64 expiry)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "aud");
  json_builder_add_string_value (builder, origin);
  json_builder_set_member_name (builder, "exp");
  json_builder_add_int_value (builder, expiry);
  if (subject) {
    json_builder_set_member_name (builder, "sub");
    json_builder_add_string_value (builder, subject);
  }
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  return json_to_string (root, FALSE);
}

/**
 * vapid_authorization:
 * @vapid: our identity
 * @origin: of the push resource: scheme, host and port where it is not the default
 * @subject: (nullable): how to reach the administrator, a mailto: or https: URI
 * @now: wall seconds
 *
 * Returns: (transfer full) (nullable): the value of the Authorization header (RFC 8292 section 3);
 *   NULL only when the key cannot sign
 */
gchar *
vapid_authorization (Vapid *vapid, const gchar *origin, const gchar *subject, gint64 now)
{
  g_autofree gchar *name = g_strjoin (" ", origin, subject ? subject : "", NULL);
  Token *token = g_hash_table_lookup (vapid->tokens, name);
  g_autofree gchar *claims = NULL, *jwt = NULL;

  /* A renewal further off than any we set means that the clock was put back. */
  if (token && now < token->renewal && token->renewal - now <= VAPID_LIFE / 2)
    return g_strdup (token->authorization);
  claims = make_claims (origin, subject, now + VAPID_LIFE);
  jwt = jwt_sign (vapid->pair, "JWT", NULL, claims, NULL);
  if (!jwt)
    return NULL;
  if (g_hash_table_size (vapid->tokens) >= MAX_TOKENS)
    g_hash_table_remove_all (vapid->tokens);
  token = g_new0 (Token, 1);
  token->authorization = g_strdup_printf ("vapid t=%s,k=%s", jwt, vapid->key);
  token->renewal = now + VAPID_LIFE / 2;
  g_hash_table_replace (vapid->tokens, g_steal_pointer (&name), token);
  return g_strdup (token->authorization);
}

static gboolean
refuse (GError **error, const gchar *what)
{
  g_set_error_literal (error, SIPWAKE_ERROR, SIPWAKE_ERROR_DENIED, what);
  return FALSE;
}

static gchar *
find_parameter (const gchar *authorization, const gchar *name)
{
  g_auto (GStrv) parameters = g_strsplit (authorization, ",", 8);

  for (gsize i = 0; parameters[i]; i++) {
    const gchar *parameter = g_strstrip (parameters[i]);

    if (g_str_has_prefix (parameter, name))
      return g_strdup (parameter + strlen (name));
  }
  return NULL;
}

static gboolean
check_claims (const gchar *claims, const gchar *origin, gint64 now, GError **error)
{
  g_autoptr (JsonNode) root = json_from_string (claims, error);
  JsonObject *object;
  gint64 expiry;

  if (!root)
    return FALSE;
  if (!JSON_NODE_HOLDS_OBJECT (root))
    return refuse (error, "The claims are no object");
  object = json_node_get_object (root);
  if (g_strcmp0 (json_object_get_string_member_with_default (object, "aud", NULL), origin) != 0)
    return refuse (error, "The token is for another origin");
  expiry = json_object_get_int_member_with_default (object, "exp", 0);
  if (expiry <= now)
    return refuse (error, "The token has expired");
  if (expiry > now + MAX_LIFE)
    return refuse (error, "The token lives longer than a day");
  return TRUE;
}

/**
 * vapid_verify:
 * @authorization: the value of an Authorization header
 * @origin: the origin it must be for
 * @now: wall seconds
 * @error: what is wrong with it
 *
 * What a push service does (RFC 8292 sections 2 and 4.2); the simulator calls it.
 *
 * Returns: whether the token is good and signed with the key beside it
 */
gboolean
vapid_verify (const gchar *authorization, const gchar *origin, gint64 now, GError **error)
{
  g_autofree gchar *token = NULL, *key = NULL, *claims = NULL;
  g_autoptr (GBytes) point = NULL;
  g_autoptr (KeyPair) pair = NULL;

  if (g_ascii_strncasecmp (authorization, "vapid ", 6) != 0)
    return refuse (error, "The scheme is not vapid");
  token = find_parameter (authorization + 6, "t=");
  key = find_parameter (authorization + 6, "k=");
  point = key ? base64url_decode (key, -1) : NULL;
  if (!token || !point)
    return refuse (error, "A token or a key is missing");
  pair = key_pair_from_point (point, error);
  if (!pair)
    return FALSE;
  claims = jwt_verify (pair, token, error);
  return claims && check_claims (claims, origin, now, error);
}
