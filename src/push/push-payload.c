/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * push-payload: what a push tells the application: a JSON object, made from a template.
 *
 * Without a template it is the Call-ID of the INVITE that follows, and for anything but a call what
 * the push is for: no push service needs to know who calls whom. The administrator's template may
 * tell more: in its strings ${call-id}, ${event}, ${uuid}, ${ttl}, ${time}, ${pbx}, ${caller-uri},
 * ${caller-number} and ${caller-name} are replaced.
 */
#include "push/push-payload.h"

#include "base/clock.h"
#include "base/error.h"

#include <json-glib/json-glib.h>
#include <string.h>

#define MAX_TEMPLATE 4096
#define MAX_VALUE 256 /* characters: a caller's name is as long as he likes */
#define DEFAULT "{\"call-id\":\"${call-id}\",\"event\":\"${event}\"}"

typedef enum { CALL_ID, EVENT, UUID, TTL, TIME, PBX, CALLER_URI, CALLER_NUMBER, CALLER_NAME } Word;

static const gchar *const words[] = { "call-id",     "event", "uuid",       "ttl",
                                      "time",        "pbx",   "caller-uri", "caller-number",
                                      "caller-name", NULL };

struct _PushPayload {
  gint refs;
  JsonNode *template;
};

static gchar *
uuid_of (const PushRequest *request)
{
  g_autofree gchar *sum = NULL;

  if (!request->call_id)
    return g_strdup (request->id);
  /* The same for each push of a call: RFC 9562 section 5.8 leaves the rest to us. */
  sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, request->call_id, -1);
  return g_strdup_printf ("%.8s-%.4s-8%.3s-8%.3s-%.12s", sum, sum + 8, sum + 12, sum + 15,
                          sum + 18);
}

static gchar *
time_now (void)
{
  g_autoptr (GDateTime) now = g_date_time_new_from_unix_utc (clock_wall ());

  return g_date_time_format (now, "%Y-%m-%d %H:%M:%S");
}

static gchar *
value_of (Word word, const PushRequest *request)
{
  switch (word) {
  case CALL_ID:
    return g_strdup (request->call_id);
  case EVENT:
    return request->kind == PUSH_KIND_CALL ? NULL : g_strdup (push_kind_to_string (request->kind));
  case UUID:
    return uuid_of (request);
  case TTL:
    return g_strdup_printf ("%u", request->ttl);
  case TIME:
    return time_now ();
  case PBX:
    return g_strdup (request->pbx);
  case CALLER_URI:
    return g_strdup (request->caller_uri);
  case CALLER_NUMBER:
    return g_strdup (request->caller_number);
  case CALLER_NAME:
    return g_strdup (request->caller_name);
  }
  g_return_val_if_reached (NULL);
}

/* Finds "${WORD}" at or behind @text. */
static const gchar *
find_word (const gchar *text, Word *word, const gchar **behind)
{
  const gchar *start = strstr (text, "${"), *end = start ? strchr (start, '}') : NULL;

  if (!end)
    return NULL;
  *behind = end + 1;
  for (guint i = 0; words[i]; i++)
    if (strlen (words[i]) == (gsize) (end - start - 2) && g_str_has_prefix (start + 2, words[i])) {
      *word = (Word) i;
      return start;
    }
  *word = (Word) G_N_ELEMENTS (words);
  return start;
}

/* A text that is nothing but a value that is not there is not there either. */
static gchar *
expand (const gchar *text, const PushRequest *request)
{
  g_autoptr (GString) all = g_string_new (NULL);
  const gchar *start, *behind = NULL;
  Word word;

  for (; (start = find_word (text, &word, &behind)); text = behind) {
    g_autofree gchar *value = value_of (word, request);
    g_autofree gchar *valid = value ? g_utf8_make_valid (value, -1) : NULL;
    g_autofree gchar *taken = NULL;

    g_string_append_len (all, text, start - text);
    if (!valid && !all->len && !*behind)
      return NULL;
    taken = valid ? g_utf8_substring (valid, 0, MIN (g_utf8_strlen (valid, -1), MAX_VALUE)) : NULL;
    if (taken)
      g_string_append (all, taken);
  }
  g_string_append (all, text);
  return g_strdup (all->str);
}

static JsonNode *fill_node (JsonNode *node, const PushRequest *request);

static JsonNode *
fill_array (JsonArray *array, const PushRequest *request)
{
  JsonNode *filled = json_node_new (JSON_NODE_ARRAY);
  JsonArray *items = json_array_new ();

  for (guint i = 0; i < json_array_get_length (array); i++) {
    JsonNode *item = fill_node (json_array_get_element (array, i), request);

    if (item)
      json_array_add_element (items, item);
  }
  json_node_take_array (filled, items);
  return filled;
}

static JsonNode *
fill_object (JsonObject *object, const PushRequest *request)
{
  JsonNode *filled = json_node_new (JSON_NODE_OBJECT), *member;
  JsonObject *members = json_object_new ();
  JsonObjectIter iter;
  const gchar *name;

  json_object_iter_init (&iter, object);
  while (json_object_iter_next (&iter, &name, &member)) {
    JsonNode *value = fill_node (member, request);

    if (value)
      json_object_set_member (members, name, value);
  }
  json_node_take_object (filled, members);
  return filled;
}

static JsonNode *
fill_node (JsonNode *node, const PushRequest *request)
{
  g_autofree gchar *text = NULL;
  JsonNode *filled;

  if (JSON_NODE_HOLDS_OBJECT (node))
    return fill_object (json_node_get_object (node), request);
  if (JSON_NODE_HOLDS_ARRAY (node))
    return fill_array (json_node_get_array (node), request);
  if (json_node_get_value_type (node) != G_TYPE_STRING)
    return json_node_copy (node);
  text = expand (json_node_get_string (node), request);
  if (!text)
    return NULL;
  filled = json_node_new (JSON_NODE_VALUE);
  json_node_set_string (filled, text);
  return filled;
}

/**
 * push_payload_fill:
 * @payload: a template
 * @request: whose values it takes
 *
 * Returns: (transfer full): the filled template
 */
JsonObject *
push_payload_fill (const PushPayload *payload, const PushRequest *request)
{
  g_autoptr (JsonNode) filled = fill_node (payload->template, request);

  return json_node_dup_object (filled);
}

/**
 * push_payload_to_bytes:
 * @object: (transfer full): an object
 *
 * Returns: (transfer full): its text
 */
GBytes *
push_payload_to_bytes (JsonObject *object)
{
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_OBJECT);
  gchar *text;

  json_node_take_object (root, object);
  text = json_to_string (root, FALSE);
  return g_bytes_new_take (text, strlen (text));
}

static gboolean
check_words (const gchar *text, GError **error)
{
  const gchar *start, *behind = NULL;
  Word word;

  for (; (start = find_word (text, &word, &behind)); text = behind)
    if (word == G_N_ELEMENTS (words)) {
      g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CONFIG, "%.*s is nothing that a push knows",
                   (int) (behind - start), start);
      return FALSE;
    }
  return TRUE;
}

/**
 * push_payload_new:
 * @text: (nullable): the template: a JSON object; NULL for what tells least
 * @error: where an error goes
 *
 * Returns: (transfer full) (nullable): the template
 */
PushPayload *
push_payload_new (const gchar *text, GError **error)
{
  g_autoptr (JsonNode) root = NULL;
  PushPayload *payload;

  if (!text)
    text = DEFAULT;
  if (strlen (text) > MAX_TEMPLATE) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CONFIG, "is longer than %d bytes",
                 MAX_TEMPLATE);
    return NULL;
  }
  root = json_from_string (text, error);
  if (!root || !check_words (text, error))
    return NULL;
  if (!JSON_NODE_HOLDS_OBJECT (root)) {
    g_set_error_literal (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CONFIG, "is no JSON object");
    return NULL;
  }
  payload = g_new0 (PushPayload, 1);
  payload->refs = 1;
  payload->template = g_steal_pointer (&root);
  return payload;
}

/**
 * push_payload_load:
 * @path: a file with a template
 * @error: where an error goes
 *
 * Returns: (transfer full) (nullable): the template
 */
PushPayload *
push_payload_load (const gchar *path, GError **error)
{
  g_autofree gchar *text = NULL;
  PushPayload *payload;

  if (!g_file_get_contents (path, &text, NULL, error))
    return NULL;
  payload = push_payload_new (text, error);
  if (!payload)
    g_prefix_error (error, "%s: ", path);
  return payload;
}

/**
 * push_payload_ref:
 * @payload: a template
 *
 * Returns: (transfer full): @payload
 */
PushPayload *
push_payload_ref (PushPayload *payload)
{
  payload->refs++;
  return payload;
}

/**
 * push_payload_unref:
 * @payload: (transfer full): a template
 */
void
push_payload_unref (PushPayload *payload)
{
  if (--payload->refs > 0)
    return;
  json_node_unref (payload->template);
  g_free (payload);
}
