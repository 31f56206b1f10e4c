/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sip-flow: a way out: a connection that a peer opened, or an address reached from a listener.
 *
 * A phone behind NAT is reached only by the flow of its newest REGISTER (RFC 5626): the very
 * connection on streams, the observed source address on UDP. The PBX is reached by its address.
 * One object stands for one connection, so flows are compared by what they are.
 */
#include "sip/sip-flow.h"

#include "base/counters.h"

#include <arpa/inet.h>
#include <string.h>

typedef struct {
  SipFlowClosedFunc func;
  gpointer user_data;
} Watcher;

struct _SipFlow {
  guint refs;
  SipListener *listener;
  tport_t *tport;      /* owned: the connection, until it closes; NULL where there is none */
  gint pending;        /* how the stack knows that we wait for the connection's end */
  gboolean connection; /* that peer's, and nobody reaches it when it is closed */
  guint64 peer;        /* the edge's number for the connection, 0 where there is no edge */
  GStrv names;         /* what the certificate of the edge's peer proves, NULL where there is none */
  gchar *address;
  gchar *route; /* nullable: none was asked for yet, as for most phones that sleep */
  GSList *watchers;
};

static SipFlow *
flow_new (SipListener *listener, gchar *address)
{
  SipFlow *flow = g_new0 (SipFlow, 1);

  flow->refs = 1;
  flow->listener = listener;
  flow->address = address;
  return flow;
}

static gboolean
unref_tport (gpointer tport)
{
  tport_unref (tport);
  return G_SOURCE_REMOVE;
}

/* A closed connection that is still referenced costs every later close a list walk: let go soon,
 * but not inside the stack's own callback. */
static void
release_connection (SipFlow *flow)
{
  if (!flow->tport)
    return;
  g_hash_table_remove (flow->listener->flows, flow->tport);
  if (g_hash_table_lookup (flow->listener->dialed, flow->address) == flow)
    g_hash_table_remove (flow->listener->dialed, flow->address);
  counters_dec (COUNTER_FLOWS_OPEN);
  g_idle_add (unref_tport, g_steal_pointer (&flow->tport));
}

static void
on_closed (tp_stack_t *stack, SipFlow *flow, tport_t *tport, msg_t *msg, int error)
{
  g_autoptr (SipFlow) self = sip_flow_ref (flow);

  if (self->tport != tport)
    return;
  tport_release (tport, self->pending, NULL, NULL, self, 0);
  release_connection (self);
  while (self->watchers) {
    Watcher *watcher = self->watchers->data;

    self->watchers = g_slist_delete_link (self->watchers, self->watchers);
    watcher->func (self, watcher->user_data);
    g_free (watcher);
  }
}

static SipFlow *
flow_of_connection (SipListener *listener, tport_t *tport, gchar *address,
                    const su_sockaddr_t *source)
{
  SipEdgePeer peer;
  SipFlow *flow = g_hash_table_lookup (listener->flows, tport);

  if (flow) {
    tport_unref (tport);
    g_free (address);
    return sip_flow_ref (flow);
  }
  flow = flow_new (listener, address);
  flow->connection = TRUE;
  flow->tport = tport;
  if (source && sip_edge_identify (listener->edge, source, &peer)) {
    flow->peer = peer.id;
    flow->names = g_strdupv (peer.names);
  }
  flow->pending = tport_pend (tport, NULL, on_closed, flow);
  g_hash_table_insert (listener->flows, tport, flow);
  counters_inc (COUNTER_FLOWS_OPEN);
  return flow;
}

/**
 * sip_flow_from_request:
 * @listener: by which the request came in
 * @irq: the request's transaction
 *
 * Returns: (transfer full): the flow back to where the request came from
 */
SipFlow *
sip_flow_from_request (SipListener *listener, nta_incoming_t *irq)
{
  msg_t *msg = nta_incoming_getrequest (irq);
  tport_t *tport = nta_incoming_transport (listener->agent, irq, msg);
  SipFlow *flow;

  if (tport && tport_is_secondary (tport) && !tport_is_closed (tport))
    flow = flow_of_connection (listener, tport, sip_edge_address (listener->edge, msg_addr (msg)),
                               msg_addr (msg));
  else {
    flow = flow_new (listener, sip_edge_address (listener->edge, msg_addr (msg)));
    flow->connection = sip_transport_is_stream (listener->transport);
    tport_unref (tport);
  }
  msg_destroy (msg);
  return flow;
}

static void
ask_edge (const SipFlow *flow, const gchar *name)
{
  const SipEdge *edge = flow->listener->edge;
  g_autoptr (GSocketConnectable) address = NULL;
  GNetworkAddress *target;

  if (!edge)
    return;
  address = g_network_address_parse (flow->address, 0, NULL);
  target = address ? G_NETWORK_ADDRESS (address) : NULL;
  if (target)
    edge->dial (flow->listener->name, g_network_address_get_hostname (target),
                g_network_address_get_port (target), name, edge->user_data);
}

/* What is addressed behind the edge goes by the connection that the edge dialed to there. */
static const SipFlow *
carrier (const SipFlow *flow)
{
  const SipFlow *dialed = NULL;

  if (!flow->tport && !flow->connection)
    dialed = g_hash_table_lookup (flow->listener->dialed, flow->address);
  return dialed ? dialed : flow;
}

/**
 * sip_flow_from_outgoing:
 * @listener: by which a request of ours went out
 * @orq: the request's transaction
 *
 * While the flow is held, the stack does not close the connection for being idle.
 *
 * Returns: (transfer full) (nullable): the connection that the request took, NULL when there is none
 */
SipFlow *
sip_flow_from_outgoing (SipListener *listener, nta_outgoing_t *orq)
{
  tport_t *tport = nta_outgoing_transport (orq);
  const tp_name_t *name;

  if (!tport || !tport_is_secondary (tport) || tport_is_closed (tport)) {
    tport_unref (tport);
    return NULL;
  }
  name = tport_name (tport);
  return flow_of_connection (listener, tport,
                             g_strdup_printf ("%s:%s", name->tpn_host, name->tpn_port), NULL);
}

/**
 * sip_flow_to_address:
 * @listener: from which socket
 * @host: a numeric address, IPv6 without brackets
 * @port: the port
 *
 * Returns: (transfer full): the way to that address; the stack opens or reuses a connection
 */
SipFlow *
sip_flow_to_address (SipListener *listener, const gchar *host, guint port)
{
  return flow_new (listener, g_strdup_printf (strchr (host, ':') ? "[%s]:%u" : "%s:%u", host, port));
}

/**
 * sip_flow_verify:
 * @flow: the way to an address
 * @name: what the peer's certificate must prove (RFC 5922)
 *
 * Has the edge open the connection now, and again whenever it is lost. Without an edge before the
 * listener, nothing.
 */
void
sip_flow_verify (SipFlow *flow, const gchar *name)
{
  ask_edge (flow, name);
}

/**
 * sip_flow_dialed:
 * @listener: to which the edge connected
 * @loopback: from which address
 * @port: and port
 *
 * Returns: (transfer full) (nullable): the connection, by which requests to its peer's address go
 * as long as it is held and open; %NULL while the stack has not accepted it
 */
SipFlow *
sip_flow_dialed (SipListener *listener, const gchar *loopback, guint port)
{
  g_autofree gchar *number = g_strdup_printf ("%u", port);
  const tp_name_t name = {
    .tpn_proto = "tcp", .tpn_canon = loopback, .tpn_host = loopback, .tpn_port = number
  };
  tport_t *tport = tport_by_name (listener->primary, &name);
  su_sockaddr_t source = { .su_sin = { .sin_family = AF_INET, .sin_port = htons ((guint16) port) } };
  SipFlow *flow;

  if (!tport || !tport_is_secondary (tport) || tport_is_closed (tport) ||
      inet_pton (AF_INET, loopback, &source.su_sin.sin_addr) != 1)
    return NULL;
  flow = flow_of_connection (listener, tport_ref (tport), sip_edge_address (listener->edge, &source),
                             &source);
  g_hash_table_replace (listener->dialed, flow->address, flow);
  return flow;
}

/**
 * sip_flow_restore:
 * @listener: by which a phone was reached before a restart
 * @address: the phone as host:port, IPv6 in brackets
 *
 * Returns: (transfer full): the flow to it; where that was a connection, a closed one
 */
SipFlow *
sip_flow_restore (SipListener *listener, const gchar *address)
{
  SipFlow *flow = flow_new (listener, g_strdup (address));

  flow->connection = sip_transport_is_stream (listener->transport);
  return flow;
}

/**
 * sip_flow_ref:
 * @flow: a flow
 *
 * Returns: (transfer full): @flow
 */
SipFlow *
sip_flow_ref (SipFlow *flow)
{
  flow->refs++;
  return flow;
}

/**
 * sip_flow_unref:
 * @flow: (transfer full): a flow
 */
void
sip_flow_unref (SipFlow *flow)
{
  if (--flow->refs > 0)
    return;
  if (flow->tport)
    tport_release (flow->tport, flow->pending, NULL, NULL, flow, 0);
  release_connection (flow);
  g_slist_free_full (flow->watchers, g_free);
  g_strfreev (flow->names);
  g_free (flow->address);
  g_free (flow->route);
  g_free (flow);
}

/**
 * sip_flow_listener:
 * @flow: a flow
 *
 * Returns: (transfer none): the listener that it uses
 */
SipListener *
sip_flow_listener (const SipFlow *flow)
{
  return flow->listener;
}

/**
 * sip_flow_address:
 * @flow: a flow
 *
 * Returns: (transfer none): the peer as host:port, IPv6 in brackets
 */
const gchar *
sip_flow_address (const SipFlow *flow)
{
  return flow->address;
}

/**
 * sip_flow_host:
 * @flow: a flow
 *
 * Returns: (transfer full): the peer's address alone, without brackets
 */
gchar *
sip_flow_host (const SipFlow *flow)
{
  const gchar *start = flow->address + (*flow->address == '[');
  const gchar *end = strrchr (start, *flow->address == '[' ? ']' : ':');

  return end ? g_strndup (start, (gsize) (end - start)) : g_strdup (start);
}

/**
 * sip_flow_peer:
 * @flow: a flow
 *
 * Returns: the edge's number for its connection, 0 when it is none of the edge's
 */
guint64
sip_flow_peer (const SipFlow *flow)
{
  return flow->peer;
}

/**
 * sip_flow_names:
 * @flow: a flow
 *
 * Returns: (transfer none) (nullable) (array zero-terminated=1): "user@domain" or "domain": what the
 *   peer's verified certificate proves (RFC 5922); %NULL when it showed none
 */
const gchar *const *
sip_flow_names (const SipFlow *flow)
{
  return (const gchar *const *) flow->names;
}

/**
 * sip_flow_is_connection:
 * @flow: a flow
 *
 * Returns: whether it is a connection that the peer opened
 */
gboolean
sip_flow_is_connection (const SipFlow *flow)
{
  return flow->connection;
}

/**
 * sip_flow_is_open:
 * @flow: a flow
 *
 * Returns: whether something can still be sent on it; of an address nobody knows, so that is TRUE
 */
gboolean
sip_flow_is_open (const SipFlow *flow)
{
  return !flow->connection || (flow->tport && tport_is_clear_to_send (flow->tport));
}

/**
 * sip_flow_equal:
 * @a: a flow
 * @b: another
 *
 * Returns: whether both are one connection, or one address from one socket
 */
gboolean
sip_flow_equal (const SipFlow *a, const SipFlow *b)
{
  if (a == b)
    return TRUE;
  return !a->connection && !b->connection && a->listener == b->listener &&
         g_str_equal (a->address, b->address);
}

/**
 * sip_flow_shut:
 * @flow: a flow
 *
 * Closes its connection, as that of a peer that keeps silent; those who watch it are told. Not to be
 * called from within an answer.
 */
void
sip_flow_shut (SipFlow *flow)
{
  if (!flow->tport)
    return;
  tport_shutdown (flow->tport, 2);
  sip_loop_kick (flow->listener->loop);
}

/**
 * sip_flow_watch:
 * @flow: a flow
 * @func: called once, when its connection closes
 * @user_data: for @func
 */
void
sip_flow_watch (SipFlow *flow, SipFlowClosedFunc func, gpointer user_data)
{
  Watcher *watcher = g_new (Watcher, 1);

  *watcher = (Watcher){ func, user_data };
  flow->watchers = g_slist_prepend (flow->watchers, watcher);
}

/**
 * sip_flow_unwatch:
 * @flow: a flow
 * @func: what sip_flow_watch() was given
 * @user_data: likewise
 */
void
sip_flow_unwatch (SipFlow *flow, SipFlowClosedFunc func, gpointer user_data)
{
  for (GSList *link = flow->watchers; link; link = link->next) {
    Watcher *watcher = link->data;

    if (watcher->func == func && watcher->user_data == user_data) {
      flow->watchers = g_slist_delete_link (flow->watchers, link);
      g_free (watcher);
      return;
    }
  }
}

/**
 * sip_flow_can_send:
 * @flow: a flow
 *
 * Returns: whether a request may be given to it; %FALSE behind the edge when there is no connection,
 * since the stack would then send in the clear
 */
gboolean
sip_flow_can_send (const SipFlow *flow)
{
  if (!flow->listener->edge || carrier (flow)->tport)
    return TRUE;
  if (!flow->connection)
    ask_edge (flow, NULL);
  return FALSE;
}

/**
 * sip_flow_tport:
 * @flow: a flow
 *
 * Returns: (transfer none): the connection, or the listener's socket
 */
tport_t *
sip_flow_tport (const SipFlow *flow)
{
  const SipFlow *way = carrier (flow);

  return way->tport ? way->tport : flow->listener->primary;
}

/**
 * sip_flow_route:
 * @flow: a flow
 *
 * Returns: (transfer none) (nullable): where the stack sends to when no connection is given
 */
url_string_t *
sip_flow_route (SipFlow *flow)
{
  if (carrier (flow)->tport)
    return NULL;
  if (!flow->route)
    flow->route =
      g_strconcat ("sip:", flow->address, ";transport=",
                   sip_transport_is_stream (flow->listener->transport) ? "tcp" : "udp", NULL);
  return (url_string_t *) flow->route;
}
