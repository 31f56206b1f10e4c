/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * origin: whom a phone's request comes from, who may stand behind proxies of ours (RFC 3261 18.2.1).
 *
 * Admission counts phones by it, and failures, lest one phone's wrong password shut out all that
 * come through the same proxy.
 */
#include "registrar/origin.h"

#include "proto/address.h"

#include <string.h>

static gboolean
is_proxy (const gchar *const *proxies, GInetAddress *address)
{
  for (; proxies && *proxies; proxies++)
    if (address_matches (*proxies, address))
      return TRUE;
  return FALSE;
}

static const gchar *
via_host (const sip_via_t *via)
{
  return via->v_received ? via->v_received : via->v_host;
}

/* Behind a proxy of ours stands whom it got the request from, maybe another. */
static const sip_via_t *
via_behind_proxies (SipRequest *request, const gchar *const *proxies)
{
  const sip_via_t *via = sip_request_sip (request)->sip_via;
  g_autoptr (GInetAddress) address =
    proxies && via->v_next ? sip_request_source (request) : NULL;

  while (address && via->v_next && is_proxy (proxies, address)) {
    via = via->v_next;
    g_object_unref (address);
    address = address_from_host (via_host (via));
  }
  return via;
}

/**
 * origin_is_behind_proxy:
 * @request: a request from a phone
 * @proxies: (nullable): addresses and networks of our proxies
 *
 * Returns: whether it came by one of them
 */
gboolean
origin_is_behind_proxy (SipRequest *request, const gchar *const *proxies)
{
  return via_behind_proxies (request, proxies) != sip_request_sip (request)->sip_via;
}

/**
 * origin_address:
 * @request: a request from a phone
 * @proxies: (nullable): addresses and networks of our proxies
 *
 * Returns: (transfer full): the sender's address, without brackets
 */
gchar *
origin_address (SipRequest *request, const gchar *const *proxies)
{
  const sip_via_t *via = via_behind_proxies (request, proxies);
  g_autoptr (GInetAddress) address = NULL;

  if (via == sip_request_sip (request)->sip_via)
    return sip_flow_host (sip_request_flow (request));
  address = address_from_host (via_host (via));
  return address ? g_inet_address_to_string (address) : g_strdup (via_host (via));
}

/**
 * origin_offender:
 * @request: a request from a phone, which failed to prove itself
 * @proxies: (nullable): addresses and networks of our proxies
 *
 * A user whom a certificate names is nobody else, as an address may be; but a domain stands for
 * many, and so does a proxy.
 *
 * Returns: (transfer full): whose failure it is
 */
gchar *
origin_offender (SipRequest *request, const gchar *const *proxies)
{
  const gchar *const *names = sip_flow_names (sip_request_flow (request));
  g_autofree gchar *host = NULL;
  g_autoptr (GInetAddress) address = NULL;

  if (names && names[0] && strchr (names[0], '@') && !origin_is_behind_proxy (request, proxies))
    return g_strconcat ("certificate ", names[0], NULL);
  host = origin_address (request, proxies);
  address = strchr (host, ':') ? address_from_host (host) : NULL;
  return address ? address_subscriber (address) : g_steal_pointer (&host);
}
