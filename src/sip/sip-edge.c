/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sip-edge: the peers behind the connections that come from the edge.
 *
 * TLS and WebSocket end before the stack, which sees plain streams from loopback addresses. Who
 * stands behind one is asked here; whoever is no connection of the edge is shut out.
 */
#include "sip/sip-edge.h"

#include "base/counters.h"
#include "base/log.h"

#include <arpa/inet.h>

static void
text_of (const su_sockaddr_t *source, gchar text[static INET6_ADDRSTRLEN])
{
  text[0] = '\0';
  inet_ntop (source->su_family, SU_ADDR (source), text, INET6_ADDRSTRLEN);
}

/**
 * sip_edge_identify:
 * @edge: (nullable): the edge; nobody is known without one
 * @source: whence the stack got a message
 * @peer: (out caller-allocates): who sent it; its strings live as long as the connection is known
 *
 * Returns: whether @source is a connection of the edge
 */
gboolean
sip_edge_identify (const SipEdge *edge, const su_sockaddr_t *source, SipEdgePeer *peer)
{
  gchar host[INET6_ADDRSTRLEN];

  if (!edge)
    return FALSE;
  text_of (source, host);
  return edge->find_peer (host, ntohs (source->su_port), peer, edge->user_data);
}

/**
 * sip_edge_address:
 * @edge: (nullable): the edge, where one stands before the listener
 * @source: whence the stack got a message
 *
 * Returns: (transfer full): who sent it, as host:port, IPv6 in brackets
 */
gchar *
sip_edge_address (const SipEdge *edge, const su_sockaddr_t *source)
{
  gchar host[INET6_ADDRSTRLEN];
  SipEdgePeer peer = { .address = host, .port = ntohs (source->su_port) };

  text_of (source, host);
  sip_edge_identify (edge, source, &peer);
  return g_strdup_printf (strchr (peer.address, ':') ? "[%s]:%u" : "%s:%u", peer.address,
                          peer.port);
}

static gboolean
on_shut (gpointer stranger)
{
  tport_shutdown (stranger, 2);
  tport_unref (stranger);
  return G_SOURCE_REMOVE;
}

/**
 * sip_edge_refuse:
 * @stranger: (transfer full): a connection to a loopback listener that is not the edge's
 *
 * Counts it and closes it, but not inside the stack's own callback.
 */
void
sip_edge_refuse (tport_t *stranger)
{
  counters_inc (COUNTER_EDGE_STRANGERS);
  log_warning (LOG_NONE, "a program of this machine that is not the edge spoke to listener %s; "
               "its connection is closed", tport_ident (tport_parent (stranger)));
  g_idle_add (on_shut, stranger);
}
