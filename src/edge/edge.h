/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "edge/edge-event.h"
#include "edge/edge-options.h"
#include "edge/edge-peer.h"

#include <gio/gio.h>

#define EDGE_TYPE_EDGE (edge_get_type ())
G_DECLARE_FINAL_TYPE (Edge, edge, EDGE, EDGE, GObject)

Edge *edge_new (const EdgeLimits *limits, GError **error);

gboolean edge_listen (Edge *edge, const EdgeListenOptions *options, guint16 *port, GError **error);
gboolean edge_reload_certificates (Edge *edge, GError **error);

void edge_dial_async (Edge *edge, const EdgeDialOptions *options, GAsyncReadyCallback callback,
                      gpointer user_data);
EdgePeer *edge_dial_finish (Edge *edge, GAsyncResult *result, GError **error);

EdgePeer *edge_peer_of (Edge *edge, const gchar *loopback_address, guint16 loopback_port);
void edge_set_flow_registered (Edge *edge, guint64 id, gboolean registered);
void edge_close_connection (Edge *edge, guint64 id);

void edge_stop_async (Edge *edge, GAsyncReadyCallback callback, gpointer user_data);
gboolean edge_stop_finish (Edge *edge, GAsyncResult *result, GError **error);
