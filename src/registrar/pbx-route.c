/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pbx-route: one way to the PBX: a host, resolved, and the listener that reaches it.
 *
 * Names are resolved by GResolver, never by the SIP stack (its resolver can crash), before they are
 * needed and again from time to time; the last good addresses stay while DNS is down.
 */
#include "registrar/pbx-route.h"

#include "base/clock.h"
#include "base/log.h"

#define RESOLVE_SECONDS 120
#define RETRY_SECONDS 5

struct _PbxRoute {
  SipStack *stack;
  gchar *pbx;
  gchar *host;
  guint port;
  SipTransport transport;
  GList *addresses; /* GInetAddress, the preferred one first */
  SipFlow *flow;
  GCancellable *cancellable;
  guint timer;
};

static void pbx_route_resolve (PbxRoute *route);

static gboolean
on_resolve_again (gpointer user_data)
{
  PbxRoute *route = user_data;

  route->timer = 0;
  pbx_route_resolve (route);
  return G_SOURCE_REMOVE;
}

static void
take_addresses (PbxRoute *route, GList *addresses)
{
  g_resolver_free_addresses (route->addresses);
  route->addresses = addresses;
  g_clear_pointer (&route->flow, sip_flow_unref);

  for (GList *link = addresses; link; link = link->next) {
    g_autofree gchar *text = g_inet_address_to_string (link->data);
    SipListener *listener =
      sip_stack_find_listener (route->stack, SIP_SIDE_PBX, route->transport,
                               g_inet_address_get_family (link->data));

    if (listener) {
      route->flow = sip_flow_to_address (listener, text, route->port);
      sip_flow_verify (route->flow, route->host);
      return;
    }
  }
  log_warning (LOG_NONE, "[pbx:%s] no listener of side=pbx reaches %s by %s", route->pbx,
               route->host, sip_transport_name (route->transport));
}

static void
on_resolved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  GList *addresses = g_resolver_lookup_by_name_finish (G_RESOLVER (source), result, &error);
  PbxRoute *route = user_data;
  guint wait = RESOLVE_SECONDS;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (addresses)
    take_addresses (route, addresses);
  else {
    log_warning (LOG_NONE, "[pbx:%s] %s is not resolved: %s", route->pbx, route->host,
                 error->message);
    wait = RETRY_SECONDS;
  }
  route->timer =
    g_timeout_add_seconds (wait + clock_jitter (wait / 4 + 1), on_resolve_again, route);
}

static void
pbx_route_resolve (PbxRoute *route)
{
  g_autoptr (GResolver) resolver = g_resolver_get_default ();

  g_resolver_lookup_by_name_async (resolver, route->host, route->cancellable, on_resolved, route);
}

/**
 * pbx_route_new:
 * @stack: the SIP stack
 * @pbx: the PBX's name, for the log
 * @host: a host name, or a numeric address without brackets
 * @port: the port
 * @transport: by what
 *
 * Returns: (transfer full): the route; one with a host name is usable once it is resolved
 */
PbxRoute *
pbx_route_new (SipStack *stack, const gchar *pbx, const gchar *host, guint port,
               SipTransport transport)
{
  PbxRoute *route = g_new0 (PbxRoute, 1);
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (host);

  route->stack = stack;
  route->pbx = g_strdup (pbx);
  route->host = g_strdup (host);
  route->port = port;
  route->transport = transport;
  route->cancellable = g_cancellable_new ();
  if (address)
    take_addresses (route, g_list_append (NULL, g_steal_pointer (&address)));
  else
    pbx_route_resolve (route);
  return route;
}

/**
 * pbx_route_free:
 * @route: (transfer full): a route
 */
void
pbx_route_free (PbxRoute *route)
{
  g_cancellable_cancel (route->cancellable);
  g_object_unref (route->cancellable);
  if (route->timer)
    g_source_remove (route->timer);
  g_clear_pointer (&route->flow, sip_flow_unref);
  g_resolver_free_addresses (route->addresses);
  g_free (route->host);
  g_free (route->pbx);
  g_free (route);
}

/**
 * pbx_route_flow:
 * @route: a route
 *
 * Returns: (transfer none) (nullable): the way out, NULL while the name is not resolved
 */
SipFlow *
pbx_route_flow (PbxRoute *route)
{
  return route->flow;
}

/**
 * pbx_route_leads_to:
 * @route: a route
 * @address: an address
 *
 * Returns: whether @address is one of the route's host
 */
gboolean
pbx_route_leads_to (PbxRoute *route, GInetAddress *address)
{
  for (GList *link = route->addresses; link; link = link->next)
    if (g_inet_address_equal (link->data, address))
      return TRUE;
  return FALSE;
}
