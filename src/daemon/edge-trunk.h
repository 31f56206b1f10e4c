/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "edge/edge.h"
#include "sip/sip-flow.h"

typedef struct _EdgeTrunk EdgeTrunk;

EdgeTrunk *edge_trunk_new (Edge *edge, SipListener *listener, EdgeDialOptions *options);
void edge_trunk_free (EdgeTrunk *trunk);

gboolean edge_trunk_leads_to (const EdgeTrunk *trunk, const gchar *listener, const gchar *host,
                              guint port);
void edge_trunk_hurry (EdgeTrunk *trunk);
