/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "edge/edge-deadlines.h"
#include "edge/edge-loopback.h"
#include "edge/edge-mailbox.h"
#include "edge/edge-options.h"
#include "edge/edge-poller.h"
#include "edge/edge-quota.h"

#define EDGE_SCRATCH_SIZE (32 * 1024)

typedef struct {
  EdgeLimits limits;
  EdgePoller *poller;
  EdgeDeadlines deadlines;
  EdgeQuota *quota;
  EdgeLoopback *loopback;
  EdgeMailbox *events;
  GHashTable *connections;
  GQueue waiting;
  gboolean turn_ended;
  guint farewells;
  guint64 last_id;
  guint64 handshakes;
  gint64 accept_again;
  guint8 scratch[EDGE_SCRATCH_SIZE];
} EdgeGround;

EdgeGround *edge_ground_new (const EdgeLimits *limits, EdgeMailbox *events, GError **error);
void edge_ground_free (EdgeGround *ground);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EdgeGround, edge_ground_free)
