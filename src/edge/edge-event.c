/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * edge-event: what the edge's thread tells the main loop.
 */
#include "edge/edge-event.h"

#include "base/error.h"

/**
 * edge_close_reason_name:
 * @reason: why a connection ended
 *
 * Returns: (transfer none): it in words, for the log
 */
const gchar *
edge_close_reason_name (EdgeCloseReason reason)
{
  switch (reason) {
  case EDGE_CLOSE_PEER:
    return "closed by the peer";
  case EDGE_CLOSE_STACK:
    return "closed by the stack";
  case EDGE_CLOSE_BROKEN:
    return "broken";
  case EDGE_CLOSE_HANDSHAKE:
    return "handshake failed";
  case EDGE_CLOSE_SETUP_TIMEOUT:
    return "not up in time";
  case EDGE_CLOSE_IDLE:
    return "idle";
  case EDGE_CLOSE_SLOW_READER:
    return "does not read";
  case EDGE_CLOSE_SLOW_WRITER:
    return "message not whole in time";
  case EDGE_CLOSE_TOO_LARGE:
    return "message too large";
  case EDGE_CLOSE_MALFORMED:
    return "malformed";
  case EDGE_CLOSE_LOOPBACK:
    return "no way to the stack";
  case EDGE_CLOSE_REFUSED:
    return "refused";
  case EDGE_CLOSE_STOPPED:
    return "stopped";
  }
  g_return_val_if_reached ("?");
}

/**
 * edge_event_new:
 * @kind: what happened
 * @peer: (nullable): to whom; a reference is taken
 *
 * Returns: (transfer full): an event
 */
EdgeEvent *
edge_event_new (EdgeEventKind kind, EdgePeer *peer)
{
  EdgeEvent *event = g_new0 (EdgeEvent, 1);

  event->kind = kind;
  event->peer = peer ? edge_peer_ref (peer) : NULL;
  return event;
}

/**
 * edge_event_new_established:
 * @peer: whose connection has reached the stack
 * @ticket: the attempt's, where we dialed; else 0
 *
 * Returns: (transfer full): an event
 */
EdgeEvent *
edge_event_new_established (EdgePeer *peer, guint64 ticket)
{
  EdgeEvent *event = edge_event_new (EDGE_EVENT_ESTABLISHED, peer);

  event->ticket = ticket;
  return event;
}

/**
 * edge_event_new_closed:
 * @peer: who has gone
 * @reason: why
 *
 * Returns: (transfer full): an event
 */
EdgeEvent *
edge_event_new_closed (EdgePeer *peer, EdgeCloseReason reason)
{
  EdgeEvent *event = edge_event_new (EDGE_EVENT_CLOSED, peer);

  event->reason = reason;
  return event;
}

/**
 * edge_event_new_dial_failed:
 * @ticket: the attempt's
 * @options: whom we called
 * @cause: why it failed, for a person
 *
 * Returns: (transfer full): an event
 */
EdgeEvent *
edge_event_new_dial_failed (guint64 ticket, const EdgeDialOptions *options, const gchar *cause)
{
  EdgeEvent *event = edge_event_new (EDGE_EVENT_DIAL_FAILED, NULL);

  event->ticket = ticket;
  event->error = g_error_new (SIPWAKE_ERROR, SIPWAKE_ERROR_UNREACHABLE, "%s: %s port %u: %s",
                              options->name, options->host, options->port, cause);
  return event;
}

/**
 * edge_event_free:
 * @event: (nullable) (transfer full): an event
 */
void
edge_event_free (EdgeEvent *event)
{
  if (!event)
    return;
  g_clear_pointer (&event->peer, edge_peer_unref);
  g_clear_error (&event->error);
  g_free (event);
}
