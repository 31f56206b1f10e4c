/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "edge/edge-event.h"
#include "edge/edge-ground.h"
#include "edge/edge-socket.h"

typedef struct _EdgeFlow EdgeFlow;
typedef void (*EdgeFlowEnded) (gpointer owner, EdgeCloseReason reason, EdgeSocket *outer);

EdgeFlow *edge_flow_new (EdgeGround *ground, EdgeSocket *outer, EdgeSocket *inner,
                         const EdgePeer *peer, EdgeFlowEnded ended, gpointer owner);
void edge_flow_free (EdgeFlow *flow);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EdgeFlow, edge_flow_free)

void edge_flow_start (EdgeFlow *flow, const guint8 *rest, gsize size);
void edge_flow_set_registered (EdgeFlow *flow, gboolean registered);
void edge_flow_expire (EdgeFlow *flow, EdgeDeadlineKind kind);
void edge_flow_close (EdgeFlow *flow, EdgeCloseReason reason);
