/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

typedef enum {
  EDGE_TRANSPORT_TLS,
  EDGE_TRANSPORT_WS,
  EDGE_TRANSPORT_WSS,
} EdgeTransport;

typedef struct {
  guint64 id;
  gchar *listener;
  EdgeTransport transport;
  gboolean dialed;
  gchar *address;
  guint16 port;
  gchar *tls_version;
  gchar *cipher;
  GStrv names; /* nullable: what its certificate proves; empty when that is nothing */
  gchar *loopback_address;
  guint16 loopback_port;
} EdgePeer;

#define EDGE_TYPE_PEER (edge_peer_get_type ())
GType edge_peer_get_type (void);

EdgePeer *edge_peer_new (void);
EdgePeer *edge_peer_ref (EdgePeer *peer);
void edge_peer_unref (EdgePeer *peer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EdgePeer, edge_peer_unref)

const gchar *edge_peer_name (const EdgePeer *peer);
const gchar *edge_transport_name (EdgeTransport transport);
