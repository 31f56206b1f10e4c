/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "edge/edge-ground.h"
#include "edge/edge-socket.h"

typedef struct _EdgeFarewell EdgeFarewell;

void edge_farewell_begin (EdgeGround *ground, EdgeSocket *socket, gboolean counted, gint64 source);
void edge_farewell_expire (EdgeFarewell *farewell);
