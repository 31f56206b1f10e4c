/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * simulate-apns: judges a push as Apple would: token, headers, payload, one stream before trust.
 */
#include "simulate-apns.h"

#include "crypto/jwt.h"

#include <string.h>

#define TOKEN_LIFE 3600
#define TOKEN_INTERVAL 1200

gboolean
simulate_apns_set_up (Simulator *simulator, GError **error)
{
  g_autofree gchar *pem = NULL;

  simulator->apns_streams = g_hash_table_new (NULL, NULL);
  simulator->apns_pair = key_pair_generate (error);
  pem = simulator->apns_pair ? key_pair_to_pem (simulator->apns_pair, error) : NULL;
  simulator->apns_key_path = g_build_filename (simulator->directory, "apns.p8", NULL);
  return pem && g_file_set_contents_full (simulator->apns_key_path, pem, -1,
                                          G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);
}

static void
refuse (Push *push, guint status, const gchar *reason)
{
  if (push->problem)
    return;
  push_object_to (push, status, reason);
  push->reason = g_strdup (reason);
}

static gboolean
has_only (JsonObject *object, const gchar *first, const gchar *second)
{
  return json_object_get_size (object) == 2 && json_object_has_member (object, first) &&
         json_object_has_member (object, second);
}

static void
judge_claims (Push *push, JsonObject *header, JsonObject *claims)
{
  Simulator *simulator = push->simulator;
  gint64 now = g_get_real_time () / G_USEC_PER_SEC, minted;

  if (!has_only (header, "alg", "kid") || !has_only (claims, "iss", "iat") ||
      g_strcmp0 (json_object_get_string_member (header, "kid"), SIMULATE_KEY) != 0 ||
      g_strcmp0 (json_object_get_string_member (claims, "iss"), SIMULATE_TEAM) != 0) {
    refuse (push, 403, "InvalidProviderToken");
    return;
  }
  minted = json_object_get_int_member (claims, "iat");
  if (minted < now - TOKEN_LIFE || minted > now + TOKEN_LIFE)
    refuse (push, 403, "ExpiredProviderToken");
  else if (simulator->apns_minted && minted != simulator->apns_minted &&
           ABS (minted - simulator->apns_minted) < TOKEN_INTERVAL)
    refuse (push, 429, "TooManyProviderTokenUpdates");
  else
    simulator->apns_minted = minted;
}

static void
judge_token (Push *push)
{
  const gchar *authorization = push_header (push, "authorization");
  g_autofree gchar *header = NULL, *claims = NULL;
  g_autoptr (JsonNode) header_node = NULL, claims_node = NULL;

  if (!authorization && push->simulator->client_certificates &&
      soup_server_message_get_tls_peer_certificate (push->message))
    return;
  if (!authorization || !g_str_has_prefix (authorization, "bearer ")) {
    refuse (push, 403, "MissingProviderToken");
    return;
  }
  authorization += strlen ("bearer ");
  claims = jwt_verify (push->simulator->apns_pair, authorization, NULL);
  header = jwt_header (authorization, NULL);
  if (!claims || !header) {
    refuse (push, 403, "InvalidProviderToken");
    return;
  }
  header_node = json_from_string (header, NULL);
  claims_node = json_from_string (claims, NULL);
  judge_claims (push, json_node_get_object (header_node), json_node_get_object (claims_node));
}

static void
judge_headers (Push *push)
{
  const gchar *topic = push_header (push, "apns-topic"),
              *type = push_header (push, "apns-push-type");
  const gchar *priority = push_header (push, "apns-priority"), *id = push_header (push, "apns-id");
  const gchar *expiration = push_header (push, "apns-expiration");
  const gchar *collapse = push_header (push, "apns-collapse-id");
  static const gchar *const types[] = { "voip", "alert", "background", NULL };
  gboolean voip = g_strcmp0 (type, "voip") == 0;

  if (!topic)
    refuse (push, 400, "MissingTopic");
  else if (!type || !g_strv_contains (types, type) || voip != g_str_has_suffix (topic, ".voip"))
    refuse (push, 400, "InvalidPushType");
  if (g_strcmp0 (priority, g_strcmp0 (type, "background") == 0 ? "5" : "10") != 0)
    refuse (push, 400, "BadPriority");
  if (!id || !g_uuid_string_is_valid (id))
    refuse (push, 400, "BadMessageId");
  if (!expiration || !*expiration || expiration[strspn (expiration, "0123456789")])
    refuse (push, 400, "BadExpirationDate");
  if (collapse && strlen (collapse) > 64)
    refuse (push, 400, "BadCollapseId");
}

static void
judge_payload (Push *push)
{
  SoupMessageBody *body = soup_server_message_get_request_body (push->message);
  g_autoptr (GBytes) bytes = soup_message_body_flatten (body);
  gboolean voip = g_strcmp0 (push_header (push, "apns-push-type"), "voip") == 0;
  g_autofree gchar *json = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));

  if (!*json)
    refuse (push, 400, "PayloadEmpty");
  if (g_bytes_get_size (bytes) > (voip ? 5120 : 4096))
    refuse (push, 413, "PayloadTooLarge");
  push->payload = json_from_string (json, NULL);
  if (!push->payload || !JSON_NODE_HOLDS_OBJECT (push->payload) ||
      !json_object_has_member (json_node_get_object (push->payload), "aps"))
    refuse (push, 400, "PayloadEmpty");
}

/* A connection has one stream until its token was accepted. */
static void
judge_stream (Push *push)
{
  gpointer port = GUINT_TO_POINTER (push_peer_port (push->message));
  GHashTable *streams = push->simulator->apns_streams;
  gint open = GPOINTER_TO_INT (g_hash_table_lookup (streams, port));

  if (open > 0)
    refuse (push, 400, "a second stream came before the token was accepted");
  if (open >= 0)
    g_hash_table_insert (streams, port, GINT_TO_POINTER (open + 1));
}

void
simulate_apns_judge (Push *push)
{
  /* libsoup's server has HTTP/2 only where it asks for no certificate. */
  if (!push->simulator->client_certificates &&
      soup_server_message_get_http_version (push->message) != SOUP_HTTP_2_0)
    push_object_to (push, 505, "the push did not come by HTTP/2");
  judge_stream (push);
  judge_token (push);
  judge_headers (push);
  judge_payload (push);
}

void
simulate_apns_over (Push *push)
{
  gpointer port = GUINT_TO_POINTER (push_peer_port (push->message));

  if (push->simulator->apns_streams)
    g_hash_table_insert (push->simulator->apns_streams, port,
                         GINT_TO_POINTER (push->status == 403 ? 0 : -1));
}

void
simulate_apns_answer (Push *push)
{
  g_autoptr (JsonObject) object = json_object_new ();
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_OBJECT);

  if (push->status == 200)
    return;
  json_object_set_string_member (object, "reason", push->reason ? push->reason : "Unknown");
  if (push->status == 410)
    json_object_set_int_member (object, "timestamp",
                                push->timestamp ? push->timestamp : g_get_real_time () / 1000);
  json_node_set_object (root, object);
  push->body = json_to_string (root, FALSE);
}
