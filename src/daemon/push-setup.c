/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * push-setup: the push services as the configuration names them.
 *
 * Read again at a reload: connections stay warm, and an Apple key keeps its token, which Apple does
 * not let us change at will.
 */
#include "daemon/push-setup.h"

#include "base/error.h"
#include "base/names.h"
#include "push/provider-apns.h"
#include "push/provider-fake.h"
#include "push/provider-fcm.h"
#include "push/provider-webpush.h"
#include "push/push-templates.h"

struct _PushSetup {
  GHashTable *clients; /* name of a group to its PushHttp */
  GPtrArray *tokens;   /* of ApnsToken */
};

/* What one group is made from. */
typedef struct {
  PushSetup *setup;
  const Settings *settings;
  const PushSettings *group;
  PushHttp *http;
  PushPayload *payload;
} Making;

/**
 * push_setup_new:
 *
 * Returns: (transfer full): a setup, of which nothing is made yet
 */
PushSetup *
push_setup_new (void)
{
  PushSetup *setup = g_new0 (PushSetup, 1);

  setup->clients = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
  setup->tokens = g_ptr_array_new_with_free_func ((GDestroyNotify) apns_token_unref);
  return setup;
}

/**
 * push_setup_free:
 * @setup: (transfer full): a setup
 */
void
push_setup_free (PushSetup *setup)
{
  g_hash_table_unref (setup->clients);
  g_ptr_array_unref (setup->tokens);
  g_free (setup);
}

/* Apple wants a connection for each key, so no two groups share one. */
static PushHttp *
find_client (PushSetup *setup, const gchar *name)
{
  PushHttp *http = g_hash_table_lookup (setup->clients, name);

  if (!http) {
    http = push_http_new (PUSH_HTTP_MAX_IN_FLIGHT);
    g_hash_table_insert (setup->clients, g_strdup (name), http);
  }
  return http;
}

/* Returns: (transfer full): @token or the one that was made with the same key before. */
static ApnsToken *
share_token (PushSetup *setup, ApnsToken *token)
{
  for (guint i = 0; i < setup->tokens->len; i++) {
    ApnsToken *known = g_ptr_array_index (setup->tokens, i);

    if (apns_token_equal (known, token)) {
      apns_token_unref (token);
      return apns_token_ref (known);
    }
  }
  g_ptr_array_add (setup->tokens, apns_token_ref (token));
  return token;
}

static PushProvider *
create_apns (const Making *making, GError **error)
{
  const PushSettings *group = making->group;
  ProviderApnsOptions options = {
    .team_id = group->team_id,
    .topics = (const gchar *const *) group->topics,
    .endpoint = group->endpoint,
    .certificate = group->certificate,
    .key_file = group->key_file,
    .ca_file = group->ca_file,
    .proxy = group->proxy,
    .payload = making->payload,
  };
  g_autoptr (ApnsToken) token = NULL;

  if (!group->certificate) {
    token = apns_token_new (group->team_id, group->key_id, group->key_file, error);
    if (!token)
      return NULL;
    token = share_token (making->setup, g_steal_pointer (&token));
  }
  return PUSH_PROVIDER (provider_apns_new (making->http, token, &options));
}

static PushProvider *
create_fcm (const Making *making, GError **error)
{
  const PushSettings *group = making->group;
  FcmAccount *account = fcm_account_load (group->service_account, error);
  ProviderFcmOptions options = {
    .endpoint = group->endpoint,
    .projects = (const gchar *const *) group->projects,
    .ca_file = group->ca_file,
    .proxy = group->proxy,
    .payload = making->payload,
  };

  return account ? PUSH_PROVIDER (provider_fcm_new (making->http, account, &options)) : NULL;
}

static PushProvider *
create_webpush (const Making *making, GError **error)
{
  const PushSettings *group = making->group;
  g_autofree gchar *path =
    g_build_filename (making->settings->daemon.state_dir, SIPWAKE_VAPID_FILE, NULL);
  g_autoptr (Vapid) vapid = vapid_load (path, error);
  ProviderWebpushOptions options = {
    .subject = group->subject,
    .allow_origins = (const gchar *const *) group->allow_origins,
    .ca_file = group->ca_file,
    .proxy = group->proxy,
    .payload = making->payload,
  };
  ProviderWebpush *provider;

  if (!vapid)
    return NULL;
  provider = provider_webpush_new (making->http, vapid, &options, error);
  return provider ? PUSH_PROVIDER (provider) : NULL;
}

static PushProvider *
create_provider (const Making *making, GError **error)
{
  switch (making->group->provider) {
  case SETTINGS_PUSH_WEBPUSH:
    return create_webpush (making, error);
  case SETTINGS_PUSH_FAKE:
    return PUSH_PROVIDER (provider_fake_new ("fake"));
  case SETTINGS_PUSH_APNS:
    return create_apns (making, error);
  case SETTINGS_PUSH_FCM:
    return create_fcm (making, error);
  }
  return NULL;
}

static PushPayload *
load_payload (const PushSettings *group, GError **error)
{
  PushTemplate service =
    group->provider == SETTINGS_PUSH_APNS ? PUSH_TEMPLATE_APNS : PUSH_TEMPLATE_FCM;

  if (!group->payload)
    return push_payload_new (NULL, error);
  if (g_str_equal (group->payload, "linphone"))
    return push_payload_new (push_template_linphone (service), error);
  return push_payload_load (group->payload, error);
}

static gboolean
add_group (Making *making, PushService *service, GError **error)
{
  const PushSettings *group = making->group;
  PushLimitsOptions limits = { group->rate_limit, group->device_limit, group->silent_limit };
  g_autoptr (PushPayload) payload = load_payload (group, error);
  g_autoptr (PushProvider) provider = NULL;

  making->payload = payload;
  making->http = find_client (making->setup, group->name);
  if (payload)
    provider = create_provider (making, error);
  if (!provider) {
    g_prefix_error (error, "[push:%s] ", group->name);
    return FALSE;
  }
  push_service_add_limited (service, group->name, provider, push_limits_new (&limits));
  return TRUE;
}

/**
 * push_setup_create:
 * @setup: what was made before
 * @settings: the configuration
 * @error: return location, which names the group
 *
 * Reads keys, certificates and templates.
 *
 * Returns: (transfer full) (nullable): all push services
 */
PushService *
push_setup_create (PushSetup *setup, const Settings *settings, GError **error)
{
  g_autoptr (PushService) service = push_service_new ();

  for (guint i = 0; i < settings->pushes->len; i++) {
    Making making = {
      .setup = setup, .settings = settings, .group = g_ptr_array_index (settings->pushes, i)
    };

    if (!add_group (&making, service, error))
      return NULL;
  }
  return g_steal_pointer (&service);
}
