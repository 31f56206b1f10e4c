/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * push-request: one push to one device, as the providers see it (RFC 8599 section 4.1.1).
 *
 * Filled by wake/ from the binding; a provider reads the fields that mean something to its
 * service. Everything in it came from the phone and is personal.
 */
#include "push/push-request.h"

/**
 * push_request_new:
 * @kind: why the device is woken
 * @provider: (nullable): the pn-provider value
 *
 * The other fields are set by assigning strings that the request then owns.
 *
 * Returns: (transfer full): an otherwise empty request with an id of its own
 */
PushRequest *
push_request_new (PushKind kind, const gchar *provider)
{
  PushRequest *request = g_new0 (PushRequest, 1);

  request->kind = kind;
  request->id = g_uuid_string_random ();
  request->provider = g_strdup (provider);
  return request;
}

/**
 * push_request_copy:
 * @request: a request
 *
 * Returns: (transfer full): its copy, under the same id
 */
PushRequest *
push_request_copy (const PushRequest *request)
{
  PushRequest *copy = g_new0 (PushRequest, 1);

  *copy = *request;
  copy->id = g_strdup (request->id);
  copy->provider = g_strdup (request->provider);
  copy->param = g_strdup (request->param);
  copy->prid = g_strdup (request->prid);
  copy->voip_token = g_strdup (request->voip_token);
  copy->remote_token = g_strdup (request->remote_token);
  copy->voip_topic = g_strdup (request->voip_topic);
  copy->remote_topic = g_strdup (request->remote_topic);
  copy->enc_key = g_strdup (request->enc_key);
  copy->enc_auth = g_strdup (request->enc_auth);
  copy->call_id = g_strdup (request->call_id);
  copy->collapse_key = g_strdup (request->collapse_key);
  copy->caller_uri = g_strdup (request->caller_uri);
  copy->caller_number = g_strdup (request->caller_number);
  copy->caller_name = g_strdup (request->caller_name);
  copy->pbx = g_strdup (request->pbx);
  copy->binding = g_strdup (request->binding);
  return copy;
}

/**
 * push_request_free:
 * @request: (nullable) (transfer full): a request
 */
void
push_request_free (PushRequest *request)
{
  if (!request)
    return;
  g_free (request->id);
  g_free (request->provider);
  g_free (request->param);
  g_free (request->prid);
  g_free (request->voip_token);
  g_free (request->remote_token);
  g_free (request->voip_topic);
  g_free (request->remote_topic);
  g_free (request->enc_key);
  g_free (request->enc_auth);
  g_free (request->call_id);
  g_free (request->collapse_key);
  g_free (request->caller_uri);
  g_free (request->caller_number);
  g_free (request->caller_name);
  g_free (request->pbx);
  g_free (request->binding);
  g_free (request);
}

/**
 * push_kind_to_string:
 * @kind: a kind
 *
 * Returns: (transfer none): its name
 */
const gchar *
push_kind_to_string (PushKind kind)
{
  switch (kind) {
  case PUSH_KIND_CALL:
    return "call";
  case PUSH_KIND_REFRESH:
    return "refresh";
  case PUSH_KIND_MESSAGE:
    return "message";
  case PUSH_KIND_CANCEL:
    return "cancel";
  }
  g_return_val_if_reached (NULL);
}
