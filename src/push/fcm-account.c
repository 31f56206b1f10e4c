/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fcm-account: a Google service account, from the file that Google's console hands out.
 *
 * It names the project and holds the key that asks for access tokens (RFC 7523).
 */
#include "push/fcm-account.h"

#include "base/clock.h"
#include "base/error.h"
#include "crypto/jwt.h"
#include "crypto/key-file.h"
#include "push/push-url.h"

#include <json-glib/json-glib.h>
#include <string.h>

#define SCOPE "https://www.googleapis.com/auth/firebase.messaging"
#define LIFE 3600 /* seconds, the longest that Google grants */
#define PROJECT_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.:_"

struct _FcmAccount {
  gchar *project;
  gchar *email;
  gchar *key_id; /* nullable */
  gchar *token_uri;
  KeyPair *pair;
};

/**
 * fcm_account_free:
 * @account: (nullable) (transfer full): an account
 */
void
fcm_account_free (FcmAccount *account)
{
  if (!account)
    return;
  g_free (account->project);
  g_free (account->email);
  g_free (account->key_id);
  g_free (account->token_uri);
  g_clear_pointer (&account->pair, key_pair_free);
  g_free (account);
}

static gboolean
fail (GError **error, const gchar *path, const gchar *what)
{
  g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CONFIG, "%s: %s", path, what);
  return FALSE;
}

static gboolean
read_member (
    JsonObject *object, const gchar *name, gchar **value, const gchar *path, GError **error)
{
  *value = g_strdup (json_object_get_string_member_with_default (object, name, NULL));
  if (*value && **value)
    return TRUE;
  g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CONFIG, "%s: %s is missing", path, name);
  return FALSE;
}

static gboolean
read_key (FcmAccount *account, const gchar *pem, const gchar *path, GError **error)
{
  g_autoptr (GBytes) signature = NULL;

  account->pair = key_pair_from_pem (pem, error);
  if (!account->pair) {
    g_prefix_error (error, "%s: private_key: ", path);
    return FALSE;
  }
  if (!g_str_equal (key_pair_algorithm (account->pair), "RS256"))
    return fail (error, path, "private_key is no RSA key");
  signature = key_pair_sign (account->pair, "", error);
  return signature != NULL;
}

static gboolean
read_account (FcmAccount *account, JsonObject *object, const gchar *path, GError **error)
{
  g_autofree gchar *pem = NULL, *url = NULL;

  account->key_id =
      g_strdup (json_object_get_string_member_with_default (object, "private_key_id", NULL));
  if (!read_member (object, "project_id", &account->project, path, error) ||
      !read_member (object, "client_email", &account->email, path, error) ||
      !read_member (object, "token_uri", &account->token_uri, path, error) ||
      !read_member (object, "private_key", &pem, path, error))
    return FALSE;
  /* It becomes a part of a URL. */
  if (account->project[strspn (account->project, PROJECT_CHARACTERS)])
    return fail (error, path, "project_id is none");
  url = push_url_parse (account->token_uri, NULL, NULL);
  if (!url)
    return fail (error, path, "token_uri is no https URL");
  return read_key (account, pem, path, error);
}

/**
 * fcm_account_load:
 * @path: a service-account file, which only we may read
 * @error: where an error goes
 *
 * Returns: (transfer full) (nullable): the account
 */
FcmAccount *
fcm_account_load (const gchar *path, GError **error)
{
  g_autoptr (GBytes) bytes = key_file_load (path, error);
  g_autoptr (GString) text =
      bytes ? g_string_new_len (g_bytes_get_data (bytes, NULL), (gssize) g_bytes_get_size (bytes))
            : NULL;
  g_autoptr (JsonNode) root = text ? json_from_string (text->str, NULL) : NULL;
  g_autoptr (FcmAccount) account = g_new0 (FcmAccount, 1);

  if (!text)
    return NULL;
  if (!root || !JSON_NODE_HOLDS_OBJECT (root)) {
    fail (error, path, "is no JSON object");
    return NULL;
  }
  if (!read_account (account, json_node_get_object (root), path, error))
    return NULL;
  return g_steal_pointer (&account);
}

/**
 * fcm_account_project:
 * @account: an account
 *
 * Returns: (transfer none): the project whose applications it may push to
 */
const gchar *
fcm_account_project (const FcmAccount *account)
{
  return account->project;
}

/**
 * fcm_account_token_uri:
 * @account: an account
 *
 * Returns: (transfer none): where access tokens are to be had
 */
const gchar *
fcm_account_token_uri (const FcmAccount *account)
{
  return account->token_uri;
}

static gchar *
make_claims (const FcmAccount *account)
{
  g_autoptr (JsonObject) claims = json_object_new ();
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_OBJECT);
  gint64 now = clock_wall ();

  json_object_set_string_member (claims, "iss", account->email);
  json_object_set_string_member (claims, "scope", SCOPE);
  json_object_set_string_member (claims, "aud", account->token_uri);
  json_object_set_int_member (claims, "iat", now);
  json_object_set_int_member (claims, "exp", now + LIFE);
  json_node_set_object (root, claims);
  return json_to_string (root, FALSE);
}

/**
 * fcm_account_make_grant:
 * @account: an account
 * @error: where an error goes
 *
 * Returns: (transfer full) (nullable): the form that asks for an access token (RFC 7523
 *   section 2.1)
 */
GBytes *
fcm_account_make_grant (const FcmAccount *account, GError **error)
{
  g_autofree gchar *claims = make_claims (account);
  g_autofree gchar *jwt = jwt_sign (account->pair, "JWT", account->key_id, claims, error);
  gchar *form;

  if (!jwt)
    return NULL;
  form = g_strconcat (
      "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=", jwt, NULL);
  return g_bytes_new_take (form, strlen (form));
}
