/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pbx-route: one way to the PBX as the administrator wrote it: a host, and the hops behind its
 * name.
 *
 * Names are resolved before they are needed and again from time to time, since GResolver does not
 * tell how long an answer holds; the last good answer stays while DNS is down.
 */
#include "registrar/pbx-route.h"

#include "base/clock.h"
#include "base/counters.h"
#include "base/deadline.h"
#include "base/log.h"
#include "registrar/pbx-lookup.h"

#define RESOLVE_SECONDS 60
#define RETRY_SECONDS 5

struct _PbxRoute {
  SipStack *stack;
  gchar *pbx;
  gchar *host;
  guint port;
  SipTransport transport;
  GPtrArray *addresses; /* GInetSocketAddress */
  GPtrArray *hops;      /* PbxHop, in the order of their addresses */
  gboolean by_srv;
  gboolean unresolved; /* the last lookup failed, and the log says so */
  GCancellable *cancellable;
  Deadline *timer;
  PbxHopFunc func; /* nullable */
  gpointer user_data;
};

static void
tell (PbxRoute *route, PbxHopEvent event, const gchar *why)
{
  if (route->func)
    route->func (event, why, route->user_data);
}

static gboolean
all_down (const PbxRoute *route)
{
  for (guint i = 0; i < route->hops->len; i++)
    if (pbx_hop_state (g_ptr_array_index (route->hops, i)) != PBX_HOP_DOWN)
      return FALSE;
  return TRUE;
}

static void resolve_in (PbxRoute *route, guint seconds);

/* A PBX that is gone from all its addresses may have moved. */
static void
on_hop (PbxHopEvent event, const gchar *why, gpointer user_data)
{
  PbxRoute *route = user_data;

  if (route->timer && all_down (route))
    resolve_in (route, RETRY_SECONDS);
  tell (route, event, why);
}

/* A hop that stays keeps what is known of it, its connection too. */
static PbxHop *
take_hop (GPtrArray *hops, SipFlow *way)
{
  for (guint i = 0; i < hops->len; i++)
    if (sip_flow_equal (pbx_hop_way (g_ptr_array_index (hops, i)), way))
      return g_ptr_array_steal_index (hops, i);
  return NULL;
}

static void
add_hop (PbxRoute *route, GPtrArray *before, GInetSocketAddress *address)
{
  GInetAddress *numeric = g_inet_socket_address_get_address (address);
  g_autofree gchar *text = g_inet_address_to_string (numeric);
  SipListener *listener = sip_stack_find_listener (route->stack, SIP_SIDE_PBX, route->transport,
                                                   g_inet_address_get_family (numeric));
  g_autoptr (SipFlow) way = NULL;
  PbxHop *hop;

  if (!listener)
    return;
  way = sip_flow_to_address (listener, text, g_inet_socket_address_get_port (address));
  sip_flow_verify (way, route->host);
  hop = take_hop (before, way);
  g_ptr_array_add (route->hops, hop ? hop : pbx_hop_new (route->pbx, way, on_hop, route));
}

static void
take_addresses (PbxRoute *route, GPtrArray *addresses)
{
  g_autoptr (GPtrArray) before = route->hops;

  route->hops = g_ptr_array_new_with_free_func ((GDestroyNotify) pbx_hop_free);
  g_clear_pointer (&route->addresses, g_ptr_array_unref);
  route->addresses = g_ptr_array_ref (addresses);
  for (guint i = 0; i < addresses->len; i++)
    add_hop (route, before, g_ptr_array_index (addresses, i));
  if (route->hops->len == 0)
    log_warning (LOG_NONE, "[pbx:%s] no listener of side=pbx reaches %s by %s", route->pbx,
                 route->host, sip_transport_name (route->transport));
  tell (route, PBX_HOP_CHANGED, NULL);
}

static void resolve (PbxRoute *route);

static void
on_resolve_again (gpointer user_data)
{
  PbxRoute *route = user_data;

  route->timer = NULL;
  resolve (route);
}

static void
resolve_in (PbxRoute *route, guint seconds)
{
  deadline_clear (&route->timer);
  route->timer = deadline_new ((seconds + clock_jitter (seconds / 4 + 1)) * 1000, on_resolve_again,
                               route);
}

static void
complain (PbxRoute *route, const GError *error)
{
  g_autofree gchar *why = g_strdup_printf ("%s is not resolved: %s", route->host, error->message);

  counters_inc (COUNTER_PBX_LOOKUPS_FAILED);
  if (!route->unresolved)
    log_warning (LOG_NONE, "[pbx:%s] %s%s", route->pbx, why,
                 route->addresses ? "; its last known addresses stay in use" : "");
  route->unresolved = TRUE;
  tell (route, PBX_HOP_CHANGED, why);
}

static void
on_resolved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PbxAnswer) answer = pbx_lookup_finish (result, &error);
  PbxRoute *route = user_data;

  if (g_cancellable_is_cancelled (g_task_get_cancellable (G_TASK (result))))
    return;
  if (!answer) {
    resolve_in (route, RETRY_SECONDS);
    complain (route, error);
    return;
  }
  resolve_in (route, RESOLVE_SECONDS);
  if (route->unresolved)
    log_info (LOG_NONE, "[pbx:%s] %s is resolved again", route->pbx, route->host);
  route->unresolved = FALSE;
  route->by_srv = answer->by_srv;
  take_addresses (route, answer->addresses);
}

static void
resolve (PbxRoute *route)
{
  pbx_lookup_async (route->host, route->port, route->transport, route->by_srv, route->cancellable,
                    on_resolved, route);
}

/**
 * pbx_route_new:
 * @stack: the SIP stack
 * @pbx: the PBX's name, for the log
 * @host: a host name, or a numeric address without brackets
 * @port: the port, which a numeric address needs; 0 has SRV records say it (RFC 3263 4.2)
 * @transport: by what
 *
 * Returns: (transfer full): the route; one with a host name is usable once it is resolved
 */
PbxRoute *
pbx_route_new (
    SipStack *stack, const gchar *pbx, const gchar *host, guint port, SipTransport transport)
{
  PbxRoute *route = g_new0 (PbxRoute, 1);
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (host);

  route->stack = stack;
  route->pbx = g_strdup (pbx);
  route->host = g_strdup (host);
  route->port = port;
  route->transport = transport;
  route->hops = g_ptr_array_new_with_free_func ((GDestroyNotify) pbx_hop_free);
  route->cancellable = g_cancellable_new ();
  if (address) {
    g_autoptr (GPtrArray) addresses = g_ptr_array_new_with_free_func (g_object_unref);

    g_ptr_array_add (addresses, g_inet_socket_address_new (address, (guint16) port));
    take_addresses (route, addresses);
  } else {
    resolve (route);
  }
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
  deadline_clear (&route->timer);
  g_ptr_array_unref (route->hops);
  g_clear_pointer (&route->addresses, g_ptr_array_unref);
  g_free (route->host);
  g_free (route->pbx);
  g_free (route);
}

/**
 * pbx_route_watch:
 * @route: a route
 * @func: told what changes, of it or of its hops
 * @user_data: for @func
 */
void
pbx_route_watch (PbxRoute *route, PbxHopFunc func, gpointer user_data)
{
  route->func = func;
  route->user_data = user_data;
}

/**
 * pbx_route_hops:
 * @route: a route
 *
 * Returns: (transfer none) (element-type PbxHop): where it leads, in order; empty while its name is
 * not resolved
 */
GPtrArray *
pbx_route_hops (PbxRoute *route)
{
  return route->hops;
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
  for (guint i = 0; route->addresses && i < route->addresses->len; i++)
    if (g_inet_address_equal (
            g_inet_socket_address_get_address (g_ptr_array_index (route->addresses, i)), address))
      return TRUE;
  return FALSE;
}

/**
 * pbx_route_to_string:
 * @route: a route
 *
 * Returns: (transfer full): the route as the configuration has it
 */
gchar *
pbx_route_to_string (const PbxRoute *route)
{
  return g_strdup_printf (strchr (route->host, ':') ? "sip:[%s]:%u;transport=%s"
                                                    : "sip:%s:%u;transport=%s",
                          route->host, route->port, sip_transport_name (route->transport));
}
