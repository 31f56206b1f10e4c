/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * settings-address: where to listen or to send, as it is written in the configuration.
 *
 * settings-group reads listeners, routes and the like with it. Hosts come without brackets.
 */
#include "config/settings-address.h"

#include "proto/uri.h"

#include <string.h>

static const struct {
  const gchar *word;
  SettingsTransport transport;
  guint port; /* RFC 3261 section 19.1.2, RFC 7118 section 5.1 */
} transports[] = {
  { "udp", SETTINGS_TRANSPORT_UDP, 5060 }, { "tcp", SETTINGS_TRANSPORT_TCP, 5060 },
  { "tls", SETTINGS_TRANSPORT_TLS, 5061 }, { "ws", SETTINGS_TRANSPORT_WS, 80 },
  { "wss", SETTINGS_TRANSPORT_WSS, 443 },
};

/**
 * settings_address_clear:
 * @address: an address
 */
void
settings_address_clear (SettingsAddress *address)
{
  g_clear_pointer (&address->host, g_free);
}

/**
 * settings_address_default_port:
 * @transport: a transport
 *
 * Returns: its port where none is written
 */
guint
settings_address_default_port (SettingsTransport transport)
{
  return transports[transport].port;
}

/**
 * settings_address_is_wildcard:
 * @host: a host without brackets
 *
 * Returns: whether it stands for every address of the machine
 */
gboolean
settings_address_is_wildcard (const gchar *host)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (host);

  return address && g_inet_address_get_is_any (address);
}

static void
set_host (SettingsAddress *address, const gchar *host)
{
  gboolean bracketed = *host == '[';
  g_autoptr (GInetAddress) numeric = NULL;

  g_free (address->host);
  address->host = bracketed ? g_strndup (host + 1, strlen (host) - 2) : g_ascii_strdown (host, -1);
  numeric = g_inet_address_new_from_string (address->host);
  address->family = numeric ? g_inet_address_get_family (numeric) : G_SOCKET_FAMILY_INVALID;
}

static gboolean
read_transport (
    SettingsAddress *address, Uri *uri, const ConfigGroup *group, const gchar *key, GError **error)
{
  gboolean secure = g_str_equal (uri->scheme, "sips");
  const gchar *word = uri_param (uri, "transport");

  address->transport = secure ? SETTINGS_TRANSPORT_TLS : SETTINGS_TRANSPORT_UDP;
  for (guint i = 0; i < uri->params->len; i++) {
    const UriParam *param = g_ptr_array_index (uri->params, i);

    if (g_ascii_strcasecmp (param->name, "transport"))
      return config_group_fail (group, key, error, "parameter \"%s\": only transport= is known",
                                param->name);
  }
  if (!word)
    return TRUE;
  for (gsize i = 0; i < G_N_ELEMENTS (transports); i++) {
    if (g_ascii_strcasecmp (transports[i].word, word))
      continue;
    address->transport = transports[i].transport;
    if (secure && address->transport != SETTINGS_TRANSPORT_TLS &&
        address->transport != SETTINGS_TRANSPORT_WSS)
      return config_group_fail (group, key, error, "sips: does not go with transport=%s", word);
    return TRUE;
  }
  return config_group_fail (group, key, error, "transport=%s is none of udp, tcp, tls, ws, wss",
                            word);
}

/**
 * settings_address_read_uri:
 * @address: where the result goes
 * @uri: "sip:HOST[:PORT][;transport=WORD]"
 * @group: where it stands
 * @key: where it stands
 * @error: where an error goes
 *
 * The port is 0 where none is written, the family %G_SOCKET_FAMILY_INVALID for a name.
 *
 * Returns: whether it could be read
 */
gboolean
settings_address_read_uri (SettingsAddress *address,
                           const gchar *uri,
                           const ConfigGroup *group,
                           const gchar *key,
                           GError **error)
{
  g_autoptr (GError) cause = NULL;
  g_autoptr (Uri) parts = uri_parse (uri, &cause);

  if (!parts)
    return config_group_fail (group, key, error, "%s: %s", uri, cause->message);
  if (parts->user || parts->headers)
    return config_group_fail (group, key, error, "%s: no user and no headers belong here", uri);
  set_host (address, parts->host);
  address->port = parts->port;
  return read_transport (address, parts, group, key, error);
}

/**
 * settings_address_read_pair:
 * @address: where the result goes
 * @text: "HOST[:PORT]", an IPv6 address in brackets
 * @group: where it stands
 * @key: where it stands
 * @error: where an error goes
 *
 * Returns: whether it could be read; the port is 0 where none is written
 */
gboolean
settings_address_read_pair (SettingsAddress *address,
                            const gchar *text,
                            const ConfigGroup *group,
                            const gchar *key,
                            GError **error)
{
  g_autofree gchar *uri = g_strconcat ("sip:", text, NULL);
  g_autoptr (Uri) parts = uri_parse (uri, NULL);

  if (!parts || parts->user || parts->headers || parts->params->len)
    return config_group_fail (group, key, error,
                              "%s is no HOST:PORT (an IPv6 address needs brackets)", text);
  set_host (address, parts->host);
  address->port = parts->port;
  return TRUE;
}
