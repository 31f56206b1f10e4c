/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fcm-answer: what Google's status and error code say of a push.
 *
 * provider-fcm asks. "error.status" is the general word; the word for a push stands in one of the
 * "error.details", where there is one.
 */
#include "push/fcm-answer.h"

#include <json-glib/json-glib.h>

#define FCM_ERROR "type.googleapis.com/google.firebase.fcm.v1.FcmError"
#define BAD_REQUEST "type.googleapis.com/google.rpc.BadRequest"

typedef struct {
  guint status;
  const gchar *code; /* NULL: any other one of this status */
  PushOutcome outcome;
  FcmRemedy remedy;
} Row;

static const Row rows[] = {
  { 200, NULL, PUSH_ACCEPTED, FCM_REMEDY_NONE },
  { 400, "INVALID_ARGUMENT", PUSH_REFUSED, FCM_REMEDY_DOUBT },
  { 400, NULL, PUSH_REFUSED, FCM_REMEDY_NONE },
  { 401, "THIRD_PARTY_AUTH_ERROR", PUSH_CREDENTIALS, FCM_REMEDY_NONE },
  { 401, NULL, PUSH_CREDENTIALS, FCM_REMEDY_TOKEN },
  { 403, NULL, PUSH_CREDENTIALS, FCM_REMEDY_NONE }, /* SENDER_ID_MISMATCH PERMISSION_DENIED */
  { 404, "UNREGISTERED", PUSH_TOKEN_DEAD, FCM_REMEDY_NONE },
  { 404, NULL, PUSH_CREDENTIALS, FCM_REMEDY_NONE }, /* no such project */
  { 429, NULL, PUSH_RATE_LIMITED, FCM_REMEDY_PAUSE },
};

typedef struct {
  const gchar *general;
  const gchar *code;
  gboolean bad_request;
} Words;

static JsonObject *
object_member (JsonObject *object, const gchar *name)
{
  JsonNode *node = object ? json_object_get_member (object, name) : NULL;

  return node && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

static void
read_detail (JsonNode *node, Words *found)
{
  JsonObject *detail = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
  const gchar *type =
      detail ? json_object_get_string_member_with_default (detail, "@type", NULL) : NULL;

  if (g_strcmp0 (type, FCM_ERROR) == 0)
    found->code = json_object_get_string_member_with_default (detail, "errorCode", NULL);
  if (g_strcmp0 (type, BAD_REQUEST) == 0)
    found->bad_request = TRUE;
}

static void
read_error (JsonObject *error, Words *found)
{
  JsonNode *details = error ? json_object_get_member (error, "details") : NULL;
  JsonArray *array =
      details && JSON_NODE_HOLDS_ARRAY (details) ? json_node_get_array (details) : NULL;

  if (!error)
    return;
  found->general = json_object_get_string_member_with_default (error, "status", NULL);
  for (guint i = 0; array && i < json_array_get_length (array); i++)
    read_detail (json_array_get_element (array, i), found);
}

static const Row *
find_row (guint status, const gchar *code)
{
  static const Row failing = { 500, NULL, PUSH_UNREACHABLE, FCM_REMEDY_PAUSE };
  static const Row unknown = { 0, NULL, PUSH_REFUSED, FCM_REMEDY_NONE };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (rows[i].status == status && (!rows[i].code || g_strcmp0 (rows[i].code, code) == 0))
      return &rows[i];
  return status >= 500 ? &failing : &unknown;
}

/**
 * fcm_answer_read:
 * @status: Google's HTTP status
 * @body: the body of the answer
 * @result: (inout): gets outcome and reason
 *
 * Returns: what may help
 */
FcmRemedy
fcm_answer_read (guint status, const gchar *body, PushResult *result)
{
  g_autoptr (JsonNode) root = *body ? json_from_string (body, NULL) : NULL;
  JsonObject *object = root && JSON_NODE_HOLDS_OBJECT (root) ? json_node_get_object (root) : NULL;
  Words found = { NULL, NULL, FALSE };
  const Row *row;

  read_error (object_member (object, "error"), &found);
  row = find_row (status, found.code);
  result->status = status;
  result->outcome = row->outcome;
  if (row->outcome != PUSH_ACCEPTED)
    push_result_quote (result, found.code ? found.code : found.general ? found.general : body);
  /* Field violations say that it was what we sent. */
  return row->remedy == FCM_REMEDY_DOUBT && found.bad_request ? FCM_REMEDY_NONE : row->remedy;
}
