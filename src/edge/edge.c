/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * edge: TLS, WebSocket and secure WebSocket in front of the SIP stack; the facade of this storey.
 *
 * The stack sees plain SIP over TCP from loopback addresses, and edge_peer_of() tells who stands
 * behind one. Signal connection-opened comes before the stack can have seen anything of a
 * connection; a handler that calls edge_close_connection() refuses it. A peer stays known until its
 * loopback address may be given to somebody else, since the stack may still answer it. All
 * functions belong to the main thread; the daemon makes the edge and wires it to the stack.
 */
#include "edge/edge.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "edge/edge-loopback.h"
#include "edge/edge-thread.h"

#include <arpa/inet.h>
#include <glib-unix.h>

#define EVENTS_AT_ONCE 64 /* before SIP has its turn again */

typedef struct {
  EdgeListenOptions *options;
  EdgeListener *listener; /* the thread's; here only its name */
} Listening;

typedef struct {
  gint64 key;
  EdgePeer *peer;
  gint64 until;
} Known;

struct _Edge {
  GObject parent_instance;
  EdgeMailbox *events;
  EdgeThread *thread;
  GSource *source;
  GPtrArray *listening;
  GHashTable *peers; /* loopback address and port to Known */
  GQueue departed;   /* of Known keys and peers, to be forgotten in this order */
  GHashTable *dials; /* ticket to GTask */
  guint64 last_ticket;
  GTask *stop;
};

G_DEFINE_FINAL_TYPE (Edge, edge, G_TYPE_OBJECT)

enum { SIGNAL_OPENED, SIGNAL_CLOSED, N_SIGNALS };
static guint signals[N_SIGNALS];

static void
listening_free (gpointer data)
{
  Listening *listening = data;

  edge_listen_options_free (listening->options);
  g_free (listening);
}

static void
known_free (gpointer data)
{
  Known *known = data;

  edge_peer_unref (known->peer);
  g_free (known);
}

static Known *
known_new (EdgePeer *peer, gint64 key)
{
  Known *known = g_new0 (Known, 1);

  known->key = key;
  known->peer = edge_peer_ref (peer);
  return known;
}

/* -1 for what is no IPv4 address. */
static gint64
key_of (const gchar *address, guint16 port)
{
  struct in_addr parsed;

  if (inet_pton (AF_INET, address, &parsed) != 1)
    return -1;
  return (gint64) ntohl (parsed.s_addr) << 16 | port;
}

static void
forget_departed (Edge *self)
{
  Known *departed;

  while ((departed = g_queue_peek_head (&self->departed)) && departed->until <= clock_now ()) {
    Known *known = g_hash_table_lookup (self->peers, &departed->key);

    if (known && known->peer == departed->peer)
      g_hash_table_remove (self->peers, &departed->key);
    known_free (g_queue_pop_head (&self->departed));
  }
}

static void
on_opened (Edge *self, EdgePeer *peer)
{
  Known *known = known_new (peer, key_of (peer->loopback_address, peer->loopback_port));

  g_hash_table_replace (self->peers, &known->key, known);
  g_signal_emit (self, signals[SIGNAL_OPENED], 0, peer);
  edge_thread_proceed (self->thread, peer->id);
}

static void
on_closed (Edge *self, EdgePeer *peer, EdgeCloseReason reason)
{
  Known *departed = known_new (peer, key_of (peer->loopback_address, peer->loopback_port));

  departed->until = clock_now () + EDGE_LOOPBACK_QUARANTINE;
  g_queue_push_tail (&self->departed, departed);
  g_signal_emit (self, signals[SIGNAL_CLOSED], 0, peer, reason);
}

static GTask *
take_dial (Edge *self, guint64 ticket)
{
  gpointer key = NULL, task = NULL;

  if (!ticket || !g_hash_table_steal_extended (self->dials, &ticket, &key, &task))
    return NULL;
  g_free (key);
  return task;
}

static void
fail_dials (Edge *self)
{
  GHashTableIter iter;
  gpointer task;

  g_hash_table_iter_init (&iter, self->dials);
  while (g_hash_table_iter_next (&iter, NULL, &task))
    g_task_return_new_error (task, SIPWAKE_ERROR, SIPWAKE_ERROR_CANCELLED, "the edge stops");
  g_hash_table_remove_all (self->dials);
}

static void
on_stopped (Edge *self)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->stop);

  g_clear_pointer (&self->thread, edge_thread_join);
  fail_dials (self);
  if (task)
    g_task_return_boolean (task, TRUE);
}

static void
handle_event (Edge *self, EdgeEvent *event)
{
  g_autoptr (GTask) dial = take_dial (self, event->ticket);

  switch (event->kind) {
  case EDGE_EVENT_OPENED:
    on_opened (self, event->peer);
    return;
  case EDGE_EVENT_ESTABLISHED:
    if (dial)
      g_task_return_pointer (dial, edge_peer_ref (event->peer), (GDestroyNotify) edge_peer_unref);
    return;
  case EDGE_EVENT_CLOSED:
    on_closed (self, event->peer, event->reason);
    return;
  case EDGE_EVENT_DIAL_FAILED:
    if (dial)
      g_task_return_error (dial, g_steal_pointer (&event->error));
    return;
  case EDGE_EVENT_STOPPED:
    on_stopped (self);
    return;
  }
}

static gboolean
on_events (gint fd, GIOCondition condition, gpointer user_data)
{
  g_autoptr (Edge) self = g_object_ref (user_data);

  forget_departed (self);
  for (guint i = 0; i < EVENTS_AT_ONCE; i++) {
    g_autoptr (EdgeEvent) event = edge_mailbox_take (self->events);

    if (!event)
      break;
    handle_event (self, event);
  }
  return G_SOURCE_CONTINUE;
}

static void
edge_finalize (GObject *object)
{
  Edge *self = EDGE_EDGE (object);

  if (self->source)
    g_source_destroy (self->source);
  g_clear_pointer (&self->source, g_source_unref);
  g_clear_pointer (&self->thread, edge_thread_join);
  g_clear_pointer (&self->events, edge_mailbox_free);
  g_ptr_array_unref (self->listening);
  g_hash_table_unref (self->peers);
  g_queue_clear_full (&self->departed, known_free);
  g_hash_table_unref (self->dials);
  G_OBJECT_CLASS (edge_parent_class)->finalize (object);
}

static void
edge_class_init (EdgeClass *class)
{
  G_OBJECT_CLASS (class)->finalize = edge_finalize;

  /**
   * Edge::connection-opened:
   * @edge: the edge
   * @peer: who came, or who was dialed
   *
   * Emitted in the main loop before the stack can have seen anything of the connection.
   */
  signals[SIGNAL_OPENED] = g_signal_new ("connection-opened", EDGE_TYPE_EDGE, G_SIGNAL_RUN_LAST, 0,
                                         NULL, NULL, NULL, G_TYPE_NONE, 1, EDGE_TYPE_PEER);
  /**
   * Edge::connection-closed:
   * @edge: the edge
   * @peer: who has gone; still known to edge_peer_of() for 64*T1
   * @reason: an #EdgeCloseReason
   */
  signals[SIGNAL_CLOSED] =
      g_signal_new ("connection-closed", EDGE_TYPE_EDGE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                    G_TYPE_NONE, 2, EDGE_TYPE_PEER, G_TYPE_UINT);
}

static void
edge_init (Edge *self)
{
  self->listening = g_ptr_array_new_with_free_func (listening_free);
  self->peers = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, known_free);
  self->dials = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_object_unref);
  g_queue_init (&self->departed);
}

/**
 * edge_new:
 * @limits: (nullable): the limits; %NULL for the defaults
 * @error: SIPWAKE_ERROR_LIMIT when the process has no descriptor left
 *
 * Events come in the main context that is the caller's default now.
 *
 * Returns: (transfer full): an edge whose thread runs, or %NULL
 */
Edge *
edge_new (const EdgeLimits *limits, GError **error)
{
  g_autoptr (Edge) self = g_object_new (EDGE_TYPE_EDGE, NULL);
  EdgeLimits defaults;

  edge_limits_init (&defaults);
  self->events = edge_mailbox_new ((GDestroyNotify) edge_event_free, error);
  if (!self->events)
    return NULL;
  self->thread = edge_thread_new (limits ? limits : &defaults, self->events, error);
  if (!self->thread)
    return NULL;
  self->source = g_unix_fd_source_new (edge_mailbox_get_fd (self->events), G_IO_IN);
  g_source_set_callback (self->source, G_SOURCE_FUNC (on_events), self, NULL);
  g_source_attach (self->source, g_main_context_get_thread_default ());
  return g_steal_pointer (&self);
}

static gboolean
is_running (Edge *self, GError **error)
{
  if (self->thread && !self->stop)
    return TRUE;
  g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CANCELLED, "the edge stops");
  return FALSE;
}

/**
 * edge_listen:
 * @edge: the edge
 * @options: where and how; copied
 * @port: (out) (optional): the port, also when any free one was asked for
 * @error: SIPWAKE_ERROR_CONFIG naming listener, file and cause
 *
 * The stack must listen at the target already, and there refuse whom edge_peer_of() does not know.
 *
 * Returns: whether phones can come
 */
gboolean
edge_listen (Edge *edge, const EdgeListenOptions *options, guint16 *port, GError **error)
{
  EdgeListener *listener;
  Listening *listening;

  if (!is_running (edge, error))
    return FALSE;
  listener = edge_listener_new (options, error);
  if (!listener)
    return FALSE;
  if (port)
    *port = edge_listener_get_port (listener);
  listening = g_new0 (Listening, 1);
  listening->options = edge_listen_options_copy (options);
  listening->listener = listener;
  g_ptr_array_add (edge->listening, listening);
  edge_thread_listen (edge->thread, listener);
  log_info (LOG_FIELDS ("LISTENER", options->name), "Listening for %s at %s port %u",
            edge_transport_name (options->transport), options->host,
            edge_listener_get_port (listener));
  return TRUE;
}

/**
 * edge_reload_certificates:
 * @edge: the edge
 * @error: SIPWAKE_ERROR_CONFIG naming listener, file and cause
 *
 * Reads certificates and keys again, for those who come from now on. All listeners or, when one
 * file is bad, none.
 *
 * Returns: whether the new ones are in use
 */
gboolean
edge_reload_certificates (Edge *edge, GError **error)
{
  g_autoptr (GPtrArray) fresh = g_ptr_array_new_with_free_func ((GDestroyNotify) edge_tls_unref);

  if (!is_running (edge, error))
    return FALSE;
  for (guint i = 0; i < edge->listening->len; i++) {
    const Listening *listening = edge->listening->pdata[i];
    EdgeTls *tls;

    if (listening->options->transport == EDGE_TRANSPORT_WS)
      continue;
    tls = edge_tls_new_server (listening->options, error);
    if (!tls)
      return FALSE;
    g_ptr_array_add (fresh, tls);
  }
  for (guint i = 0, k = 0; i < edge->listening->len; i++) {
    const Listening *listening = edge->listening->pdata[i];

    if (listening->options->transport != EDGE_TRANSPORT_WS)
      edge_thread_set_tls (edge->thread, listening->listener, edge_tls_ref (fresh->pdata[k++]));
  }
  return TRUE;
}

/**
 * edge_dial_async:
 * @edge: the edge
 * @options: whom to call; copied
 * @callback: called when the connection reaches the stack, or has failed
 * @user_data: for @callback
 *
 * Connects to a PBX over TLS, verifies it (RFC 5922), then connects to the stack's listener for
 * that side. connection-opened is emitted on the way. Bounded by the handshake timeout.
 */
void
edge_dial_async (Edge *edge,
                 const EdgeDialOptions *options,
                 GAsyncReadyCallback callback,
                 gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (edge, NULL, callback, user_data);
  GError *error = NULL;
  EdgeTls *tls = NULL;
  guint64 *ticket;

  if (is_running (edge, &error) && edge_dial_options_check (options, &error))
    tls = edge_tls_new_client (options, &error);
  if (!tls) {
    g_task_return_error (task, error);
    return;
  }
  ticket = g_new (guint64, 1);
  *ticket = ++edge->last_ticket;
  edge_thread_dial (edge->thread, edge_dial_options_copy (options), tls, *ticket);
  g_hash_table_insert (edge->dials, ticket, g_steal_pointer (&task));
}

/**
 * edge_dial_finish:
 * @edge: the edge
 * @result: what the callback got
 * @error: SIPWAKE_ERROR_CONFIG, SIPWAKE_ERROR_UNREACHABLE with the cause (the certificate's
 *   included), or SIPWAKE_ERROR_CANCELLED when the edge stops
 *
 * Returns: (transfer full): the PBX; under its loopback address and port the stack finds the
 *   connection
 */
EdgePeer *
edge_dial_finish (Edge *edge, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, edge), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * edge_peer_of:
 * @edge: the edge
 * @loopback_address: whence the stack sees a connection come
 * @loopback_port: and from which port
 *
 * Returns: (nullable) (transfer none): who stands behind it; %NULL for anybody who is not a
 *   connection of the edge, and whom the stack must refuse at the edge's listeners
 */
EdgePeer *
edge_peer_of (Edge *edge, const gchar *loopback_address, guint16 loopback_port)
{
  gint64 key = key_of (loopback_address, loopback_port);
  const Known *known = g_hash_table_lookup (edge->peers, &key);

  return known ? known->peer : NULL;
}

/**
 * edge_set_flow_registered:
 * @edge: the edge
 * @id: of a peer
 * @registered: whether a registration stands on its connection
 *
 * A registered flow may be silent for longer.
 */
void
edge_set_flow_registered (Edge *edge, guint64 id, gboolean registered)
{
  if (edge->thread)
    edge_thread_set_registered (edge->thread, id, registered);
}

/**
 * edge_close_connection:
 * @edge: the edge
 * @id: of a peer
 *
 * Closes it with a farewell; in a handler of connection-opened, refuses it.
 */
void
edge_close_connection (Edge *edge, guint64 id)
{
  if (edge->thread)
    edge_thread_close (edge->thread, id);
}

/**
 * edge_stop_async:
 * @edge: the edge
 * @callback: called when all connections are closed and the thread has ended
 * @user_data: for @callback
 */
void
edge_stop_async (Edge *edge, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (edge, NULL, callback, user_data);

  if (!edge->thread || edge->stop) {
    g_task_return_new_error (task, SIPWAKE_ERROR, SIPWAKE_ERROR_CANCELLED, "the edge stops");
    return;
  }
  edge->stop = g_steal_pointer (&task);
  edge_thread_stop (edge->thread);
}

/**
 * edge_stop_finish:
 * @edge: the edge
 * @result: what the callback got
 * @error: SIPWAKE_ERROR_CANCELLED when it had been stopped before
 *
 * Returns: whether this call stopped it
 */
gboolean
edge_stop_finish (Edge *edge, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, edge), FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}
