/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * apns-answer: what Apple's status and reason say of a push.
 *
 * provider-apns asks. The device is blamed only where the reason is about its token; what is wrong
 * with our key, certificate or topics is CREDENTIALS, for the administrator.
 */
#include "push/apns-answer.h"

#include <json-glib/json-glib.h>

#define MILLISECONDS 1000

typedef struct {
  guint status;
  const gchar *reason; /* NULL: any other one of this status */
  PushOutcome outcome;
  ApnsRemedy remedy;
} Row;

static const Row rows[] = {
  { 200, NULL, PUSH_ACCEPTED, APNS_REMEDY_NONE },
  { 400, "BadDeviceToken", PUSH_TOKEN_DEAD, APNS_REMEDY_NONE },
  { 400, "BadTopic", PUSH_CREDENTIALS, APNS_REMEDY_NONE },
  { 400, "TopicDisallowed", PUSH_CREDENTIALS, APNS_REMEDY_NONE },
  { 400, "IdleTimeout", PUSH_UNREACHABLE, APNS_REMEDY_RECONNECT },
  /* BadCollapseId BadExpirationDate BadMessageId BadPriority DeviceTokenNotForTopic
   * DuplicateHeaders InvalidPushType MissingDeviceToken MissingTopic PayloadEmpty */
  { 400, NULL, PUSH_REFUSED, APNS_REMEDY_NONE },
  { 403, "ExpiredProviderToken", PUSH_CREDENTIALS, APNS_REMEDY_TOKEN },
  /* BadCertificate BadCertificateEnvironment Forbidden InvalidProviderToken MissingProviderToken
   * UnrelatedKeyIdInToken BadEnvironmentKeyIdInToken */
  { 403, NULL, PUSH_CREDENTIALS, APNS_REMEDY_NONE },
  { 404, NULL, PUSH_REFUSED, APNS_REMEDY_NONE },
  { 405, NULL, PUSH_REFUSED, APNS_REMEDY_NONE },
  /* ExpiredToken Unregistered */
  { 410, NULL, PUSH_TOKEN_DEAD, APNS_REMEDY_NONE },
  { 413, NULL, PUSH_REFUSED, APNS_REMEDY_NONE },
  { 429, "TooManyProviderTokenUpdates", PUSH_CREDENTIALS, APNS_REMEDY_NONE },
  { 429, NULL, PUSH_RATE_LIMITED, APNS_REMEDY_NONE },
};

static const Row *
find_row (guint status, const gchar *reason)
{
  static const Row failing = { 500, NULL, PUSH_UNREACHABLE, APNS_REMEDY_RECONNECT };
  static const Row unknown = { 0, NULL, PUSH_REFUSED, APNS_REMEDY_NONE };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (rows[i].status == status && (!rows[i].reason || g_strcmp0 (rows[i].reason, reason) == 0))
      return &rows[i];
  return status >= 500 ? &failing : &unknown;
}

/**
 * apns_answer_read:
 * @status: Apple's HTTP status
 * @body: the body of the answer, JSON unless it is empty
 * @result: (inout): gets outcome, reason and since when the token is dead
 *
 * Returns: what may help
 */
ApnsRemedy
apns_answer_read (guint status, const gchar *body, PushResult *result)
{
  g_autoptr (JsonNode) root = *body ? json_from_string (body, NULL) : NULL;
  JsonObject *object = root && JSON_NODE_HOLDS_OBJECT (root) ? json_node_get_object (root) : NULL;
  const gchar *reason =
      object ? json_object_get_string_member_with_default (object, "reason", NULL) : NULL;
  const Row *row = find_row (status, reason);

  result->status = status;
  result->outcome = row->outcome;
  if (row->outcome != PUSH_ACCEPTED)
    push_result_quote (result, reason ? reason : body);
  if (row->outcome == PUSH_TOKEN_DEAD && object)
    result->dead_since =
        json_object_get_int_member_with_default (object, "timestamp", 0) / MILLISECONDS;
  return row->remedy;
}
