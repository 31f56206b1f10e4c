/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "edge/edge-ground.h"

/* Lies inside its owner. */
typedef struct {
  EdgeGround *ground;
  gint64 source;
  GList turn;
  gboolean counted;
  gboolean queued;
  gboolean shaking;
  struct sockaddr_in loopback;
} EdgeLease;

void edge_lease_init (EdgeLease *lease, EdgeGround *ground, gpointer owner);
void edge_lease_count (EdgeLease *lease, const struct sockaddr *remote);
gboolean edge_lease_take_turn (EdgeLease *lease);
void edge_lease_end_turn (EdgeLease *lease);
int edge_lease_bind (EdgeLease *lease);
void edge_lease_return (EdgeLease *lease, gboolean leaving);
