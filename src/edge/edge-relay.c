/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * edge-relay: the two directions of an open connection, phone (or PBX) to stack and back.
 *
 * Each side is read only while the other one can take what comes. Keep-alives of the far side end
 * here: a double CRLF is answered by one CRLF (RFC 5626 section 4.4.1), a
 * WebSocket has pings of its own. What comes from the stack is cut into messages: one makes one frame
 * of a WebSocket, and an answer is told where its request really came from.
 */
#include "edge/edge-relay.h"

#include "edge/edge-frame.h"
#include "edge/edge-received.h"
#include "edge/edge-stream.h"
#include "edge/edge-websocket.h"

#include <sys/socket.h>

#define ROUNDS 4 /* reads of one side before others have their turn */

struct _EdgeRelay {
  EdgeSocket *outer;
  EdgeSocket *inner;
  EdgeWebsocket *websocket;
  EdgeStream from_phone;
  EdgeStream from_stack;
  const EdgePeer *peer;
  GByteArray *gathered; /* of the stack's message that is not whole yet */
  gsize message_size;
  gsize outbound_size;
  gboolean outer_ended;
  gboolean inner_ended;
  gboolean shut;
};

static guint16
on_message (const guint8 *message, gsize size, gpointer user_data)
{
  EdgeRelay *self = user_data;
  g_autoptr (GByteArray) out = g_byte_array_new ();

  switch (edge_frame_unpack (message, size, self->message_size, out)) {
  case EDGE_FRAME_MESSAGE:
    edge_socket_send (self->inner, out->data, out->len);
    return 0;
  case EDGE_FRAME_PING:
    edge_websocket_send (self->websocket, (const guint8 *) "\r\n", 2);
    return 0;
  case EDGE_FRAME_BLANK:
    return 0;
  case EDGE_FRAME_TOO_LARGE:
    return EDGE_WEBSOCKET_TOO_LARGE;
  case EDGE_FRAME_TRUNCATED:
  case EDGE_FRAME_MALFORMED:
    return EDGE_WEBSOCKET_INVALID;
  }
  g_return_val_if_reached (EDGE_WEBSOCKET_INVALID);
}

/**
 * edge_relay_new:
 * @outer: the far side; it outlives the relay
 * @inner: the stack's side; it outlives the relay
 * @peer: who the far side is, its upgrade to a WebSocket done; outlives the relay
 * @limits: the sizes in it are kept
 *
 * Returns: (nullable) (transfer full): a relay, or %NULL when memory is short
 */
EdgeRelay *
edge_relay_new (EdgeSocket *outer,
                EdgeSocket *inner,
                const EdgePeer *peer,
                const EdgeLimits *limits)
{
  EdgeRelay *self = g_new0 (EdgeRelay, 1);

  self->outer = outer;
  self->inner = inner;
  self->peer = peer;
  self->message_size = limits->message_size;
  self->outbound_size = limits->outbound_size;
  edge_stream_init (&self->from_phone, limits->message_size);
  edge_stream_init (&self->from_stack, limits->outbound_size);
  if (peer->transport == EDGE_TRANSPORT_TLS)
    return self;
  self->websocket = edge_websocket_new (outer, limits->message_size, on_message, self);
  if (!self->websocket)
    g_clear_pointer (&self, g_free);
  return self;
}

/**
 * edge_relay_free:
 * @relay: (nullable) (transfer full): a relay
 */
void
edge_relay_free (EdgeRelay *relay)
{
  if (!relay)
    return;
  edge_websocket_free (relay->websocket);
  g_clear_pointer (&relay->gathered, g_byte_array_unref);
  g_free (relay);
}

static EdgeRelayVerdict
feed_stream (EdgeRelay *self, const guint8 *bytes, gsize size)
{
  gsize eaten;

  for (; size > 0; bytes += eaten, size -= eaten) {
    switch (edge_stream_next (&self->from_phone, bytes, size, &eaten)) {
    case EDGE_STREAM_MORE:
    case EDGE_STREAM_MESSAGE:
      edge_socket_send (self->inner, bytes, eaten);
      break;
    case EDGE_STREAM_PING:
      edge_socket_send (self->outer, "\r\n", 2);
      break;
    case EDGE_STREAM_BLANK:
      break;
    case EDGE_STREAM_TOO_LARGE:
      return EDGE_RELAY_TOO_LARGE;
    case EDGE_STREAM_MALFORMED:
      return EDGE_RELAY_MALFORMED;
    }
  }
  return EDGE_RELAY_OPEN;
}

/**
 * edge_relay_feed:
 * @relay: a relay
 * @bytes: (array length=size): what the far side sent
 * @size: how much
 *
 * Returns: EDGE_RELAY_OPEN, or why the connection has to end
 */
EdgeRelayVerdict
edge_relay_feed (EdgeRelay *relay, const guint8 *bytes, gsize size)
{
  if (!relay->websocket)
    return feed_stream (relay, bytes, size);
  switch (edge_websocket_feed (relay->websocket, bytes, size)) {
  case EDGE_WEBSOCKET_OPEN:
    return EDGE_RELAY_OPEN;
  case EDGE_WEBSOCKET_CLOSED:
    relay->outer_ended = TRUE;
    return EDGE_RELAY_OPEN;
  case EDGE_WEBSOCKET_OVERSIZED:
    return EDGE_RELAY_TOO_LARGE;
  case EDGE_WEBSOCKET_REFUSED:
    return EDGE_RELAY_MALFORMED;
  }
  g_return_val_if_reached (EDGE_RELAY_BROKEN);
}

static void
deliver (EdgeRelay *self, const guint8 *message, gsize size)
{
  g_autoptr (GByteArray) fixed =
      edge_received_fix (message, size, self->peer->address, self->peer->port);

  if (fixed) {
    message = fixed->data;
    size = fixed->len;
  }
  if (self->websocket)
    edge_websocket_send (self->websocket, message, size);
  else
    edge_socket_send (self->outer, message, size);
}

static void
gather (EdgeRelay *self, const guint8 *bytes, gsize size, gboolean whole)
{
  if (whole && !self->gathered) {
    deliver (self, bytes, size);
    return;
  }
  if (!self->gathered)
    self->gathered = g_byte_array_new ();
  g_byte_array_append (self->gathered, bytes, (guint) size);
  if (!whole)
    return;
  deliver (self, self->gathered->data, self->gathered->len);
  g_clear_pointer (&self->gathered, g_byte_array_unref);
}

static EdgeRelayVerdict
take_from_stack (EdgeRelay *self, const guint8 *bytes, gsize size)
{
  gsize eaten;

  for (; size > 0; bytes += eaten, size -= eaten) {
    EdgeStreamEvent event = edge_stream_next (&self->from_stack, bytes, size, &eaten);

    switch (event) {
    case EDGE_STREAM_MORE:
    case EDGE_STREAM_MESSAGE:
      gather (self, bytes, eaten, event == EDGE_STREAM_MESSAGE);
      break;
    case EDGE_STREAM_PING:
    case EDGE_STREAM_BLANK:
      if (!self->websocket)
        edge_socket_send (self->outer, bytes, eaten);
      break;
    case EDGE_STREAM_TOO_LARGE:
      return EDGE_RELAY_TOO_LARGE;
    case EDGE_STREAM_MALFORMED:
      return EDGE_RELAY_MALFORMED;
    }
  }
  return EDGE_RELAY_OPEN;
}

static EdgeRelayVerdict
read_outer (EdgeRelay *self, guint8 *scratch, gsize scratch_size)
{
  for (guint round = 0; round < ROUNDS && edge_relay_reads_outer (self); round++) {
    EdgeRelayVerdict verdict;
    gsize got;

    switch (edge_socket_read (self->outer, scratch, scratch_size, &got)) {
    case EDGE_IO_DONE:
      verdict = edge_relay_feed (self, scratch, got);
      if (verdict != EDGE_RELAY_OPEN)
        return verdict;
      break;
    case EDGE_IO_AGAIN:
      return EDGE_RELAY_OPEN;
    case EDGE_IO_EOF:
      self->outer_ended = TRUE;
      return EDGE_RELAY_OPEN;
    case EDGE_IO_ERROR:
      return EDGE_RELAY_BROKEN;
    }
  }
  return EDGE_RELAY_OPEN;
}

static EdgeRelayVerdict
read_inner (EdgeRelay *self, guint8 *scratch, gsize scratch_size)
{
  for (guint round = 0; round < ROUNDS && edge_relay_reads_inner (self); round++) {
    EdgeRelayVerdict verdict;
    gsize got;

    switch (edge_socket_read (self->inner, scratch, scratch_size, &got)) {
    case EDGE_IO_DONE:
      verdict = take_from_stack (self, scratch, got);
      if (verdict != EDGE_RELAY_OPEN)
        return verdict;
      break;
    case EDGE_IO_AGAIN:
      return EDGE_RELAY_OPEN;
    case EDGE_IO_EOF:
    case EDGE_IO_ERROR:
      self->inner_ended = TRUE;
      return EDGE_RELAY_OPEN;
    }
  }
  return EDGE_RELAY_OPEN;
}

/* A half-closed phone still gets its answers: the stack hears of the end first and closes then. */
static EdgeRelayVerdict
settle (EdgeRelay *self)
{
  EdgeIo outer = edge_socket_flush (self->outer);
  EdgeIo inner = edge_socket_flush (self->inner);

  if (outer == EDGE_IO_ERROR)
    return EDGE_RELAY_BROKEN;
  if (inner == EDGE_IO_ERROR)
    self->inner_ended = TRUE;
  if (self->outer_ended && !self->shut && inner == EDGE_IO_DONE) {
    shutdown (edge_socket_get_fd (self->inner), SHUT_WR);
    self->shut = TRUE;
  }
  if (!self->inner_ended)
    return EDGE_RELAY_OPEN;
  return self->outer_ended ? EDGE_RELAY_PHONE_LEFT : EDGE_RELAY_STACK_LEFT;
}

/**
 * edge_relay_pump:
 * @relay: a relay
 * @outer_ready: whether the far side may have something to read
 * @inner_ready: whether the stack may
 * @scratch: (array length=scratch_size): room for one read, 16 KiB or more
 * @scratch_size: its size
 *
 * Carries what can be carried now.
 *
 * Returns: EDGE_RELAY_OPEN, or why the connection has to end
 */
EdgeRelayVerdict
edge_relay_pump (EdgeRelay *relay,
                 gboolean outer_ready,
                 gboolean inner_ready,
                 guint8 *scratch,
                 gsize scratch_size)
{
  EdgeRelayVerdict verdict = EDGE_RELAY_OPEN;

  edge_socket_flush (relay->outer);
  edge_socket_flush (relay->inner);
  if (outer_ready)
    verdict = read_outer (relay, scratch, scratch_size);
  if (verdict == EDGE_RELAY_OPEN && inner_ready)
    verdict = read_inner (relay, scratch, scratch_size);
  return verdict == EDGE_RELAY_OPEN ? settle (relay) : verdict;
}

/**
 * edge_relay_reads_outer:
 * @relay: a relay
 *
 * Returns: whether it would take more from the far side now
 */
gboolean
edge_relay_reads_outer (const EdgeRelay *relay)
{
  return !relay->outer_ended && edge_socket_pending (relay->inner) == 0 &&
         edge_socket_pending (relay->outer) < relay->outbound_size;
}

/**
 * edge_relay_reads_inner:
 * @relay: a relay
 *
 * Returns: whether it would take more from the stack now
 */
gboolean
edge_relay_reads_inner (const EdgeRelay *relay)
{
  return !relay->inner_ended && edge_socket_pending (relay->outer) < relay->outbound_size;
}

/**
 * edge_relay_is_draining:
 * @relay: a relay
 *
 * Returns: whether the far side has ended its direction and the stack's last words are awaited
 */
gboolean
edge_relay_is_draining (const EdgeRelay *relay)
{
  return relay->outer_ended;
}

/**
 * edge_relay_is_between:
 * @relay: a relay
 *
 * Returns: whether the far side owes no rest of a message
 */
gboolean
edge_relay_is_between (const EdgeRelay *relay)
{
  return relay->websocket ? edge_websocket_is_between (relay->websocket)
                          : edge_stream_is_between (&relay->from_phone);
}

/**
 * edge_relay_messages:
 * @relay: a relay
 *
 * Returns: how many messages the far side has sent
 */
guint64
edge_relay_messages (const EdgeRelay *relay)
{
  return relay->websocket ? edge_websocket_messages (relay->websocket) : relay->from_phone.messages;
}

/**
 * edge_relay_ping:
 * @relay: a relay
 *
 * Asks the far side for a sign of life: a WebSocket by its ping, a server that was dialed by a
 * double CRLF (RFC 5626 section 3.5.1).
 *
 * Returns: %FALSE for a client by TLS, of which nothing can be asked
 */
gboolean
edge_relay_ping (EdgeRelay *relay)
{
  if (relay->websocket)
    edge_websocket_ping (relay->websocket);
  else if (relay->peer->dialed)
    edge_socket_send (relay->outer, "\r\n\r\n", 4);
  return relay->websocket || relay->peer->dialed;
}

/**
 * edge_relay_close:
 * @relay: a relay
 * @code: RFC 6455 section 7.4, for a WebSocket
 *
 * The far side is told; what waits for it may still be flushed.
 */
void
edge_relay_close (EdgeRelay *relay, guint16 code)
{
  if (relay->websocket)
    edge_websocket_close (relay->websocket, code);
}
