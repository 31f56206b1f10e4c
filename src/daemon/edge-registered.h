/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "edge/edge.h"
#include "registrar/location.h"

typedef struct _EdgeRegistered EdgeRegistered;

EdgeRegistered *edge_registered_new (Edge *edge, Location *location);
void edge_registered_free (EdgeRegistered *registered);
