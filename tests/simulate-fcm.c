/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * simulate-fcm: Google's token endpoint and message interface, as strict as they are.
 */
#include "simulate-fcm.h"

#include "crypto/jwt.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <string.h>

#define SCOPE "https://www.googleapis.com/auth/firebase.messaging"
#define EMAIL "sender@" SIMULATE_PROJECT ".iam.example.com"
#define KEY_ID "0123456789abcdef"
#define GRANT "urn:ietf:params:oauth:grant-type:jwt-bearer"

gboolean
simulate_fcm_set_up (Simulator *simulator, GError **error)
{
  EVP_PKEY *key = EVP_RSA_gen (2048);
  BIO *bio = BIO_new (BIO_s_mem ());
  gchar *data;
  long size;

  PEM_write_bio_PKCS8PrivateKey (bio, key, NULL, NULL, 0, NULL, NULL);
  size = BIO_get_mem_data (bio, &data);
  simulator->fcm_pem = g_strndup (data, size);
  BIO_free_all (bio);
  EVP_PKEY_free (key);
  simulator->fcm_pair = key_pair_from_pem (simulator->fcm_pem, error);
  return simulator->fcm_pair != NULL;
}

void
simulate_fcm_write_account (Simulator *simulator, const gchar *url)
{
  g_autoptr (JsonObject) account = json_object_new ();
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_OBJECT);
  g_autofree gchar *text = NULL, *token_uri = g_strconcat (url, "/token", NULL);

  json_object_set_string_member (account, "type", "service_account");
  json_object_set_string_member (account, "project_id", SIMULATE_PROJECT);
  json_object_set_string_member (account, "private_key_id", KEY_ID);
  json_object_set_string_member (account, "private_key", simulator->fcm_pem);
  json_object_set_string_member (account, "client_email", EMAIL);
  json_object_set_string_member (account, "token_uri", token_uri);
  json_node_set_object (root, account);
  text = json_to_string (root, TRUE);
  simulator->fcm_account_path = g_build_filename (simulator->directory, "fcm.json", NULL);
  g_file_set_contents_full (simulator->fcm_account_path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT,
                            0600, NULL);
}

static gchar *
body_of (Push *push)
{
  SoupMessageBody *body = soup_server_message_get_request_body (push->message);
  g_autoptr (GBytes) bytes = soup_message_body_flatten (body);

  return g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

static gboolean
member_is (JsonObject *object, const gchar *name, const gchar *value)
{
  return g_strcmp0 (json_object_get_string_member_with_default (object, name, NULL), value) == 0;
}

static void
judge_assertion (Push *push, const gchar *assertion)
{
  g_autofree gchar *claims = jwt_verify (push->simulator->fcm_pair, assertion, NULL);
  g_autofree gchar *header = jwt_header (assertion, NULL);
  g_autoptr (JsonNode) claims_node = claims ? json_from_string (claims, NULL) : NULL;
  g_autoptr (JsonNode) header_node = header ? json_from_string (header, NULL) : NULL;
  gint64 now = g_get_real_time () / G_USEC_PER_SEC, iat, exp;
  JsonObject *object;
  const gchar *audience;

  if (!claims_node || !header_node ||
      !member_is (json_node_get_object (header_node), "kid", KEY_ID)) {
    push_object_to (push, 400, "invalid_grant: signature");
    return;
  }
  object = json_node_get_object (claims_node);
  iat = json_object_get_int_member_with_default (object, "iat", 0);
  exp = json_object_get_int_member_with_default (object, "exp", 0);
  audience = json_object_get_string_member_with_default (object, "aud", "");
  if (!member_is (object, "iss", EMAIL) || !member_is (object, "scope", SCOPE) ||
      !g_str_has_suffix (audience, "/token") || ABS (iat - now) > 60 || exp <= now ||
      exp > iat + 3600)
    push_object_to (push, 400, "invalid_grant: claims");
}

/* RFC 7523 section 2.1. */
void
simulate_fcm_judge_token (Push *push)
{
  Simulator *simulator = push->simulator;
  g_autofree gchar *text = body_of (push);
  g_autoptr (GHashTable) form = soup_form_decode (text);
  const gchar *assertion = g_hash_table_lookup (form, "assertion");

  if (!simulator->fcm_pair || !assertion ||
      g_strcmp0 (g_hash_table_lookup (form, "grant_type"), GRANT) != 0)
    push_object_to (push, 400, "invalid_request");
  else
    judge_assertion (push, assertion);
  if (push->problem)
    return;
  g_free (simulator->access_token);
  simulator->access_token = g_strdup_printf ("ya29.%u", ++simulator->tokens);
  push->delay = (guint) simulator->delay;
  push->body = g_strdup_printf ("{\"access_token\":\"%s\",\"expires_in\":3599,"
                                "\"token_type\":\"Bearer\"}",
                                simulator->access_token);
}

static gboolean
holds_strings (JsonObject *object)
{
  g_autoptr (GList) values = json_object_get_values (object);

  for (GList *l = values; l; l = l->next)
    if (json_node_get_value_type (l->data) != G_TYPE_STRING)
      return FALSE;
  return TRUE;
}

static gboolean
is_duration (const gchar *text)
{
  gsize digits = text ? strspn (text, "0123456789") : 0;

  return digits && g_str_equal (text + digits, "s");
}

static void
judge_message (Push *push, JsonObject *root)
{
  JsonObject *message = root && json_object_has_member (root, "message")
                            ? json_object_get_object_member (root, "message")
                            : NULL;
  JsonObject *android = message && json_object_has_member (message, "android")
                            ? json_object_get_object_member (message, "android")
                            : NULL;

  if (!android || !json_object_has_member (message, "token") ||
      !json_object_has_member (message, "data") ||
      !holds_strings (json_object_get_object_member (message, "data")) ||
      !is_duration (json_object_get_string_member_with_default (android, "ttl", NULL)))
    push_object_to (push, 400, "INVALID_ARGUMENT");
}

/* The device token stands in the body; the order is in it, and simulate_order() came too early. */
static void
obey (Push *push)
{
  JsonObject *root = json_node_get_object (push->payload);
  const gchar *token =
      json_object_get_string_member (json_object_get_object_member (root, "message"), "token");

  push->visit = GPOINTER_TO_UINT (g_hash_table_lookup (push->simulator->visits, token)) + 1;
  g_hash_table_insert (push->simulator->visits, g_strdup (token), GUINT_TO_POINTER (push->visit));
  push->id = token;
  simulate_order (push);
}

void
simulate_fcm_judge (Push *push)
{
  const gchar *authorization = push_header (push, "authorization");
  g_autofree gchar *text = body_of (push), *expected = NULL;

  expected = g_strdup_printf ("Bearer %s", push->simulator->access_token);
  push->payload = json_from_string (text, NULL);
  if (!g_str_equal (push->path, "/v1/projects/" SIMULATE_PROJECT "/messages:send"))
    push_object_to (push, 404, "NOT_FOUND");
  if (!push->payload || !JSON_NODE_HOLDS_OBJECT (push->payload))
    push_object_to (push, 400, "INVALID_ARGUMENT");
  else
    judge_message (push, json_node_get_object (push->payload));
  if (!push->simulator->access_token || g_strcmp0 (authorization, expected) != 0)
    push_object_to (push, 401, "UNAUTHENTICATED");
  if (!push->problem)
    obey (push);
}

void
simulate_fcm_answer (Push *push)
{
  const gchar *reason = push->reason ? push->reason : push->problem;
  gboolean bad = push->problem && push->status == 400;

  if (push->status == 200)
    push->body = g_strdup ("{\"name\":\"projects/" SIMULATE_PROJECT "/messages/1\"}");
  else if (g_strcmp0 (reason, "UNAUTHENTICATED") == 0 || g_strcmp0 (reason, "NOT_FOUND") == 0)
    push->body =
        g_strdup_printf ("{\"error\":{\"code\":%u,\"status\":\"%s\"}}", push->status, reason);
  else
    push->body = g_strdup_printf (
        "{\"error\":{\"code\":%u,\"status\":\"%s\",\"details\":[{\"@type\":\"type.googleapis.com/"
        "%s}]}}",
        push->status, reason,
        bad ? "google.rpc.BadRequest\",\"fieldViolations\":[{\"field\":\"message.data\"}]"
            : "google.firebase.fcm.v1.FcmError\",\"errorCode\":\"UNKNOWN\"");
  if (push->reason && strstr (push->body, "UNKNOWN")) {
    g_autofree gchar *old = push->body;
    g_auto (GStrv) parts = g_strsplit (old, "UNKNOWN", 2);

    push->body = g_strconcat (parts[0], push->reason, parts[1], NULL);
  }
}
