/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * settings-value: what one group of the configuration says, as a struct.
 *
 * settings-group fills them, settings owns them.
 */
#include "config/settings-value.h"

/**
 * listen_settings_free:
 * @listen: (transfer full) (nullable): a listener's settings
 */
void
listen_settings_free (ListenSettings *listen)
{
  if (!listen)
    return;
  g_free (listen->name);
  g_free (listen->host);
  g_free (listen->advertise_host);
  g_strfreev (listen->certificates);
  g_strfreev (listen->private_keys);
  g_free (listen->client_ca);
  g_free (listen->path);
  g_strfreev (listen->origins);
  g_free (listen);
}

/**
 * route_settings_free:
 * @route: (transfer full) (nullable): a way to a PBX
 */
void
route_settings_free (RouteSettings *route)
{
  if (!route)
    return;
  g_free (route->host);
  g_free (route);
}

/**
 * pbx_settings_free:
 * @pbx: (transfer full) (nullable): a PBX's settings
 */
void
pbx_settings_free (PbxSettings *pbx)
{
  if (!pbx)
    return;
  g_free (pbx->name);
  g_strfreev (pbx->domains);
  g_clear_pointer (&pbx->routes, g_ptr_array_unref);
  g_strfreev (pbx->accept_from);
  g_free (pbx->ca_file);
  g_free (pbx->media_address);
  g_clear_pointer (&pbx->media_users, g_hash_table_unref);
  g_free (pbx);
}

/**
 * push_settings_free:
 * @push: (transfer full) (nullable): a push service's settings
 */
void
push_settings_free (PushSettings *push)
{
  if (!push)
    return;
  g_free (push->name);
  g_free (push->team_id);
  g_free (push->key_id);
  g_free (push->key_file);
  g_strfreev (push->topics);
  g_free (push->endpoint);
  g_free (push->ca_file);
  g_free (push->service_account);
  g_free (push->subject);
  g_strfreev (push->allow_origins);
  g_free (push->certificate);
  g_strfreev (push->projects);
  g_free (push->proxy);
  g_free (push->payload);
  g_free (push);
}

/**
 * endpoint_settings_free:
 * @endpoint: (transfer full) (nullable): an address and a port
 */
void
endpoint_settings_free (EndpointSettings *endpoint)
{
  if (!endpoint)
    return;
  g_free (endpoint->host);
  g_free (endpoint);
}

/**
 * media_settings_free:
 * @media: (transfer full) (nullable): the settings of a set of media relays
 */
void
media_settings_free (MediaSettings *media)
{
  if (!media)
    return;
  g_free (media->interface_phones);
  g_free (media->interface_pbx);
  g_free (media->name);
  g_clear_pointer (&media->rtpengines, g_ptr_array_unref);
  g_free (media);
}

/**
 * settings_transport_name:
 * @transport: a transport
 *
 * Returns: (transfer none): its name as in "transport=udp"
 */
const gchar *
settings_transport_name (SettingsTransport transport)
{
  static const gchar *const names[] = {
    [SETTINGS_TRANSPORT_UDP] = "udp", [SETTINGS_TRANSPORT_TCP] = "tcp",
    [SETTINGS_TRANSPORT_TLS] = "tls", [SETTINGS_TRANSPORT_WS] = "ws",
    [SETTINGS_TRANSPORT_WSS] = "wss",
  };

  return names[transport];
}
