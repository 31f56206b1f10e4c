/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * apns-notice: which of Apple's kinds of notification a push is, and so to which token it goes.
 *
 * An application must show a call for every VoIP push, or iOS ends it and at last delivers no more:
 * a VoIP push is sent for a call and for nothing else (RFC 8599 section 10 names the services).
 */
#include "push/apns-notice.h"

#include "base/error.h"

#include <json-glib/json-glib.h>
#include <string.h>

#define MAX_TOKEN 400 /* characters; Apple promises no size */
#define MAX_TOPIC 255

static gboolean
holds_only (const gchar *text, const gchar *punctuation, gsize most)
{
  if (!*text || strlen (text) > most)
    return FALSE;
  for (; *text; text++)
    if (!g_ascii_isalnum (*text) && !strchr (punctuation, *text))
      return FALSE;
  return TRUE;
}

static ApnsType
type_for (const PushRequest *request)
{
  switch (request->kind) {
  case PUSH_KIND_CALL:
    return request->voip_token ? APNS_VOIP : APNS_ALERT;
  case PUSH_KIND_MESSAGE:
  case PUSH_KIND_CANCEL:
    return APNS_ALERT;
  case PUSH_KIND_REFRESH:
    return APNS_BACKGROUND;
  }
  g_return_val_if_reached (APNS_BACKGROUND);
}

/**
 * apns_notice_choose:
 * @notice: (out caller-allocates): the choice; its strings are those of @request
 * @request: what to push
 * @error: why there is none
 *
 * Returns: whether there is a way
 */
gboolean
apns_notice_choose (ApnsNotice *notice, const PushRequest *request, GError **error)
{
  ApnsType type = type_for (request);
  gboolean voip = type == APNS_VOIP;

  notice->type = type;
  notice->token = voip ? request->voip_token : request->remote_token;
  notice->topic = voip ? request->voip_topic : request->remote_topic;
  if (request->kind == PUSH_KIND_CANCEL && request->voip_token) {
    g_set_error_literal (error, SIPWAKE_ERROR, SIPWAKE_ERROR_DENIED,
                         "a VoIP push cannot be taken back");
    return FALSE;
  }
  if (!notice->token || !notice->topic) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_DENIED,
                 "the phone gave no token for a push of type %s", apns_notice_type_name (type));
    return FALSE;
  }
  if (!holds_only (notice->token, "", MAX_TOKEN) || !holds_only (notice->topic, ".-_", MAX_TOPIC)) {
    g_set_error_literal (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID,
                         "the device token or the topic has characters that none has");
    return FALSE;
  }
  return TRUE;
}

/**
 * apns_notice_type_name:
 * @type: a type
 *
 * Returns: (transfer none): the value of apns-push-type
 */
const gchar *
apns_notice_type_name (ApnsType type)
{
  switch (type) {
  case APNS_VOIP:
    return "voip";
  case APNS_ALERT:
    return "alert";
  case APNS_BACKGROUND:
    return "background";
  }
  g_return_val_if_reached (NULL);
}

/**
 * apns_notice_priority:
 * @type: a type
 *
 * Returns: the value of apns-priority
 */
guint
apns_notice_priority (ApnsType type)
{
  return type == APNS_BACKGROUND ? 5 : 10;
}

/**
 * apns_notice_limit:
 * @type: a type
 *
 * Returns: how many bytes the payload may have
 */
gsize
apns_notice_limit (ApnsType type)
{
  return type == APNS_VOIP ? 5120 : 4096;
}

static const gchar *
alert_text (PushKind kind)
{
  switch (kind) {
  case PUSH_KIND_CALL:
    return "Incoming call";
  case PUSH_KIND_CANCEL:
    return "Missed call";
  case PUSH_KIND_MESSAGE:
  case PUSH_KIND_REFRESH:
    return "New message";
  }
  g_return_val_if_reached ("");
}

static JsonObject *
make_aps (ApnsType type, PushKind kind)
{
  JsonObject *aps = json_object_new ();

  if (type == APNS_ALERT) {
    json_object_set_string_member (aps, "alert", alert_text (kind));
    json_object_set_int_member (aps, "mutable-content", 1);
    if (kind == PUSH_KIND_CALL)
      json_object_set_string_member (aps, "sound", "default");
  }
  if (type != APNS_VOIP)
    json_object_set_int_member (aps, "content-available", 1);
  return aps;
}

/**
 * apns_notice_payload:
 * @type: the notification's type
 * @payload: the template; its "aps" counts where the type leaves room for it
 * @request: what to push
 *
 * Returns: (transfer full): the body
 */
GBytes *
apns_notice_payload (ApnsType type, const PushPayload *payload, const PushRequest *request)
{
  JsonObject *root = push_payload_fill (payload, request), *aps = make_aps (type, request->kind);
  JsonObject *own = json_object_has_member (root, "aps") &&
                            JSON_NODE_HOLDS_OBJECT (json_object_get_member (root, "aps"))
                        ? json_object_get_object_member (root, "aps")
                        : NULL;
  JsonObjectIter iter;
  JsonNode *member;
  const gchar *name;

  /* A push in the background that says anything else is dropped. */
  if (own && type != APNS_BACKGROUND) {
    json_object_iter_init (&iter, own);
    while (json_object_iter_next (&iter, &name, &member))
      json_object_set_member (aps, name, json_node_copy (member));
  }
  json_object_set_object_member (root, "aps", aps);
  return push_payload_to_bytes (root);
}

/**
 * apns_notice_topic_of_param:
 * @param: a pn-param, "TEAM.bundle[.services]"
 * @team: (out) (transfer full): its team, "" where none is told
 *
 * Returns: (transfer full) (nullable): the topic that a call's push would have
 */
gchar *
apns_notice_topic_of_param (const gchar *param, gchar **team)
{
  static const gchar *const services[] = { ".voip&remote", ".remote&voip", ".remote", ".voip" };
  const gchar *dot = strchr (param, '.');

  if (!dot)
    return NULL;
  *team = g_strndup (param, dot - param);
  for (gsize i = 0; i < G_N_ELEMENTS (services); i++)
    if (g_str_has_suffix (dot + 1, services[i])) {
      g_autofree gchar *bundle = g_strndup (dot + 1, strlen (dot + 1) - strlen (services[i]));

      return g_strconcat (bundle, strstr (services[i], "voip") ? ".voip" : "", NULL);
    }
  return g_strdup (dot + 1);
}
