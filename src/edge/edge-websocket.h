/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "edge/edge-socket.h"

typedef struct _EdgeWebsocket EdgeWebsocket;
/* Returns 0, or the close code with which the connection is to end. */
typedef guint16 (*EdgeWebsocketFunc) (const guint8 *message, gsize size, gpointer user_data);

#define EDGE_WEBSOCKET_GOING_AWAY 1001
#define EDGE_WEBSOCKET_INVALID 1007
#define EDGE_WEBSOCKET_POLICY 1008
#define EDGE_WEBSOCKET_TOO_LARGE 1009

typedef enum {
  EDGE_WEBSOCKET_OPEN,
  EDGE_WEBSOCKET_CLOSED,
  EDGE_WEBSOCKET_REFUSED,
  EDGE_WEBSOCKET_OVERSIZED,
} EdgeWebsocketState;

EdgeWebsocket *edge_websocket_new (EdgeSocket *socket, gsize limit, EdgeWebsocketFunc func,
                                   gpointer user_data);
void edge_websocket_free (EdgeWebsocket *websocket);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EdgeWebsocket, edge_websocket_free)

EdgeWebsocketState edge_websocket_feed (EdgeWebsocket *websocket, const guint8 *bytes, gsize size);
void edge_websocket_send (EdgeWebsocket *websocket, const guint8 *message, gsize size);
void edge_websocket_ping (EdgeWebsocket *websocket);
void edge_websocket_close (EdgeWebsocket *websocket, guint16 code);
gboolean edge_websocket_is_between (const EdgeWebsocket *websocket);
guint64 edge_websocket_messages (const EdgeWebsocket *websocket);
