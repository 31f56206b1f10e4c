/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * edge-websocket: frames of an open WebSocket, by libwslay (RFC 6455, RFC 7118 section 5).
 *
 * Bytes are fed in and whole messages come out by a callback; frames leave by the socket. The
 * library answers pings and close frames, refuses unmasked and broken frames, and holds the
 * message limit.
 */
#include "edge/edge-websocket.h"

#include <string.h>
#include <wslay/wslay.h>

#define MAX_FRAGMENTS 256 /* of one message: each costs a list element, however small it is */

struct _EdgeWebsocket {
  wslay_event_context_ptr context;
  EdgeSocket *socket;
  EdgeWebsocketFunc func;
  gpointer user_data;
  const guint8 *bytes;
  gsize size;
  guint64 messages;
  guint fragments;
  gboolean within;
};

static ssize_t
on_recv (wslay_event_context_ptr context, uint8_t *bytes, size_t size, int flags, void *data)
{
  EdgeWebsocket *self = data;
  gsize part = MIN (size, self->size);

  if (part == 0) {
    wslay_event_set_error (context, WSLAY_ERR_WOULDBLOCK);
    return -1;
  }
  memcpy (bytes, self->bytes, part);
  self->bytes += part;
  self->size -= part;
  return (ssize_t) part;
}

static ssize_t
on_send (wslay_event_context_ptr context, const uint8_t *bytes, size_t size, int flags, void *data)
{
  EdgeWebsocket *self = data;

  edge_socket_send (self->socket, bytes, size);
  return (ssize_t) size;
}

static void
on_frame (wslay_event_context_ptr context,
          const struct wslay_event_on_frame_recv_start_arg *frame,
          void *data)
{
  EdgeWebsocket *self = data;

  if (wslay_is_ctrl_frame (frame->opcode))
    return;
  self->within = TRUE;
  if (++self->fragments > MAX_FRAGMENTS)
    wslay_event_queue_close (context, EDGE_WEBSOCKET_POLICY, NULL, 0);
}

static void
on_message (wslay_event_context_ptr context,
            const struct wslay_event_on_msg_recv_arg *message,
            void *data)
{
  EdgeWebsocket *self = data;
  guint16 code;

  if (wslay_is_ctrl_frame (message->opcode))
    return;
  self->within = FALSE;
  self->fragments = 0;
  self->messages++;
  if (wslay_event_get_close_sent (context))
    return;
  code = self->func (message->msg, message->msg_length, self->user_data);
  if (code)
    edge_websocket_close (self, code);
}

/**
 * edge_websocket_new:
 * @socket: where frames leave; it outlives the WebSocket
 * @limit: bytes of one message
 * @func: called with each message
 * @user_data: for @func
 *
 * Returns: (nullable) (transfer full): a WebSocket of the server's side, open; %NULL when memory
 *   is short
 */
EdgeWebsocket *
edge_websocket_new (EdgeSocket *socket, gsize limit, EdgeWebsocketFunc func, gpointer user_data)
{
  const struct wslay_event_callbacks callbacks = {
    .recv_callback = on_recv,
    .send_callback = on_send,
    .on_frame_recv_start_callback = on_frame,
    .on_msg_recv_callback = on_message,
  };
  EdgeWebsocket *self = g_new0 (EdgeWebsocket, 1);

  self->socket = socket;
  self->func = func;
  self->user_data = user_data;
  if (wslay_event_context_server_init (&self->context, &callbacks, self) != 0) {
    g_free (self);
    return NULL;
  }
  wslay_event_config_set_max_recv_msg_length (self->context, limit);
  return self;
}

/**
 * edge_websocket_free:
 * @websocket: (nullable) (transfer full): a WebSocket
 */
void
edge_websocket_free (EdgeWebsocket *websocket)
{
  if (!websocket)
    return;
  wslay_event_context_free (websocket->context);
  g_free (websocket);
}

static EdgeWebsocketState
state_of (EdgeWebsocket *self)
{
  if (wslay_event_get_close_received (self->context))
    return EDGE_WEBSOCKET_CLOSED;
  if (wslay_event_get_read_enabled (self->context) && !wslay_event_get_close_sent (self->context))
    return EDGE_WEBSOCKET_OPEN;
  if (wslay_event_get_status_code_sent (self->context) == EDGE_WEBSOCKET_TOO_LARGE)
    return EDGE_WEBSOCKET_OVERSIZED;
  return EDGE_WEBSOCKET_REFUSED;
}

/**
 * edge_websocket_feed:
 * @websocket: a WebSocket
 * @bytes: (array length=size): what the peer sent
 * @size: how much
 *
 * Returns: EDGE_WEBSOCKET_OPEN, or how it ended: by the peer, by us for what the peer sent, by us
 *   for its size. The close frame has left.
 */
EdgeWebsocketState
edge_websocket_feed (EdgeWebsocket *websocket, const guint8 *bytes, gsize size)
{
  gboolean failed;

  websocket->bytes = bytes;
  websocket->size = size;
  failed = wslay_event_recv (websocket->context) != 0;
  failed |= wslay_event_send (websocket->context) != 0;
  websocket->bytes = NULL;
  websocket->size = 0;
  return failed ? EDGE_WEBSOCKET_REFUSED : state_of (websocket);
}

/**
 * edge_websocket_send:
 * @websocket: a WebSocket
 * @message: (array length=size): one SIP message
 * @size: its size
 *
 * Sends it as text, as browsers like it, unless a body makes it anything else.
 */
void
edge_websocket_send (EdgeWebsocket *websocket, const guint8 *message, gsize size)
{
  gboolean text = g_utf8_validate_len ((const gchar *) message, size, NULL);
  const struct wslay_event_msg frame = {
    .opcode = text ? WSLAY_TEXT_FRAME : WSLAY_BINARY_FRAME,
    .msg = message,
    .msg_length = size,
  };

  wslay_event_queue_msg (websocket->context, &frame);
  wslay_event_send (websocket->context);
}

/**
 * edge_websocket_ping:
 * @websocket: a WebSocket
 *
 * Asks the peer for a sign of life; a browser answers by itself.
 */
void
edge_websocket_ping (EdgeWebsocket *websocket)
{
  const struct wslay_event_msg frame = { .opcode = WSLAY_PING };

  wslay_event_queue_msg (websocket->context, &frame);
  wslay_event_send (websocket->context);
}

/**
 * edge_websocket_close:
 * @websocket: a WebSocket
 * @code: RFC 6455 section 7.4
 *
 * Sends the close frame; nothing is read any longer.
 */
void
edge_websocket_close (EdgeWebsocket *websocket, guint16 code)
{
  wslay_event_queue_close (websocket->context, code, NULL, 0);
  wslay_event_send (websocket->context);
  wslay_event_shutdown_read (websocket->context);
}

/**
 * edge_websocket_is_between:
 * @websocket: a WebSocket
 *
 * Returns: whether the peer owes no rest of a message
 */
gboolean
edge_websocket_is_between (const EdgeWebsocket *websocket)
{
  return !websocket->within;
}

/**
 * edge_websocket_messages:
 * @websocket: a WebSocket
 *
 * Returns: how many messages came
 */
guint64
edge_websocket_messages (const EdgeWebsocket *websocket)
{
  return websocket->messages;
}
