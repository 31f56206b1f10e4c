/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sip/sofia.h"

#include <glib.h>

typedef struct {
  guint64 id;
  const gchar *address; /* numeric, without brackets; not owned */
  guint port;
  GStrv names; /* nullable: "user@domain" or "domain", what its certificate proves; not owned */
} SipEdgePeer;

/* What the stack asks of whoever speaks TLS and WebSocket in front of it. */
typedef struct {
  gboolean (*find_peer) (const gchar *loopback, guint port, SipEdgePeer *peer, gpointer user_data);
  /* @name: what the certificate of @host must prove, NULL when that was told before */
  void (*dial) (const gchar *listener, const gchar *host, guint port, const gchar *name,
                gpointer user_data);
  gpointer user_data;
} SipEdge;

gboolean sip_edge_identify (const SipEdge *edge, const su_sockaddr_t *source, SipEdgePeer *peer);
gchar *sip_edge_address (const SipEdge *edge, const su_sockaddr_t *source);
void sip_edge_refuse (tport_t *stranger);
