/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * address: whether an IP address falls under a pattern of the configuration, or is a private one;
 * and the one that a URI or a Via names.
 *
 * config checks the patterns of accept-from with it; the registrar's pbx compares sources, sdp-edit
 * what a PBX says of itself.
 */
#include "proto/address.h"

#include <string.h>

static GInetAddressMask *
parse_pattern (const gchar *pattern)
{
  /* GLib takes a bare address for a mask of its full length. */
  return g_inet_address_mask_new_from_string (pattern, NULL);
}

/* A dual-stack socket shows an IPv4 peer as ::ffff:192.0.2.1. */
static GInetAddress *
unmap (GInetAddress *address)
{
  static const guint8 prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
  const guint8 *bytes = g_inet_address_to_bytes (address);

  if (g_inet_address_get_family (address) != G_SOCKET_FAMILY_IPV6 ||
      memcmp (bytes, prefix, sizeof prefix) != 0)
    return g_object_ref (address);
  return g_inet_address_new_from_bytes (bytes + sizeof prefix, G_SOCKET_FAMILY_IPV4);
}

/**
 * address_pattern_is_valid:
 * @pattern: an address without brackets, or a network such as "192.0.2.0/24"
 *
 * Returns: whether address_matches() can use it
 */
gboolean
address_pattern_is_valid (const gchar *pattern)
{
  g_autoptr (GInetAddressMask) mask = parse_pattern (pattern);

  return mask != NULL;
}

/**
 * address_matches:
 * @pattern: an address without brackets, or a network such as "192.0.2.0/24"
 * @address: the address in question; one of IPv4 that came mapped into IPv6 counts as IPv4
 *
 * Returns: whether it falls under the pattern; never under one that is malformed
 */
gboolean
address_matches (const gchar *pattern, GInetAddress *address)
{
  g_autoptr (GInetAddressMask) mask = parse_pattern (pattern);
  g_autoptr (GInetAddress) plain = unmap (address);

  return mask && g_inet_address_mask_matches (mask, plain);
}

/**
 * address_is_private:
 * @address: the address in question; one of IPv4 that came mapped into IPv6 counts as IPv4
 *
 * Returns: whether nobody outside can reach it: RFC 1918, shared (RFC 6598: a provider's, or that of
 *   many a VPN), unique local (RFC 4193), loopback or link-local
 */
gboolean
address_is_private (GInetAddress *address)
{
  g_autoptr (GInetAddress) plain = unmap (address);

  if (g_inet_address_get_is_loopback (plain) || g_inet_address_get_is_link_local (plain) ||
      g_inet_address_get_is_site_local (plain))
    return TRUE;
  if (g_inet_address_get_family (plain) == G_SOCKET_FAMILY_IPV4)
    return address_matches ("100.64.0.0/10", plain);
  return (g_inet_address_to_bytes (plain)[0] & 0xfe) == 0xfc;
}

/**
 * address_subscriber:
 * @address: the address in question; one of IPv4 that came mapped into IPv6 counts as IPv4
 *
 * Who has one address of IPv6 has the whole /64, and may come from another with each request.
 *
 * Returns: (transfer full): the address, or of IPv6 the network, that one subscriber has
 */
gchar *
address_subscriber (GInetAddress *address)
{
  g_autoptr (GInetAddress) plain = unmap (address);
  guint8 bytes[16] = { 0 };
  g_autoptr (GInetAddress) network = NULL;
  g_autofree gchar *text = NULL;

  if (g_inet_address_get_family (plain) == G_SOCKET_FAMILY_IPV4)
    return g_inet_address_to_string (plain);
  memcpy (bytes, g_inet_address_to_bytes (plain), 8);
  network = g_inet_address_new_from_bytes (bytes, G_SOCKET_FAMILY_IPV6);
  text = g_inet_address_to_string (network);
  return g_strconcat (text, "/64", NULL);
}

/**
 * address_from_host:
 * @host: (nullable): the host of a URI or of a Via, IPv6 with brackets or, as in received, without
 *
 * Returns: (transfer full) (nullable): the address that it is; %NULL where it is a name
 */
GInetAddress *
address_from_host (const gchar *host)
{
  g_autofree gchar *bare = g_strdup (host && *host == '[' ? host + 1 : host);

  if (!bare)
    return NULL;
  bare[strcspn (bare, "]")] = '\0';
  return g_inet_address_new_from_string (bare);
}
