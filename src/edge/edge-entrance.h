/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "edge/edge-options.h"
#include "edge/edge-socket.h"
#include "edge/edge-tls.h"

typedef struct _EdgeEntrance EdgeEntrance;

typedef enum {
  EDGE_ENTRANCE_AGAIN,
  EDGE_ENTRANCE_PASSED,
  EDGE_ENTRANCE_REFUSED,
} EdgeEntranceVerdict;

EdgeEntrance *edge_entrance_new_accepting (EdgeSocket *outer, const EdgeListenOptions *options,
                                           EdgeTls *tls);
EdgeEntrance *edge_entrance_new_dialing (EdgeSocket *outer, const EdgeDialOptions *options,
                                         EdgeTls *tls);
void edge_entrance_free (EdgeEntrance *entrance);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EdgeEntrance, edge_entrance_free)

EdgeEntranceVerdict edge_entrance_step (EdgeEntrance *entrance, guint8 *scratch, gsize size);
gboolean edge_entrance_is_shaking (const EdgeEntrance *entrance);
const gchar *edge_entrance_cause (const EdgeEntrance *entrance);
void edge_entrance_describe (const EdgeEntrance *entrance, EdgePeer *peer);
void edge_entrance_welcome (EdgeEntrance *entrance);
void edge_entrance_turn_away (EdgeEntrance *entrance, guint status, const gchar *cause);
const guint8 *edge_entrance_rest (const EdgeEntrance *entrance, gsize *size);
