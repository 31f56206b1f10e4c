/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * edge-thread: the thread in which handshakes and frames are done, so that no storm delays a call.
 *
 * The main thread speaks to it by commands, it answers by events; they share nothing else but the
 * counters. One epoll, one loop: events, deadlines, handshakes whose turn has come.
 */
#include "edge/edge-thread.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "edge/edge-connection.h"
#include "edge/edge-farewell.h"
#include "edge/edge-flow.h"

#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>

#define STORM 256 /* handshakes after which memory is worth giving back */
#define CALM (2 * CLOCK_SECOND)

typedef enum {
  COMMAND_LISTEN,
  COMMAND_SET_TLS,
  COMMAND_DIAL,
  COMMAND_PROCEED,
  COMMAND_SET_REGISTERED,
  COMMAND_CLOSE,
  COMMAND_STOP,
} CommandKind;

typedef struct {
  CommandKind kind;
  guint64 id;
  gboolean registered;
  EdgeListener *listener;
  EdgeTls *tls;
  EdgeDialOptions *dial;
} Command;

struct _EdgeThread {
  GThread *thread;
  EdgeMailbox *commands;
  EdgeGround *ground;
  GPtrArray *listeners;
  EdgeWatch commands_watch;
  gboolean stopping;
  guint64 handshakes_trimmed;
  guint64 handshakes_seen;
  gint64 trim_at;
};

static void
command_free (gpointer data)
{
  Command *command = data;

  if (command->kind == COMMAND_LISTEN)
    edge_listener_free (command->listener);
  g_clear_pointer (&command->tls, edge_tls_unref);
  edge_dial_options_free (command->dial);
  g_free (command);
}

static EdgeConnection *
find (EdgeThread *self, guint64 id)
{
  return g_hash_table_lookup (self->ground->connections, &id);
}

static void
stop (EdgeThread *self)
{
  g_autoptr (GList) connections = g_hash_table_get_values (self->ground->connections);

  self->stopping = TRUE;
  for (guint i = 0; i < self->listeners->len; i++)
    edge_listener_shut (self->listeners->pdata[i]);
  for (GList *each = connections; each; each = each->next)
    edge_connection_close (each->data, EDGE_CLOSE_STOPPED);
}

static void
obey (EdgeThread *self, Command *command)
{
  EdgeConnection *connection = command->id ? find (self, command->id) : NULL;

  switch (command->kind) {
  case COMMAND_LISTEN:
    edge_listener_open (command->listener, self->ground);
    g_ptr_array_add (self->listeners, g_steal_pointer (&command->listener));
    return;
  case COMMAND_SET_TLS:
    edge_listener_set_tls (command->listener, g_steal_pointer (&command->tls));
    return;
  case COMMAND_DIAL:
    edge_connection_dial (self->ground, g_steal_pointer (&command->dial), command->tls,
                          command->id);
    return;
  case COMMAND_PROCEED:
    if (connection)
      edge_connection_proceed (connection);
    return;
  case COMMAND_SET_REGISTERED:
    if (connection)
      edge_connection_set_registered (connection, command->registered);
    return;
  case COMMAND_CLOSE:
    if (connection)
      edge_connection_close (connection, EDGE_CLOSE_REFUSED);
    return;
  case COMMAND_STOP:
    stop (self);
    return;
  }
}

static void
on_commands (EdgeWatch *watch, guint32 events)
{
  EdgeThread *self = watch->owner;
  Command *command;

  while ((command = edge_mailbox_take (self->commands))) {
    obey (self, command);
    command_free (command);
  }
}

static void
expire_deadlines (EdgeThread *self)
{
  EdgeDeadlineKind kind;
  gint64 now = clock_now ();
  gpointer owner;

  while ((owner = edge_deadlines_expire (&self->ground->deadlines, now, &kind))) {
    switch (kind) {
    case EDGE_DEADLINE_SETUP:
      edge_connection_expire (owner);
      break;
    case EDGE_DEADLINE_MESSAGE:
    case EDGE_DEADLINE_IDLE:
    case EDGE_DEADLINE_REGISTERED:
    case EDGE_DEADLINE_STALL:
    case EDGE_DEADLINE_DRAIN:
      edge_flow_expire (owner, kind);
      break;
    case EDGE_DEADLINE_FAREWELL:
      edge_farewell_expire (owner);
      break;
    case N_EDGE_DEADLINES:
      g_assert_not_reached ();
    }
  }
}

/* Each asks once: whoever still has to wait stands where it stood, and nobody behind it starves. */
static void
give_turns (EdgeThread *self)
{
  EdgeGround *ground = self->ground;
  GList *next;

  if (!ground->turn_ended)
    return;
  ground->turn_ended = FALSE;
  for (GList *each = ground->waiting.head;
       each && edge_quota_handshakes (ground->quota) < ground->limits.handshakes; each = next) {
    next = each->next;
    edge_connection_take_turn (each->data);
  }
}

static void
resume_accepting (EdgeThread *self)
{
  if (!self->ground->accept_again || clock_now () < self->ground->accept_again)
    return;
  self->ground->accept_again = 0;
  for (guint i = 0; i < self->listeners->len; i++)
    edge_listener_resume (self->listeners->pdata[i]);
}

/* A storm leaves the heap full of holes; a third of it goes back to the system when asked. */
static void
trim_memory (EdgeThread *self)
{
  guint64 handshakes = self->ground->handshakes;

  if (handshakes != self->handshakes_seen) {
    self->handshakes_seen = handshakes;
    if (handshakes - self->handshakes_trimmed >= STORM)
      self->trim_at = clock_now () + CALM;
  }
  if (!self->trim_at || clock_now () < self->trim_at)
    return;
  self->trim_at = 0;
  self->handshakes_trimmed = handshakes;
  memory_give_back ();
}

static int
time_to_sleep (EdgeThread *self)
{
  gint64 next = edge_deadlines_next (&self->ground->deadlines);

  if (self->ground->accept_again)
    next = MIN (next, self->ground->accept_again);
  if (self->trim_at)
    next = MIN (next, self->trim_at);
  if (next == G_MAXINT64)
    return -1;
  return (int) CLAMP ((next - clock_now ()) / 1000 + 1, 0, G_MAXINT);
}

static gboolean
has_work (EdgeThread *self)
{
  return !self->stopping || g_hash_table_size (self->ground->connections) > 0 ||
         self->ground->farewells > 0;
}

static gpointer
run (gpointer data)
{
  EdgeThread *self = data;
  sigset_t all;

  /* Signals are the main thread's, and a write to a closed socket is an error, not a signal. */
  sigfillset (&all);
  pthread_sigmask (SIG_BLOCK, &all, NULL);
  while (has_work (self)) {
    edge_poller_wait (self->ground->poller, time_to_sleep (self));
    expire_deadlines (self);
    give_turns (self);
    resume_accepting (self);
    trim_memory (self);
  }
  edge_mailbox_post (self->ground->events, edge_event_new (EDGE_EVENT_STOPPED, NULL));
  return NULL;
}

/**
 * edge_thread_new:
 * @limits: the limits
 * @events: where #EdgeEvent letters go; it outlives the thread
 * @error: SIPWAKE_ERROR_LIMIT when the process has no descriptor left
 *
 * Returns: (transfer full): a running thread, or %NULL
 */
EdgeThread *
edge_thread_new (const EdgeLimits *limits, EdgeMailbox *events, GError **error)
{
  g_autoptr (EdgeMailbox) commands = edge_mailbox_new (command_free, error);
  g_autoptr (EdgeGround) ground = NULL;
  EdgeThread *self;

  if (!commands)
    return NULL;
  ground = edge_ground_new (limits, events, error);
  if (!ground)
    return NULL;
  /* The quark's first use is here, while there is one thread. */
  g_assert (sipwake_error_quark () != 0);
  self = g_new0 (EdgeThread, 1);
  self->commands = g_steal_pointer (&commands);
  self->ground = g_steal_pointer (&ground);
  self->listeners = g_ptr_array_new_with_free_func ((GDestroyNotify) edge_listener_free);
  edge_poller_add (self->ground->poller, &self->commands_watch,
                   edge_mailbox_get_fd (self->commands), EPOLLIN, on_commands, self);
  self->thread = g_thread_new ("edge", run, self);
  return self;
}

/**
 * edge_thread_join:
 * @thread: (nullable) (transfer full): a thread; it is stopped when it still runs
 *
 * Waits until it has ended: at most as long as a farewell may take.
 */
void
edge_thread_join (EdgeThread *thread)
{
  if (!thread)
    return;
  edge_thread_stop (thread);
  g_thread_join (thread->thread);
  g_ptr_array_unref (thread->listeners);
  edge_mailbox_free (thread->commands);
  edge_ground_free (thread->ground);
  g_free (thread);
}

static Command *
command_new (CommandKind kind, guint64 id)
{
  Command *command = g_new0 (Command, 1);

  command->kind = kind;
  command->id = id;
  return command;
}

/**
 * edge_thread_listen:
 * @thread: the thread
 * @listener: (transfer full): a new listener
 */
void
edge_thread_listen (EdgeThread *thread, EdgeListener *listener)
{
  Command *command = command_new (COMMAND_LISTEN, 0);

  command->listener = listener;
  edge_mailbox_post (thread->commands, command);
}

/**
 * edge_thread_set_tls:
 * @thread: the thread
 * @listener: a listener that was given to it
 * @tls: (transfer full): its new certificates
 */
void
edge_thread_set_tls (EdgeThread *thread, EdgeListener *listener, EdgeTls *tls)
{
  Command *command = command_new (COMMAND_SET_TLS, 0);

  command->listener = listener;
  command->tls = tls;
  edge_mailbox_post (thread->commands, command);
}

/**
 * edge_thread_dial:
 * @thread: the thread
 * @options: (transfer full): whom to call
 * @tls: (transfer full): our side of TLS
 * @ticket: names the attempt in its event
 */
void
edge_thread_dial (EdgeThread *thread, EdgeDialOptions *options, EdgeTls *tls, guint64 ticket)
{
  Command *command = command_new (COMMAND_DIAL, ticket);

  command->dial = options;
  command->tls = tls;
  edge_mailbox_post (thread->commands, command);
}

/**
 * edge_thread_proceed:
 * @thread: the thread
 * @id: of a connection
 *
 * The main loop knows the connection: bytes may flow.
 */
void
edge_thread_proceed (EdgeThread *thread, guint64 id)
{
  edge_mailbox_post (thread->commands, command_new (COMMAND_PROCEED, id));
}

/**
 * edge_thread_set_registered:
 * @thread: the thread
 * @id: of a connection
 * @registered: whether a registration stands on it
 */
void
edge_thread_set_registered (EdgeThread *thread, guint64 id, gboolean registered)
{
  Command *command = command_new (COMMAND_SET_REGISTERED, id);

  command->registered = registered;
  edge_mailbox_post (thread->commands, command);
}

/**
 * edge_thread_close:
 * @thread: the thread
 * @id: of a connection
 */
void
edge_thread_close (EdgeThread *thread, guint64 id)
{
  edge_mailbox_post (thread->commands, command_new (COMMAND_CLOSE, id));
}

/**
 * edge_thread_stop:
 * @thread: the thread
 *
 * No new connection; those that stand are told goodbye. EDGE_EVENT_STOPPED is its last event.
 */
void
edge_thread_stop (EdgeThread *thread)
{
  edge_mailbox_post (thread->commands, command_new (COMMAND_STOP, 0));
}
