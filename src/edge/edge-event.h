/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "edge/edge-options.h"
#include "edge/edge-peer.h"

typedef enum {
  EDGE_CLOSE_PEER,
  EDGE_CLOSE_STACK,
  EDGE_CLOSE_BROKEN,
  EDGE_CLOSE_HANDSHAKE,
  EDGE_CLOSE_SETUP_TIMEOUT,
  EDGE_CLOSE_IDLE,
  EDGE_CLOSE_SLOW_READER,
  EDGE_CLOSE_SLOW_WRITER,
  EDGE_CLOSE_TOO_LARGE,
  EDGE_CLOSE_MALFORMED,
  EDGE_CLOSE_LOOPBACK,
  EDGE_CLOSE_REFUSED,
  EDGE_CLOSE_STOPPED,
} EdgeCloseReason;

const gchar *edge_close_reason_name (EdgeCloseReason reason);

typedef enum {
  EDGE_EVENT_OPENED,
  EDGE_EVENT_ESTABLISHED,
  EDGE_EVENT_CLOSED,
  EDGE_EVENT_DIAL_FAILED,
  EDGE_EVENT_STOPPED,
} EdgeEventKind;

typedef struct {
  EdgeEventKind kind;
  guint64 ticket;
  EdgePeer *peer;
  EdgeCloseReason reason;
  GError *error;
} EdgeEvent;

EdgeEvent *edge_event_new (EdgeEventKind kind, EdgePeer *peer);
EdgeEvent *edge_event_new_established (EdgePeer *peer, guint64 ticket);
EdgeEvent *edge_event_new_closed (EdgePeer *peer, EdgeCloseReason reason);
EdgeEvent *edge_event_new_dial_failed (guint64 ticket, const EdgeDialOptions *options,
                                       const gchar *cause);
void edge_event_free (EdgeEvent *event);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EdgeEvent, edge_event_free)
