/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * push-target: a phone as the push services see it (RFC 8599 section 4.1.1).
 *
 * What the phone registered becomes a request to push; wakeup and refresh make them here.
 */
#include "wake/push-target.h"

#include "base/clock.h"

/**
 * push_target_request:
 * @binding: a phone that has push
 * @kind: why it is woken
 *
 * Returns: (transfer full): the request
 */
PushRequest *
push_target_request (const Binding *binding, PushKind kind)
{
  const PnParams *push = binding->push;
  PushRequest *request = push_request_new (kind, push->provider);

  request->param = g_strdup (push->param);
  request->prid = g_strdup (push->prid);
  request->voip_token = g_strdup (push->voip_token);
  request->voip_topic = g_strdup (push->voip_topic);
  request->remote_token = g_strdup (push->remote_token);
  request->remote_topic = g_strdup (push->remote_topic);
  request->enc_key = g_strdup (push->enc_key);
  request->enc_auth = g_strdup (push->enc_auth);
  request->pbx = g_strdup (pbx_name (binding->pbx));
  request->registered = clock_wall () - (clock_now () - binding->registered) / CLOCK_SECOND;
  request->binding = g_strdup (binding->token);
  return request;
}

/* Takes the quotes off a quoted-string (RFC 3261 section 25.1). */
static gchar *
unquote (const gchar *name)
{
  g_autoptr (GString) plain = g_string_new (NULL);

  if (!name || *name != '"')
    return g_strdup (name);
  for (name++; *name && *name != '"'; name++) {
    if (*name == '\\' && name[1])
      name++;
    g_string_append_c (plain, *name);
  }
  return g_strdup (plain->str);
}

/**
 * push_target_set_call:
 * @request: a request
 * @call_id: of the INVITE that will follow
 * @caller: (nullable): who calls, for a payload template that asks for it
 * @seconds: how long somebody waits for the phone
 */
void
push_target_set_call (PushRequest *request,
                      const gchar *call_id,
                      const PushCaller *caller,
                      guint seconds)
{
  request->call_id = g_strdup (call_id);
  request->collapse_key = g_strdup (call_id);
  request->ttl = seconds;
  if (!caller)
    return;
  request->caller_uri = g_strdup (caller->uri);
  request->caller_number = g_strdup (caller->number);
  request->caller_name = unquote (caller->name);
}

/**
 * push_target_is_supported:
 * @service: the push services
 * @push: what a phone registers with, or asks for
 *
 * Returns: whether we push for it (RFC 8599 section 5.6.1)
 */
gboolean
push_target_is_supported (PushService *service, const PnParams *push)
{
  return push_service_supports (service, push->provider, push->param);
}
