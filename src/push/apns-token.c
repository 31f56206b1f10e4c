/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * apns-token: the provider token by which Apple knows who pushes: a JWT signed with a team's key.
 *
 * All pushes under one key share one token, for Apple refuses a key whose token changes more often
 * than every 20 minutes or is older than 60.
 */
#include "push/apns-token.h"

#include "base/clock.h"
#include "base/error.h"
#include "crypto/jwt.h"
#include "crypto/key-file.h"

#include <json-glib/json-glib.h>

struct _ApnsToken {
  gint refs;
  gchar *team_id;
  gchar *key_id;
  GBytes *pem;
  KeyPair *pair;
  gchar *bearer;      /* "bearer JWT", or NULL before the first */
  gint64 minted;      /* monotonic microseconds */
  gint64 minted_wall; /* seconds: what the token says itself */
};

static gboolean
check_key (KeyPair *pair, GError **error)
{
  g_autoptr (GBytes) signature = NULL;

  if (!g_str_equal (key_pair_algorithm (pair), "ES256")) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CONFIG, "Apple's keys are P-256");
    return FALSE;
  }
  /* The public half alone cannot do it. */
  signature = key_pair_sign (pair, "", error);
  return signature != NULL;
}

/**
 * apns_token_new:
 * @team_id: the team's id
 * @key_id: the key's id
 * @key_file: where the key lies: PEM, as Apple hands it out
 * @error: where an error goes
 *
 * Returns: (transfer full) (nullable): the token; nothing is signed yet
 */
ApnsToken *
apns_token_new (const gchar *team_id, const gchar *key_id, const gchar *key_file, GError **error)
{
  g_autoptr (GBytes) pem = key_file_load (key_file, error);
  g_autoptr (GString) text =
      pem ? g_string_new_len (g_bytes_get_data (pem, NULL), (gssize) g_bytes_get_size (pem)) : NULL;
  g_autoptr (KeyPair) pair = text ? key_pair_from_pem (text->str, error) : NULL;
  ApnsToken *token;

  if (!text)
    return NULL;
  if (!pair || !check_key (pair, error)) {
    g_prefix_error (error, "%s: ", key_file);
    return NULL;
  }
  token = g_new0 (ApnsToken, 1);
  token->refs = 1;
  token->team_id = g_strdup (team_id);
  token->key_id = g_strdup (key_id);
  token->pem = g_steal_pointer (&pem);
  token->pair = g_steal_pointer (&pair);
  return token;
}

/**
 * apns_token_ref:
 * @token: a token
 *
 * Returns: (transfer full): @token
 */
ApnsToken *
apns_token_ref (ApnsToken *token)
{
  token->refs++;
  return token;
}

/**
 * apns_token_unref:
 * @token: (transfer full): a token
 */
void
apns_token_unref (ApnsToken *token)
{
  if (--token->refs > 0)
    return;
  g_free (token->team_id);
  g_free (token->key_id);
  g_bytes_unref (token->pem);
  key_pair_free (token->pair);
  g_free (token->bearer);
  g_free (token);
}

/**
 * apns_token_equal:
 * @a: a token
 * @b: another
 *
 * Returns: whether both are made with the same key, so that one has to do for both
 */
gboolean
apns_token_equal (const ApnsToken *a, const ApnsToken *b)
{
  return g_str_equal (a->team_id, b->team_id) && g_str_equal (a->key_id, b->key_id) &&
         g_bytes_equal (a->pem, b->pem);
}

static gchar *
make_claims (const ApnsToken *token, gint64 now)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "iss");
  json_builder_add_string_value (builder, token->team_id);
  json_builder_set_member_name (builder, "iat");
  json_builder_add_int_value (builder, now);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  return json_to_string (root, FALSE);
}

static gboolean
mint (ApnsToken *token, GError **error)
{
  gint64 now = clock_wall ();
  g_autofree gchar *claims = make_claims (token, now);
  g_autofree gchar *jwt = jwt_sign (token->pair, NULL, token->key_id, claims, error);

  if (!jwt)
    return FALSE;
  g_free (token->bearer);
  token->bearer = g_strconcat ("bearer ", jwt, NULL);
  token->minted = clock_now ();
  token->minted_wall = now;
  return TRUE;
}

static gboolean
may_mint (const ApnsToken *token)
{
  return !token->bearer || clock_now () - token->minted >= APNS_TOKEN_INTERVAL * CLOCK_SECOND;
}

/* The wall clock may have been set, and Apple reads what it said when the token was made. */
static gboolean
is_old (const ApnsToken *token)
{
  gint64 age = clock_wall () - token->minted_wall;

  return !token->bearer || age >= APNS_TOKEN_LIFE || age < -APNS_TOKEN_INTERVAL ||
         clock_now () - token->minted >= APNS_TOKEN_LIFE * CLOCK_SECOND;
}

/**
 * apns_token_get:
 * @token: the token
 * @error: where an error goes
 *
 * Returns: (transfer none) (nullable): the value of the authorization header
 */
const gchar *
apns_token_get (ApnsToken *token, GError **error)
{
  if (is_old (token) && may_mint (token) && !mint (token, error))
    return NULL;
  return token->bearer;
}

/**
 * apns_token_name:
 * @token: the token
 *
 * Returns: (transfer full): which key makes it
 */
gchar *
apns_token_name (const ApnsToken *token)
{
  return g_strdup_printf ("key %s of the team %s", token->key_id, token->team_id);
}

/**
 * apns_token_renew:
 * @token: the token
 * @refused: the header's value that Apple called expired
 *
 * Of many pushes that were refused the first makes a new token and the others take it.
 *
 * Returns: whether apns_token_get() gives another value now
 */
gboolean
apns_token_renew (ApnsToken *token, const gchar *refused)
{
  if (g_strcmp0 (token->bearer, refused) != 0)
    return TRUE;
  return may_mint (token) && mint (token, NULL);
}
