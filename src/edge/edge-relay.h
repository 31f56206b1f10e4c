/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "edge/edge-options.h"
#include "edge/edge-peer.h"
#include "edge/edge-socket.h"

typedef struct _EdgeRelay EdgeRelay;

typedef enum {
  EDGE_RELAY_OPEN,
  EDGE_RELAY_PHONE_LEFT,
  EDGE_RELAY_STACK_LEFT,
  EDGE_RELAY_TOO_LARGE,
  EDGE_RELAY_MALFORMED,
  EDGE_RELAY_BROKEN,
} EdgeRelayVerdict;

EdgeRelay *edge_relay_new (EdgeSocket *outer, EdgeSocket *inner, const EdgePeer *peer,
                           const EdgeLimits *limits);
void edge_relay_free (EdgeRelay *relay);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EdgeRelay, edge_relay_free)

EdgeRelayVerdict edge_relay_feed (EdgeRelay *relay, const guint8 *bytes, gsize size);
EdgeRelayVerdict edge_relay_pump (EdgeRelay *relay, gboolean outer_ready, gboolean inner_ready,
                                  guint8 *scratch, gsize scratch_size);
gboolean edge_relay_reads_outer (const EdgeRelay *relay);
gboolean edge_relay_reads_inner (const EdgeRelay *relay);
gboolean edge_relay_is_draining (const EdgeRelay *relay);
gboolean edge_relay_is_between (const EdgeRelay *relay);
guint64 edge_relay_messages (const EdgeRelay *relay);
gboolean edge_relay_ping (EdgeRelay *relay);
void edge_relay_close (EdgeRelay *relay, guint16 code);
