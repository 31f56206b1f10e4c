/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "edge/edge-ground.h"
#include "edge/edge-tls.h"

typedef struct _EdgeListener EdgeListener;

EdgeListener *edge_listener_new (const EdgeListenOptions *options, GError **error);
void edge_listener_free (EdgeListener *listener);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EdgeListener, edge_listener_free)

guint16 edge_listener_get_port (const EdgeListener *listener);
gboolean edge_listener_open (EdgeListener *listener, EdgeGround *ground);
void edge_listener_resume (EdgeListener *listener);
void edge_listener_shut (EdgeListener *listener);
void edge_listener_set_tls (EdgeListener *listener, EdgeTls *tls);
