/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * edge-flow: a connection while it is open: two sockets, a relay between them, and its deadlines.
 *
 * What RFC 5626 calls a flow. It ends once, by telling its owner why; edge-connection owns it.
 */
#include "edge/edge-flow.h"

#include "base/clock.h"
#include "base/counters.h"
#include "edge/edge-relay.h"
#include "edge/edge-websocket.h"

#include <sys/epoll.h>

struct _EdgeFlow {
  EdgeGround *ground;
  EdgeSocket *outer;
  EdgeSocket *inner;
  EdgeRelay *relay;
  EdgeWatch outer_watch;
  EdgeWatch inner_watch;
  EdgeDeadline deadlines[N_EDGE_DEADLINES];
  EdgeFlowEnded ended;
  gpointer owner;
  gboolean over;
  gboolean registered;
  gboolean pinged;
  guint64 messages;
  guint64 sent;
};

static void
set_deadline (EdgeFlow *self, EdgeDeadlineKind kind)
{
  edge_deadlines_set (&self->ground->deadlines, kind, &self->deadlines[kind], self, clock_now ());
}

static void
clear_deadline (EdgeFlow *self, EdgeDeadlineKind kind)
{
  edge_deadlines_clear (&self->ground->deadlines, kind, &self->deadlines[kind]);
}

static void
unhook (EdgeFlow *self)
{
  edge_poller_remove (self->ground->poller, &self->outer_watch);
  edge_poller_remove (self->ground->poller, &self->inner_watch);
  for (gsize kind = 0; kind < N_EDGE_DEADLINES; kind++)
    clear_deadline (self, kind);
}

/* A code means that the far side can still be told; without one it is past listening. */
static void
end (EdgeFlow *self, EdgeCloseReason reason, guint16 code)
{
  if (self->over)
    return;
  self->over = TRUE;
  unhook (self);
  if (code)
    edge_relay_close (self->relay, code);
  self->ended (self->owner, reason, code ? g_steal_pointer (&self->outer) : NULL);
}

static guint16
code_for (EdgeCloseReason reason)
{
  if (reason == EDGE_CLOSE_TOO_LARGE)
    return EDGE_WEBSOCKET_TOO_LARGE;
  if (reason == EDGE_CLOSE_MALFORMED)
    return EDGE_WEBSOCKET_INVALID;
  if (reason == EDGE_CLOSE_SLOW_WRITER || reason == EDGE_CLOSE_REFUSED)
    return EDGE_WEBSOCKET_POLICY;
  return EDGE_WEBSOCKET_GOING_AWAY;
}

static void
update_deadlines (EdgeFlow *self, gboolean heard)
{
  EdgeDeadlineKind idle = self->registered ? EDGE_DEADLINE_REGISTERED : EDGE_DEADLINE_IDLE;
  guint64 messages = edge_relay_messages (self->relay), sent = edge_socket_sent (self->outer);

  if (heard) {
    self->pinged = FALSE;
    set_deadline (self, idle);
  }
  if (edge_relay_is_between (self->relay))
    clear_deadline (self, EDGE_DEADLINE_MESSAGE);
  else if (messages != self->messages ||
           !edge_deadlines_is_set (&self->deadlines[EDGE_DEADLINE_MESSAGE]))
    set_deadline (self, EDGE_DEADLINE_MESSAGE);
  if (edge_socket_pending (self->outer) == 0)
    clear_deadline (self, EDGE_DEADLINE_STALL);
  else if (sent != self->sent || !edge_deadlines_is_set (&self->deadlines[EDGE_DEADLINE_STALL]))
    set_deadline (self, EDGE_DEADLINE_STALL);
  if (edge_relay_is_draining (self->relay) &&
      !edge_deadlines_is_set (&self->deadlines[EDGE_DEADLINE_DRAIN]))
    set_deadline (self, EDGE_DEADLINE_DRAIN);
  self->messages = messages;
  self->sent = sent;
}

static void
settle (EdgeFlow *self, EdgeRelayVerdict verdict, gboolean heard)
{
  EdgePoller *poller = self->ground->poller;

  switch (verdict) {
  case EDGE_RELAY_OPEN:
    update_deadlines (self, heard);
    edge_poller_change (poller, &self->outer_watch,
                        edge_socket_events (self->outer, edge_relay_reads_outer (self->relay)));
    edge_poller_change (poller, &self->inner_watch,
                        edge_socket_events (self->inner, edge_relay_reads_inner (self->relay)));
    return;
  case EDGE_RELAY_PHONE_LEFT:
    edge_flow_close (self, EDGE_CLOSE_PEER);
    return;
  case EDGE_RELAY_STACK_LEFT:
    edge_flow_close (self, EDGE_CLOSE_STACK);
    return;
  case EDGE_RELAY_TOO_LARGE:
    counters_inc (COUNTER_EDGE_MESSAGES_TOO_LARGE);
    edge_flow_close (self, EDGE_CLOSE_TOO_LARGE);
    return;
  case EDGE_RELAY_MALFORMED:
    counters_inc (COUNTER_EDGE_MESSAGES_MALFORMED);
    edge_flow_close (self, EDGE_CLOSE_MALFORMED);
    return;
  case EDGE_RELAY_BROKEN:
    end (self, EDGE_CLOSE_BROKEN, 0);
    return;
  }
}

static void
pump (EdgeFlow *self, gboolean outer_ready, gboolean inner_ready)
{
  EdgeRelayVerdict verdict = edge_relay_pump (self->relay, outer_ready, inner_ready,
                                              self->ground->scratch, EDGE_SCRATCH_SIZE);

  settle (self, verdict, outer_ready || inner_ready);
}

static void
on_inner (EdgeWatch *watch, guint32 events)
{
  EdgeFlow *self = watch->owner;

  /* A stack that hung up while the phone is slow would be reported without end. */
  if (events & (EPOLLHUP | EPOLLERR) && !edge_relay_reads_inner (self->relay)) {
    edge_poller_remove (self->ground->poller, watch);
    return;
  }
  pump (self, FALSE, (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0);
}

static void
on_outer (EdgeWatch *watch, guint32 events)
{
  EdgeFlow *self = watch->owner;

  if (events & (EPOLLHUP | EPOLLERR) && !edge_relay_reads_outer (self->relay)) {
    end (self, EDGE_CLOSE_BROKEN, 0);
    return;
  }
  pump (self, (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0, !self->inner_watch.func);
}

/**
 * edge_flow_new:
 * @ground: what it stands on
 * @outer: (transfer full): the far side, past its entrance; nobody watches it
 * @inner: (transfer full): the stack's side, connected; nobody watches it
 * @peer: who the far side is; outlives the flow
 * @ended: called once, at the end, with the far side's socket when it can still be told goodbye
 *   (transfer full), else with %NULL; the flow is to be freed when the poller's round is over
 * @owner: for @ended
 *
 * Returns: (nullable) (transfer full): a flow that does not run yet; %NULL when memory is short
 */
EdgeFlow *
edge_flow_new (EdgeGround *ground,
               EdgeSocket *outer,
               EdgeSocket *inner,
               const EdgePeer *peer,
               EdgeFlowEnded ended,
               gpointer owner)
{
  g_autoptr (EdgeFlow) self = g_new0 (EdgeFlow, 1);

  self->ground = ground;
  self->outer = outer;
  self->inner = inner;
  self->ended = ended;
  self->owner = owner;
  self->relay = edge_relay_new (outer, inner, peer, &ground->limits);
  return self->relay ? g_steal_pointer (&self) : NULL;
}

/**
 * edge_flow_free:
 * @flow: (nullable) (transfer full): a flow that has ended or never started
 */
void
edge_flow_free (EdgeFlow *flow)
{
  if (!flow)
    return;
  edge_relay_free (flow->relay);
  edge_socket_free (flow->outer);
  edge_socket_free (flow->inner);
  g_free (flow);
}

/**
 * edge_flow_start:
 * @flow: a new flow
 * @rest: (nullable) (array length=size): what the far side sent early
 * @size: its size
 */
void
edge_flow_start (EdgeFlow *flow, const guint8 *rest, gsize size)
{
  EdgePoller *poller = flow->ground->poller;
  EdgeRelayVerdict verdict = EDGE_RELAY_OPEN;

  if (!edge_poller_add (poller, &flow->outer_watch, edge_socket_get_fd (flow->outer), EPOLLIN,
                        on_outer, flow) ||
      !edge_poller_add (poller, &flow->inner_watch, edge_socket_get_fd (flow->inner), EPOLLIN,
                        on_inner, flow)) {
    end (flow, EDGE_CLOSE_BROKEN, 0);
    return;
  }
  if (size > 0)
    verdict = edge_relay_feed (flow->relay, rest, size);
  settle (flow, verdict, TRUE);
}

/**
 * edge_flow_set_registered:
 * @flow: a flow
 * @registered: whether a registration stands on it
 *
 * A registered flow may be silent for longer.
 */
void
edge_flow_set_registered (EdgeFlow *flow, gboolean registered)
{
  if (flow->over || flow->registered == registered)
    return;
  flow->registered = registered;
  clear_deadline (flow, registered ? EDGE_DEADLINE_IDLE : EDGE_DEADLINE_REGISTERED);
  set_deadline (flow, registered ? EDGE_DEADLINE_REGISTERED : EDGE_DEADLINE_IDLE);
}

static void
expire_idle (EdgeFlow *self, EdgeDeadlineKind kind)
{
  if (!self->pinged && edge_relay_ping (self->relay)) {
    self->pinged = TRUE;
    set_deadline (self, kind);
    return;
  }
  counters_inc (COUNTER_EDGE_IDLE_CLOSED);
  edge_flow_close (self, EDGE_CLOSE_IDLE);
}

/**
 * edge_flow_expire:
 * @flow: a flow
 * @kind: which of its deadlines has passed
 */
void
edge_flow_expire (EdgeFlow *flow, EdgeDeadlineKind kind)
{
  switch (kind) {
  case EDGE_DEADLINE_MESSAGE:
    counters_inc (COUNTER_EDGE_SLOW_WRITERS);
    edge_flow_close (flow, EDGE_CLOSE_SLOW_WRITER);
    return;
  case EDGE_DEADLINE_IDLE:
  case EDGE_DEADLINE_REGISTERED:
    expire_idle (flow, kind);
    return;
  case EDGE_DEADLINE_STALL:
    counters_inc (COUNTER_EDGE_SLOW_READERS);
    end (flow, EDGE_CLOSE_SLOW_READER, 0);
    return;
  case EDGE_DEADLINE_DRAIN:
    edge_flow_close (flow, EDGE_CLOSE_PEER);
    return;
  case EDGE_DEADLINE_SETUP:
  case EDGE_DEADLINE_FAREWELL:
  case N_EDGE_DEADLINES:
    g_return_if_reached ();
  }
}

/**
 * edge_flow_close:
 * @flow: a flow
 * @reason: why
 *
 * Ends it with a farewell: a WebSocket gets its close frame, what waits is still sent.
 */
void
edge_flow_close (EdgeFlow *flow, EdgeCloseReason reason)
{
  end (flow, reason, code_for (reason));
}
