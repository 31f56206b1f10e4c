/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * settings-push: a [push:NAME] group: which service, and what it asks for.
 *
 * settings calls it. Each provider has keys of its own, so that a key in the wrong group is told.
 */
#include "config/settings-push.h"

#include <string.h>

#define DEFAULT_RATE_LIMIT 1000 /* pushes a second to a service */
#define DEFAULT_DEVICE_LIMIT 30 /* a minute to a device */
#define DEFAULT_SILENT_LIMIT 3  /* an hour to a device, without anything to show */

/* By SettingsPushProvider. */
static const gchar *const providers[] = { "apns", "fcm", "webpush", "fake", NULL };

static const gchar *const apns_keys[] = { "provider",     "team-id",  "key-id",     "key-file",
                                          "topics",       "endpoint", "ca-file",    "certificate",
                                          "proxy",        "payload",  "rate-limit", "device-limit",
                                          "silent-limit", NULL };
static const gchar *const fcm_keys[] = {
  "provider", "service-account", "endpoint",     "ca-file",      "projects", "proxy",
  "payload",  "rate-limit",      "device-limit", "silent-limit", NULL
};
static const gchar *const webpush_keys[] = { "provider",   "subject",      "allow-origins",
                                             "ca-file",    "proxy",        "payload",
                                             "rate-limit", "device-limit", "silent-limit",
                                             NULL };
static const gchar *const fake_keys[] = { "provider", NULL };

static const gchar *const *
keys_of (SettingsPushProvider provider)
{
  switch (provider) {
  case SETTINGS_PUSH_APNS:
    return apns_keys;
  case SETTINGS_PUSH_FCM:
    return fcm_keys;
  case SETTINGS_PUSH_WEBPUSH:
    return webpush_keys;
  case SETTINGS_PUSH_FAKE:
    return fake_keys;
  }
  g_return_val_if_reached (fake_keys);
}

/* "https://HOST[:PORT]" and nothing behind it. */
static gboolean
is_origin (const gchar *text)
{
  g_autoptr (GUri) uri = g_uri_parse (text, G_URI_FLAGS_NONE, NULL);

  return uri && g_str_equal (g_uri_get_scheme (uri), "https") && g_uri_get_host (uri) &&
         *g_uri_get_host (uri) && !*g_uri_get_path (uri) && !g_uri_get_query (uri) &&
         !g_uri_get_fragment (uri) && !g_uri_get_userinfo (uri);
}

static gboolean
check_present (const ConfigGroup *group, const gchar *key, gboolean present, GError **error)
{
  return present || config_group_fail (group, key, error, "is missing");
}

static gboolean
check_identifier (const ConfigGroup *group, const gchar *key, const gchar *text, GError **error)
{
  if (!check_present (group, key, text != NULL, error))
    return FALSE;
  for (const gchar *c = text; *c; c++)
    if (!g_ascii_isalnum (*c))
      return config_group_fail (group, key, error, "%s is not made of letters and digits", text);
  return TRUE;
}

static gboolean
check_authentication (const ConfigGroup *group, const PushSettings *push, GError **error)
{
  if (push->certificate && (push->team_id || push->key_id))
    return config_group_fail (group, push->key_id ? "key-id" : "team-id", error,
                              "has no use with certificate=");
  return push->certificate || (check_identifier (group, "team-id", push->team_id, error) &&
                               check_identifier (group, "key-id", push->key_id, error) &&
                               check_present (group, "key-file", push->key_file != NULL, error));
}

static gboolean
read_apns (const ConfigGroup *group, PushSettings *push, GError **error)
{
  if (!config_group_text (group, "team-id", &push->team_id, error) ||
      !config_group_text (group, "key-id", &push->key_id, error) ||
      !config_group_path (group, "key-file", &push->key_file, error) ||
      !config_group_path (group, "certificate", &push->certificate, error) ||
      !config_group_list (group, "topics", &push->topics, error) ||
      !config_group_text (group, "endpoint", &push->endpoint, error))
    return FALSE;
  if (!push->endpoint)
    push->endpoint = g_strdup ("production");
  if (!g_str_equal (push->endpoint, "production") && !g_str_equal (push->endpoint, "sandbox") &&
      !is_origin (push->endpoint))
    return config_group_fail (group, "endpoint", error,
                              "%s is none of production, sandbox, https://HOST:PORT",
                              push->endpoint);
  return check_authentication (group, push, error) &&
         check_present (group, "topics", push->topics && *push->topics, error);
}

static gboolean
read_fcm (const ConfigGroup *group, PushSettings *push, GError **error)
{
  if (!config_group_path (group, "service-account", &push->service_account, error) ||
      !config_group_list (group, "projects", &push->projects, error) ||
      !config_group_text (group, "endpoint", &push->endpoint, error))
    return FALSE;
  if (push->endpoint && !is_origin (push->endpoint))
    return config_group_fail (group, "endpoint", error, "%s is not https://HOST:PORT",
                              push->endpoint);
  return check_present (group, "service-account", push->service_account != NULL, error);
}

static gboolean
read_webpush (const ConfigGroup *group, PushSettings *push, GError **error)
{
  if (!config_group_text (group, "subject", &push->subject, error) ||
      !config_group_list (group, "allow-origins", &push->allow_origins, error))
    return FALSE;
  if (push->subject && !g_str_has_prefix (push->subject, "mailto:") &&
      !g_str_has_prefix (push->subject, "https:"))
    return config_group_fail (group, "subject", error,
                              "%s is neither mailto: nor https:", push->subject);
  if (!push->allow_origins)
    push->allow_origins = g_strsplit ("*", ";", -1);
  /* The proxy connects, so nobody could judge the address that a phone names. */
  if (push->proxy && g_strv_contains ((const gchar *const *) push->allow_origins, "*"))
    return config_group_fail (group, "allow-origins", error, "must be listed with proxy=");
  for (gchar **origin = push->allow_origins; *origin; origin++)
    if (!g_str_equal (*origin, "*") && !is_origin (*origin))
      return config_group_fail (group, "allow-origins", error,
                                "%s is neither * nor https://HOST[:PORT]", *origin);
  return TRUE;
}

static gboolean
read_proxy (const ConfigGroup *group, PushSettings *push, GError **error)
{
  static const gchar *const schemes[] = { "http", "socks4a", "socks5h", NULL };
  g_autoptr (GUri) uri = NULL;

  if (!config_group_text (group, "proxy", &push->proxy, error))
    return FALSE;
  if (!push->proxy)
    return TRUE;
  uri = g_uri_parse (push->proxy, G_URI_FLAGS_NONE, NULL);
  if (uri && g_strv_contains (schemes, g_uri_get_scheme (uri)) && g_uri_get_host (uri) &&
      g_uri_get_port (uri) > 0)
    return TRUE;
  return config_group_fail (
      group, "proxy", error,
      "is none of http://HOST:PORT, socks5h://HOST:PORT, socks4a://HOST:PORT");
}

static gboolean
read_payload (const ConfigGroup *group, PushSettings *push, GError **error)
{
  if (!config_group_text (group, "payload", &push->payload, error))
    return FALSE;
  return !push->payload || g_str_equal (push->payload, "linphone") ||
         g_path_is_absolute (push->payload) ||
         config_group_fail (group, "payload", error, "%s is neither linphone nor a path from /",
                            push->payload);
}

/* What all services have in common. */
static gboolean
read_common (const ConfigGroup *group, PushSettings *push, GError **error)
{
  push->rate_limit = DEFAULT_RATE_LIMIT;
  push->device_limit = DEFAULT_DEVICE_LIMIT;
  push->silent_limit = DEFAULT_SILENT_LIMIT;
  return config_group_path (group, "ca-file", &push->ca_file, error) &&
         config_group_number (group, "rate-limit", 1, 100000, &push->rate_limit, error) &&
         config_group_number (group, "device-limit", 1, 10000, &push->device_limit, error) &&
         config_group_number (group, "silent-limit", 0, 10000, &push->silent_limit, error) &&
         read_payload (group, push, error) && read_proxy (group, push, error);
}

static gboolean
read_provider (const ConfigGroup *group, PushSettings *push, GError **error)
{
  switch (push->provider) {
  case SETTINGS_PUSH_APNS:
    return read_apns (group, push, error);
  case SETTINGS_PUSH_FCM:
    return read_fcm (group, push, error);
  case SETTINGS_PUSH_WEBPUSH:
    return read_webpush (group, push, error);
  case SETTINGS_PUSH_FAKE:
    return TRUE;
  }
  g_return_val_if_reached (FALSE);
}

/**
 * settings_push_read:
 * @group: [push:NAME]
 * @name: its name
 * @error: where an error goes
 *
 * Files are not opened here: whether they can be read is for the service that needs them to say.
 *
 * Returns: (transfer full): the push service, or %NULL with %SIPWAKE_ERROR_CONFIG
 */
PushSettings *
settings_push_read (const ConfigGroup *group, const gchar *name, GError **error)
{
  g_autoptr (PushSettings) push = g_new0 (PushSettings, 1);
  guint provider = G_MAXUINT;

  push->name = g_strdup (name);
  if (!config_group_choice (group, "provider", providers, &provider, error))
    return NULL;
  if (!check_present (group, "provider", provider != G_MAXUINT, error))
    return NULL;
  push->provider = (SettingsPushProvider) provider;
  if (!config_group_check_keys (group, keys_of (push->provider), error) ||
      !read_common (group, push, error) || !read_provider (group, push, error))
    return NULL;
  return g_steal_pointer (&push);
}
