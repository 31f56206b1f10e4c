/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * edge-lease: what one connection holds of the ground, and gives back whichever way it ends.
 *
 * Its place in the quota, its turn at a handshake or its place in the queue for one, its loopback
 * address. edge-connection has one.
 */
#include "edge/edge-lease.h"

#include "base/clock.h"
#include "base/counters.h"

/**
 * edge_lease_init:
 * @lease: (out caller-allocates): holds nothing
 * @ground: of what
 * @owner: found in the ground's queue when its turn comes
 */
void
edge_lease_init (EdgeLease *lease, EdgeGround *ground, gpointer owner)
{
  *lease = (EdgeLease){ .ground = ground, .turn.data = owner };
}

/**
 * edge_lease_count:
 * @lease: a lease
 * @remote: whence a connection came that the quota has admitted
 */
void
edge_lease_count (EdgeLease *lease, const struct sockaddr *remote)
{
  lease->source = edge_quota_source (remote);
  lease->counted = TRUE;
}

static void
leave_queue (EdgeLease *self)
{
  if (!self->queued)
    return;
  self->queued = FALSE;
  g_queue_unlink (&self->ground->waiting, &self->turn);
}

/**
 * edge_lease_take_turn:
 * @lease: a lease that counts
 *
 * Returns: whether a handshake may begin; %FALSE when it stands in the queue for one
 */
gboolean
edge_lease_take_turn (EdgeLease *lease)
{
  EdgeGround *ground = lease->ground;

  if (edge_quota_begin_handshake (ground->quota, lease->source)) {
    leave_queue (lease);
    lease->shaking = TRUE;
    ground->handshakes++;
    counters_inc (COUNTER_EDGE_HANDSHAKES_OPEN);
    return TRUE;
  }
  if (!lease->queued) {
    counters_inc (COUNTER_EDGE_HANDSHAKES_DEFERRED);
    lease->queued = TRUE;
    g_queue_push_tail_link (&ground->waiting, &lease->turn);
  }
  return FALSE;
}

/**
 * edge_lease_end_turn:
 * @lease: a lease, whether it had a turn or not
 */
void
edge_lease_end_turn (EdgeLease *lease)
{
  if (!lease->shaking)
    return;
  lease->shaking = FALSE;
  lease->ground->turn_ended = TRUE;
  edge_quota_end_handshake (lease->ground->quota, lease->source);
  counters_dec (COUNTER_EDGE_HANDSHAKES_OPEN);
}

/**
 * edge_lease_bind:
 * @lease: a lease
 *
 * Returns: as edge_loopback_bind()
 */
int
edge_lease_bind (EdgeLease *lease)
{
  return edge_loopback_bind (lease->ground->loopback, clock_now (), &lease->loopback);
}

/**
 * edge_lease_return:
 * @lease: a lease
 * @leaving: whether its place in the quota is given back too; else somebody else holds it now
 */
void
edge_lease_return (EdgeLease *lease, gboolean leaving)
{
  leave_queue (lease);
  edge_lease_end_turn (lease);
  if (lease->loopback.sin_port)
    edge_loopback_release (lease->ground->loopback, clock_now (), &lease->loopback);
  lease->loopback.sin_port = 0;
  if (leaving && lease->counted)
    edge_quota_leave (lease->ground->quota, lease->source);
  lease->counted = FALSE;
}
