/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * edge-peer: who stands behind one loopback address and port.
 *
 * Written once by the edge's thread, before the main loop hears of the connection; nobody changes
 * it afterwards, so both threads may read it. The SIP side takes from it what its own socket
 * cannot know: the real address and port for Via (RFC 3261 section 18.2.1, RFC 3581), the state of
 * TLS, and the names that a certificate proved.
 */
#include "edge/edge-peer.h"

#include <stdatomic.h>

typedef struct {
  EdgePeer peer;
  /* Not GLib's own count: its atomics are invisible to the thread sanitizer. */
  _Atomic guint refs;
} CountedPeer;

G_DEFINE_BOXED_TYPE (EdgePeer, edge_peer, edge_peer_ref, edge_peer_unref)

/**
 * edge_peer_new:
 *
 * Returns: (transfer full): an empty peer
 */
EdgePeer *
edge_peer_new (void)
{
  CountedPeer *self = g_new0 (CountedPeer, 1);

  atomic_init (&self->refs, 1);
  return &self->peer;
}

/**
 * edge_peer_ref:
 * @peer: a peer
 *
 * Any thread may call it.
 *
 * Returns: (transfer full): @peer
 */
EdgePeer *
edge_peer_ref (EdgePeer *peer)
{
  atomic_fetch_add (&((CountedPeer *) peer)->refs, 1);
  return peer;
}

/**
 * edge_peer_unref:
 * @peer: (transfer full): a peer
 *
 * Any thread may call it.
 */
void
edge_peer_unref (EdgePeer *peer)
{
  if (atomic_fetch_sub (&((CountedPeer *) peer)->refs, 1) != 1)
    return;
  g_free (peer->listener);
  g_free (peer->address);
  g_free (peer->tls_version);
  g_free (peer->cipher);
  g_strfreev (peer->names);
  g_free (peer->loopback_address);
  g_free (peer);
}

/**
 * edge_peer_name:
 * @peer: a peer
 *
 * Returns: (nullable) (transfer none): the first name that its certificate proves
 */
const gchar *
edge_peer_name (const EdgePeer *peer)
{
  return peer->names ? peer->names[0] : NULL;
}

/**
 * edge_transport_name:
 * @transport: which
 *
 * Returns: (transfer none): the word that stands in Via (RFC 3261 section 20.42, RFC 7118)
 */
const gchar *
edge_transport_name (EdgeTransport transport)
{
  switch (transport) {
  case EDGE_TRANSPORT_TLS:
    return "TLS";
  case EDGE_TRANSPORT_WS:
    return "WS";
  case EDGE_TRANSPORT_WSS:
    return "WSS";
  }
  g_return_val_if_reached ("TLS");
}
