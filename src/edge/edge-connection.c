/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * edge-connection: one connection from its first byte to its last.
 *
 *   connecting | waiting -> entering -> held -> joining -> open -> closed
 *
 * Held means: a loopback address is bound for it and the main loop has been told; not before the
 * main loop lets it proceed does anything reach the stack. It is the thread's alone: edge-listener
 * and edge-thread call it.
 */
#include "edge/edge-connection.h"

#include "base/clock.h"
#include "base/counters.h"
#include "base/log.h"
#include "edge/edge-entrance.h"
#include "edge/edge-farewell.h"
#include "edge/edge-flow.h"
#include "edge/edge-lease.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/epoll.h>

typedef enum {
  STATE_CONNECTING,
  STATE_WAITING,
  STATE_ENTERING,
  STATE_HELD,
  STATE_JOINING,
  STATE_OPEN,
  STATE_CLOSED,
} State;

struct _EdgeConnection {
  EdgeGround *ground;
  guint64 id;
  State state;
  EdgeCloseReason reason;
  const EdgeListenOptions *options;
  EdgeDialOptions *dial;
  guint64 ticket;
  EdgeTls *tls;
  EdgeSocket *outer;
  EdgeSocket *inner;
  EdgeWatch outer_watch;
  EdgeWatch inner_watch;
  EdgeDeadline setup;
  EdgeLease lease;
  gboolean registered;
  gboolean established;
  EdgeEntrance *entrance;
  EdgeFlow *flow;
  EdgePeer *peer;
  gchar *failure;
};

static void step_entrance (EdgeConnection *self);

static void
set_setup (EdgeConnection *self)
{
  edge_deadlines_set (&self->ground->deadlines, EDGE_DEADLINE_SETUP, &self->setup, self,
                      clock_now ());
}

static void
clear_setup (EdgeConnection *self)
{
  edge_deadlines_clear (&self->ground->deadlines, EDGE_DEADLINE_SETUP, &self->setup);
}

static void
connection_free (gpointer data)
{
  EdgeConnection *self = data;

  edge_flow_free (self->flow);
  edge_entrance_free (self->entrance);
  edge_socket_free (self->outer);
  edge_socket_free (self->inner);
  g_clear_pointer (&self->tls, edge_tls_unref);
  g_clear_pointer (&self->peer, edge_peer_unref);
  edge_dial_options_free (self->dial);
  g_free (self->failure);
  g_free (self);
}

static const gchar *
name_of (const EdgeConnection *self)
{
  return self->dial ? self->dial->name : self->options->name;
}

static void
tell_closed (EdgeConnection *self)
{
  const gchar *cause = self->failure ? self->failure : edge_close_reason_name (self->reason);

  if (self->peer)
    edge_mailbox_post (self->ground->events, edge_event_new_closed (self->peer, self->reason));
  if (self->dial && !self->established) {
    counters_inc (COUNTER_EDGE_DIALS_FAILED);
    edge_mailbox_post (self->ground->events,
                       edge_event_new_dial_failed (self->ticket, self->dial, cause));
  }
  log_debug (LOG_FIELDS ("LISTENER", name_of (self)), "Connection %" G_GUINT64_FORMAT ": %s",
             self->id, cause);
}

/* The one way out. The sockets close with the struct, when the poller's round is over. */
static void
end (EdgeConnection *self)
{
  if (self->state == STATE_CLOSED)
    return;
  self->state = STATE_CLOSED;
  clear_setup (self);
  edge_poller_remove (self->ground->poller, &self->outer_watch);
  edge_poller_remove (self->ground->poller, &self->inner_watch);
  edge_lease_return (&self->lease, TRUE);
  g_hash_table_remove (self->ground->connections, &self->id);
  counters_dec (COUNTER_EDGE_CONNECTIONS_OPEN);
  tell_closed (self);
  edge_poller_bury (self->ground->poller, self, connection_free);
}

/* The connection is over, but its socket has last words to say. */
static void
part (EdgeConnection *self, EdgeCloseReason reason)
{
  gboolean counted = self->lease.counted;

  self->reason = reason;
  edge_poller_remove (self->ground->poller, &self->outer_watch);
  edge_lease_return (&self->lease, FALSE);
  edge_farewell_begin (self->ground, g_steal_pointer (&self->outer), counted, self->lease.source);
  end (self);
}

/**
 * edge_connection_abort:
 * @connection: ended at once
 * @reason: why
 */
void
edge_connection_abort (EdgeConnection *connection, EdgeCloseReason reason)
{
  connection->reason = reason;
  end (connection);
}

/**
 * edge_connection_close:
 * @connection: a connection
 * @reason: why
 *
 * Ends it with a farewell where one is possible.
 */
void
edge_connection_close (EdgeConnection *connection, EdgeCloseReason reason)
{
  switch (connection->state) {
  case STATE_CONNECTING:
  case STATE_WAITING:
  case STATE_ENTERING:
    edge_connection_abort (connection, reason);
    return;
  case STATE_HELD:
  case STATE_JOINING:
    edge_entrance_turn_away (connection->entrance, 503, "not now");
    part (connection, reason);
    return;
  case STATE_OPEN:
    edge_flow_close (connection->flow, reason);
    return;
  case STATE_CLOSED:
    return;
  }
}

static void
fail_joining (EdgeConnection *self, int error)
{
  counters_inc (COUNTER_EDGE_LOOPBACK_FAILED);
  self->failure = g_strdup_printf ("the stack cannot be reached: %s", g_strerror (error));
  edge_connection_close (self, EDGE_CLOSE_LOOPBACK);
}

static void
on_flow_ended (gpointer owner, EdgeCloseReason reason, EdgeSocket *outer)
{
  EdgeConnection *self = owner;

  self->outer = outer;
  if (outer)
    part (self, reason);
  else
    edge_connection_abort (self, reason);
}

static void
open_flow (EdgeConnection *self)
{
  const guint8 *rest;
  gsize size;

  edge_entrance_welcome (self->entrance);
  edge_poller_remove (self->ground->poller, &self->outer_watch);
  edge_poller_remove (self->ground->poller, &self->inner_watch);
  self->flow =
      edge_flow_new (self->ground, g_steal_pointer (&self->outer), g_steal_pointer (&self->inner),
                     self->peer, on_flow_ended, self);
  if (!self->flow) {
    edge_connection_abort (self, EDGE_CLOSE_LOOPBACK);
    return;
  }
  clear_setup (self);
  self->state = STATE_OPEN;
  self->established = TRUE;
  edge_mailbox_post (self->ground->events, edge_event_new_established (self->peer, self->ticket));
  edge_flow_set_registered (self->flow, self->registered);
  rest = edge_entrance_rest (self->entrance, &size);
  edge_flow_start (self->flow, rest, size);
  g_clear_pointer (&self->entrance, edge_entrance_free);
}

static void
on_inner (EdgeWatch *watch, guint32 events)
{
  EdgeConnection *self = watch->owner;
  int error = edge_socket_take_error (self->inner);

  if (error)
    fail_joining (self, error);
  else
    open_flow (self);
}

static void
begin_dialing (EdgeConnection *self)
{
  int error = edge_socket_take_error (self->outer);

  if (error)
    self->failure = g_strdup (g_strerror (error));
  else
    self->entrance = edge_entrance_new_dialing (self->outer, self->dial, self->tls);
  if (!self->entrance) {
    edge_connection_abort (self, EDGE_CLOSE_BROKEN);
    return;
  }
  self->state = STATE_ENTERING;
  step_entrance (self);
}

static void
on_outer (EdgeWatch *watch, guint32 events)
{
  EdgeConnection *self = watch->owner;

  switch (self->state) {
  case STATE_CONNECTING:
    begin_dialing (self);
    return;
  case STATE_WAITING:
    if (events & (EPOLLHUP | EPOLLERR))
      edge_connection_abort (self, EDGE_CLOSE_HANDSHAKE);
    else
      edge_connection_take_turn (self);
    return;
  case STATE_ENTERING:
    step_entrance (self);
    return;
  case STATE_HELD:
  case STATE_JOINING:
    edge_connection_abort (self, EDGE_CLOSE_PEER);
    return;
  case STATE_OPEN:
  case STATE_CLOSED:
    return;
  }
}

static void
fill_peer (EdgeConnection *self)
{
  gchar text[INET_ADDRSTRLEN] = "";
  EdgePeer *peer = edge_peer_new ();

  peer->id = self->id;
  peer->listener = g_strdup (name_of (self));
  peer->dialed = self->dial != NULL;
  peer->transport = self->dial ? EDGE_TRANSPORT_TLS : self->options->transport;
  inet_ntop (AF_INET, &self->lease.loopback.sin_addr, text, sizeof text);
  peer->loopback_address = g_strdup (text);
  peer->loopback_port = ntohs (self->lease.loopback.sin_port);
  edge_entrance_describe (self->entrance, peer);
  self->peer = peer;
}

static void
hold (EdgeConnection *self)
{
  int fd = edge_lease_bind (&self->lease);

  if (fd < 0) {
    counters_inc (COUNTER_EDGE_LOOPBACK_FAILED);
    self->failure = g_strdup ("no loopback address is free, or no descriptor");
    edge_entrance_turn_away (self->entrance, 503, "not now");
    part (self, EDGE_CLOSE_LOOPBACK);
    return;
  }
  self->inner = edge_socket_new (fd);
  fill_peer (self);
  self->state = STATE_HELD;
  edge_poller_change (self->ground->poller, &self->outer_watch, 0);
  set_setup (self);
  edge_mailbox_post (self->ground->events, edge_event_new (EDGE_EVENT_OPENED, self->peer));
}

static void
step_entrance (EdgeConnection *self)
{
  EdgeEntranceVerdict verdict =
      edge_entrance_step (self->entrance, self->ground->scratch, EDGE_SCRATCH_SIZE);

  if (!edge_entrance_is_shaking (self->entrance))
    edge_lease_end_turn (&self->lease);
  switch (verdict) {
  case EDGE_ENTRANCE_AGAIN:
    edge_poller_change (self->ground->poller, &self->outer_watch,
                        edge_socket_events (self->outer, TRUE));
    return;
  case EDGE_ENTRANCE_PASSED:
    hold (self);
    return;
  case EDGE_ENTRANCE_REFUSED:
    if (edge_entrance_is_shaking (self->entrance))
      counters_inc (COUNTER_EDGE_HANDSHAKES_FAILED);
    self->failure = g_strdup (edge_entrance_cause (self->entrance));
    part (self, EDGE_CLOSE_HANDSHAKE);
    return;
  }
}

static EdgeConnection *
new_connection (EdgeGround *ground, EdgeSocket *outer)
{
  EdgeConnection *self = g_new0 (EdgeConnection, 1);

  self->ground = ground;
  self->id = ++ground->last_id;
  self->outer = outer;
  edge_lease_init (&self->lease, ground, self);
  g_hash_table_insert (ground->connections, &self->id, self);
  counters_inc (COUNTER_EDGE_CONNECTIONS_OPEN);
  set_setup (self);
  return self;
}

static void
watch_outer (EdgeConnection *self, guint32 events)
{
  int fd = edge_socket_get_fd (self->outer);

  if (!edge_poller_add (self->ground->poller, &self->outer_watch, fd, events, on_outer, self))
    edge_connection_abort (self, EDGE_CLOSE_BROKEN);
}

/**
 * edge_connection_accept:
 * @ground: what it stands on
 * @options: the listener; it outlives the connection
 * @tls: (nullable): the listener's certificates of now
 * @fd: (transfer full): a non-blocking socket, admitted by the quota
 * @remote: where it comes from
 *
 * A phone came. A handshake begins with its first byte, so a silent one takes nobody's turn.
 */
void
edge_connection_accept (EdgeGround *ground,
                        const EdgeListenOptions *options,
                        EdgeTls *tls,
                        int fd,
                        const struct sockaddr *remote)
{
  EdgeConnection *self = new_connection (ground, edge_socket_new (fd));

  self->options = options;
  self->tls = tls ? edge_tls_ref (tls) : NULL;
  edge_lease_count (&self->lease, remote);
  self->state = tls ? STATE_WAITING : STATE_ENTERING;
  if (!tls)
    self->entrance = edge_entrance_new_accepting (self->outer, options, NULL);
  watch_outer (self, EPOLLIN);
}

/**
 * edge_connection_dial:
 * @ground: what it stands on
 * @options: (transfer full): whom to call
 * @tls: our side of TLS
 * @ticket: names the attempt in its event
 *
 * Calls a PBX. Ends in EDGE_EVENT_ESTABLISHED or EDGE_EVENT_DIAL_FAILED.
 */
void
edge_connection_dial (EdgeGround *ground, EdgeDialOptions *options, EdgeTls *tls, guint64 ticket)
{
  EdgeSocket *outer = edge_socket_new_dialing (options->host, options->port);
  int error = errno;
  EdgeConnection *self = new_connection (ground, outer);

  self->dial = options;
  self->ticket = ticket;
  self->registered = TRUE;
  self->tls = edge_tls_ref (tls);
  self->state = STATE_CONNECTING;
  if (outer) {
    watch_outer (self, EPOLLOUT);
    return;
  }
  self->failure = g_strdup (g_strerror (error));
  edge_connection_abort (self, EDGE_CLOSE_BROKEN);
}

/**
 * edge_connection_take_turn:
 * @connection: a connection that waits for its handshake
 *
 * Begins the handshake, or queues for it when as many as may run already do.
 */
void
edge_connection_take_turn (EdgeConnection *connection)
{
  if (!edge_lease_take_turn (&connection->lease)) {
    edge_poller_change (connection->ground->poller, &connection->outer_watch, 0);
    return;
  }
  connection->entrance =
      edge_entrance_new_accepting (connection->outer, connection->options, connection->tls);
  if (!connection->entrance) {
    edge_connection_abort (connection, EDGE_CLOSE_HANDSHAKE);
    return;
  }
  connection->state = STATE_ENTERING;
  set_setup (connection);
  step_entrance (connection);
}

/**
 * edge_connection_proceed:
 * @connection: a connection
 *
 * The main loop knows the peer: now the stack may hear of it.
 */
void
edge_connection_proceed (EdgeConnection *connection)
{
  const gchar *host;
  guint16 port;

  if (connection->state != STATE_HELD)
    return;
  host = connection->dial ? connection->dial->target_host : connection->options->target_host;
  port = connection->dial ? connection->dial->target_port : connection->options->target_port;
  connection->state = STATE_JOINING;
  if (edge_socket_connect (connection->inner, host, port) &&
      edge_poller_add (connection->ground->poller, &connection->inner_watch,
                       edge_socket_get_fd (connection->inner), EPOLLOUT, on_inner, connection))
    return;
  fail_joining (connection, errno);
}

/**
 * edge_connection_set_registered:
 * @connection: a connection
 * @registered: whether a registration stands on this flow
 *
 * A registered flow may be silent for longer.
 */
void
edge_connection_set_registered (EdgeConnection *connection, gboolean registered)
{
  connection->registered = registered;
  if (connection->state == STATE_OPEN)
    edge_flow_set_registered (connection->flow, registered);
}

/**
 * edge_connection_expire:
 * @connection: a connection that is not up in time
 */
void
edge_connection_expire (EdgeConnection *connection)
{
  counters_inc (COUNTER_EDGE_HANDSHAKES_TIMED_OUT);
  edge_connection_close (connection, EDGE_CLOSE_SETUP_TIMEOUT);
}
