/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * push-setup: the push services as the configuration names them.
 */
#include "daemon/push-setup.h"

#include "base/error.h"
#include "base/names.h"
#include "push/provider-fake.h"
#include "push/provider-webpush.h"

static PushProvider *
create_webpush (const Settings *settings, const PushSettings *group, PushHttp *http,
                GError **error)
{
  g_autofree gchar *path =
    g_build_filename (settings->daemon.state_dir, SIPWAKE_VAPID_FILE, NULL);
  g_autoptr (Vapid) vapid = vapid_load (path, error);
  ProviderWebpushOptions options = {
    .subject = group->subject,
    .allow_origins = (const gchar *const *) group->allow_origins,
    .ca_file = group->ca_file,
  };
  ProviderWebpush *provider;

  if (!vapid)
    return NULL;
  provider = provider_webpush_new (http, vapid, &options, error);
  return provider ? PUSH_PROVIDER (provider) : NULL;
}

static PushProvider *
create_provider (const Settings *settings, const PushSettings *group, PushHttp *http,
                 GError **error)
{
  switch (group->provider) {
  case SETTINGS_PUSH_WEBPUSH:
    return create_webpush (settings, group, http, error);
  case SETTINGS_PUSH_FAKE:
    return PUSH_PROVIDER (provider_fake_new ("fake"));
  case SETTINGS_PUSH_APNS:
  case SETTINGS_PUSH_FCM:
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CONFIG,
                 "this version does not speak the protocol of this provider yet");
    return NULL;
  }
  return NULL;
}

/**
 * push_setup_create:
 * @settings: the configuration
 * @error: return location, which names the group
 *
 * Returns: (transfer full) (nullable): all push services
 */
PushService *
push_setup_create (const Settings *settings, GError **error)
{
  g_autoptr (PushService) service = push_service_new ();
  g_autoptr (PushHttp) http = push_http_new (PUSH_HTTP_MAX_IN_FLIGHT);

  for (guint i = 0; i < settings->pushes->len; i++) {
    const PushSettings *group = g_ptr_array_index (settings->pushes, i);
    g_autoptr (PushProvider) provider = create_provider (settings, group, http, error);

    if (!provider) {
      g_prefix_error (error, "[push:%s] ", group->name);
      return NULL;
    }
    push_service_add (service, provider);
  }
  return g_steal_pointer (&service);
}
