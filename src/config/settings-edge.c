/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * settings-edge: TLS and WebSocket: the limits in [edge], certificates and more in [listen:NAME].
 *
 * settings reads the former with it, settings-group the latter.
 */
#include "config/settings-edge.h"

#define MAX_CONNECTIONS 1000000
#define MAX_SECONDS 86400

/**
 * settings_edge_read:
 * @group: [edge]
 * @edge: (inout): what stands there replaces what is in it
 * @error: where an error goes
 *
 * Returns: whether the group is right
 */
gboolean
settings_edge_read (const ConfigGroup *group, EdgeSettings *edge, GError **error)
{
  static const gchar *const keys[] = { "connections",       "connections-per-source",
                                       "handshakes",        "handshake-timeout",
                                       "idle-timeout",      "registered-timeout",
                                       NULL };

  return config_group_check_keys (group, keys, error) &&
         config_group_number (group, "connections", 1, MAX_CONNECTIONS, &edge->connections,
                              error) &&
         config_group_number (group, "connections-per-source", 1, MAX_CONNECTIONS,
                              &edge->connections_per_source, error) &&
         config_group_number (group, "handshakes", 1, MAX_CONNECTIONS, &edge->handshakes, error) &&
         config_group_number (group, "handshake-timeout", 1, MAX_SECONDS, &edge->handshake_timeout,
                              error) &&
         config_group_number (group, "idle-timeout", 1, MAX_SECONDS, &edge->idle_timeout, error) &&
         config_group_number (group, "registered-timeout", 1, MAX_SECONDS,
                              &edge->registered_timeout, error);
}

static gboolean
read_paths (const ConfigGroup *group, const gchar *key, gchar ***paths, GError **error)
{
  if (!config_group_list (group, key, paths, error))
    return FALSE;
  for (gsize i = 0; *paths && (*paths)[i]; i++)
    if (!g_path_is_absolute ((*paths)[i]))
      return config_group_fail (group, key, error, "%s does not begin with /", (*paths)[i]);
  return TRUE;
}

static gboolean
check_useful (const ConfigGroup *group,
              const gchar *key,
              gboolean useful,
              gconstpointer value,
              const ListenSettings *listen,
              GError **error)
{
  return useful || !value ||
         config_group_fail (group, key, error, "has no use with transport=%s",
                            settings_transport_name (listen->transport));
}

static gboolean
read_certificates (const ConfigGroup *group,
                   ListenSettings *listen,
                   gboolean secure,
                   GError **error)
{
  const gchar *transport = settings_transport_name (listen->transport);

  if (!read_paths (group, "certificate", &listen->certificates, error) ||
      !read_paths (group, "private-key", &listen->private_keys, error) ||
      !check_useful (group, "certificate", secure, listen->certificates, listen, error) ||
      !check_useful (group, "private-key", secure, listen->private_keys, listen, error))
    return FALSE;
  if (!secure)
    return TRUE;
  if (!listen->certificates)
    return config_group_fail (group, "certificate", error, "is missing for transport=%s",
                              transport);
  if (!listen->private_keys)
    return config_group_fail (group, "private-key", error, "is missing for transport=%s",
                              transport);
  if (g_strv_length (listen->certificates) != g_strv_length (listen->private_keys))
    return config_group_fail (group, "private-key", error,
                              "names %u files, and certificate= names %u",
                              g_strv_length (listen->private_keys),
                              g_strv_length (listen->certificates));
  return TRUE;
}

static gboolean
read_clients (const ConfigGroup *group, ListenSettings *listen, gboolean secure, GError **error)
{
  static const gchar *const words[] = { "optional", "required", NULL };
  static const gchar *const names[] = { "any", "aor", NULL };
  guint word = G_MAXUINT, name = G_MAXUINT;

  if (!config_group_path (group, "client-ca", &listen->client_ca, error) ||
      !check_useful (group, "client-ca", secure, listen->client_ca, listen, error) ||
      !config_group_choice (group, "client-certificate", words, &word, error) ||
      !config_group_choice (group, "client-names", names, &name, error))
    return FALSE;
  if (word != G_MAXUINT && !listen->client_ca)
    return config_group_fail (group, "client-certificate", error,
                              "has no use without client-ca=");
  if (name != G_MAXUINT && !listen->client_ca)
    return config_group_fail (group, "client-names", error, "has no use without client-ca=");
  if (name != G_MAXUINT && listen->side != SETTINGS_SIDE_PHONES)
    return config_group_fail (group, "client-names", error, "has no use with side=pbx");
  listen->require_client_certificate = word == 1;
  listen->names_bind = name == 1;
  return TRUE;
}

/**
 * settings_edge_read_listen:
 * @group: [listen:NAME]
 * @listen: (inout): with its transport; certificates and what a WebSocket needs are added
 * @error: where an error goes
 *
 * Returns: whether the group is right
 */
gboolean
settings_edge_read_listen (const ConfigGroup *group, ListenSettings *listen, GError **error)
{
  gboolean websocket =
      listen->transport == SETTINGS_TRANSPORT_WS || listen->transport == SETTINGS_TRANSPORT_WSS;
  gboolean secure =
      listen->transport == SETTINGS_TRANSPORT_TLS || listen->transport == SETTINGS_TRANSPORT_WSS;

  if (!read_certificates (group, listen, secure, error) ||
      !read_clients (group, listen, secure, error) ||
      !config_group_text (group, "path", &listen->path, error) ||
      !check_useful (group, "path", websocket, listen->path, listen, error) ||
      !config_group_list (group, "origins", &listen->origins, error) ||
      !check_useful (group, "origins", websocket, listen->origins, listen, error))
    return FALSE;
  if (listen->path && listen->path[0] != '/')
    return config_group_fail (group, "path", error, "%s does not begin with /", listen->path);
  return TRUE;
}
