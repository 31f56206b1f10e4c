/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * edge-ground: what the connections of the edge's thread stand on together.
 *
 * A record of the thread's shared things, open to edge-connection, edge-listener and edge-thread;
 * no other thread touches it once that thread runs.
 */
#include "edge/edge-ground.h"

#include "base/clock.h"

#define LOOPBACK_ADDRESSES 4096
#define LOOPBACK_FIRST_PORT 20000
#define LOOPBACK_LAST_PORT 29999
#define LOOPBACK_BOUND 500000 /* in use or at rest: 32 s of 15,000 new connections a second */

/**
 * edge_ground_new:
 * @limits: the limits
 * @events: where the main loop is told; it outlives the ground
 * @error: SIPWAKE_ERROR_LIMIT when the process has no descriptor left
 *
 * Returns: (transfer full): a ground, or %NULL
 */
EdgeGround *
edge_ground_new (const EdgeLimits *limits, EdgeMailbox *events, GError **error)
{
  const gint64 spans[N_EDGE_DEADLINES] = {
    [EDGE_DEADLINE_SETUP] = limits->handshake_timeout * (CLOCK_SECOND / 1000),
    [EDGE_DEADLINE_MESSAGE] = limits->message_timeout * (CLOCK_SECOND / 1000),
    [EDGE_DEADLINE_IDLE] = limits->idle_timeout * (CLOCK_SECOND / 1000),
    [EDGE_DEADLINE_REGISTERED] = limits->registered_timeout * (CLOCK_SECOND / 1000),
    [EDGE_DEADLINE_STALL] = limits->stall_timeout * (CLOCK_SECOND / 1000),
    [EDGE_DEADLINE_DRAIN] = limits->close_timeout * (CLOCK_SECOND / 1000),
    [EDGE_DEADLINE_FAREWELL] = limits->close_timeout * (CLOCK_SECOND / 1000),
  };
  g_autoptr (EdgePoller) poller = edge_poller_new (error);
  EdgeGround *ground;

  if (!poller)
    return NULL;
  ground = g_new0 (EdgeGround, 1);
  ground->limits = *limits;
  ground->poller = g_steal_pointer (&poller);
  ground->quota = edge_quota_new (limits);
  ground->loopback = edge_loopback_new (LOOPBACK_ADDRESSES, LOOPBACK_FIRST_PORT, LOOPBACK_LAST_PORT,
                                        LOOPBACK_BOUND);
  ground->events = events;
  ground->connections = g_hash_table_new (g_int64_hash, g_int64_equal);
  g_queue_init (&ground->waiting);
  edge_deadlines_init (&ground->deadlines, spans);
  return ground;
}

/**
 * edge_ground_free:
 * @ground: (nullable) (transfer full): a ground without connections
 */
void
edge_ground_free (EdgeGround *ground)
{
  if (!ground)
    return;
  edge_poller_free (ground->poller);
  edge_quota_free (ground->quota);
  edge_loopback_free (ground->loopback);
  g_hash_table_unref (ground->connections);
  g_free (ground);
}
