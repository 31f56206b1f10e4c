/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * edge-stub: an edge with a stand-in for the SIP stack behind it, driven by a test script.
 *
 * The stand-in is a TCP listener that knows nothing of SIP and writes every byte back. Lines on
 * stdin are commands, lines on stdout what happened; "ok" or "error CAUSE" ends each command.
 */
#include "base/counters.h"
#include "base/log.h"
#include "edge/edge.h"

#include <glib-unix.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define BUILD "sanitized"
#else
#define BUILD "plain"
#endif

static Edge *edge;
static GMainLoop *loop;
static GSocketService *stack;
static guint16 stack_port;
static GHashTable *known; /* port text of a stack connection to GSocketConnection */
static gboolean refuse, deaf, stopping;
static guint strangers;
static gchar buffer[65536];

static void
say (const gchar *format, ...)
{
  va_list args;

  va_start (args, format);
  vprintf (format, args);
  va_end (args);
  putchar ('\n');
  fflush (stdout);
}

static void
drop_stack_connection (GSocketConnection *connection)
{
  g_source_remove (GPOINTER_TO_UINT (g_object_get_data (G_OBJECT (connection), "watch")));
  g_hash_table_remove (known, g_object_get_data (G_OBJECT (connection), "name"));
}

static gboolean
on_stack_data (GSocket *socket, GIOCondition condition, gpointer data)
{
  GSocketConnection *connection = data;
  gssize n;

  if (deaf)
    return G_SOURCE_CONTINUE;
  n = g_socket_receive (socket, buffer, sizeof buffer, NULL, NULL);
  if (n <= 0) {
    drop_stack_connection (connection);
    return G_SOURCE_CONTINUE;
  }
  g_socket_set_blocking (socket, TRUE);
  g_socket_set_timeout (socket, 5);
  for (gssize sent = 0, put; sent < n; sent += put) {
    put = g_socket_send (socket, buffer + sent, (gsize) (n - sent), NULL, NULL);
    if (put <= 0)
      break;
  }
  return G_SOURCE_CONTINUE;
}

static gboolean
on_stack_connection (GSocketService *service, GSocketConnection *connection, GObject *source)
{
  g_autoptr (GSocketAddress) remote = g_socket_connection_get_remote_address (connection, NULL);
  GInetSocketAddress *inet = G_INET_SOCKET_ADDRESS (remote);
  g_autofree gchar *address = g_inet_address_to_string (g_inet_socket_address_get_address (inet));
  guint16 port = g_inet_socket_address_get_port (inet);
  GSocket *socket = g_socket_connection_get_socket (connection);
  EdgePeer *peer = edge_peer_of (edge, address, port);
  GSource *watch;
  gchar *name;

  if (!peer) {
    strangers++;
    return FALSE;
  }
  name = g_strdup_printf ("%" G_GUINT64_FORMAT, peer->id);
  g_hash_table_insert (known, name, g_object_ref (connection));
  g_object_set_data (G_OBJECT (connection), "name", name);
  watch = g_socket_create_source (socket, G_IO_IN | G_IO_HUP, NULL);
  g_source_set_callback (watch, G_SOURCE_FUNC (on_stack_data), connection, NULL);
  g_object_set_data (G_OBJECT (connection), "watch",
                     GUINT_TO_POINTER (g_source_attach (watch, NULL)));
  g_source_unref (watch);
  return FALSE;
}

static const gchar *
or_dash (const gchar *text)
{
  return text && text[0] ? text : "-";
}

static void
on_opened (Edge *source, EdgePeer *peer, gpointer data)
{
  say ("opened %" G_GUINT64_FORMAT " %s %s %s %u %s %s %s %s %u", peer->id, peer->listener,
       edge_transport_name (peer->transport), peer->address, peer->port,
       or_dash (peer->tls_version), or_dash (peer->cipher), or_dash (edge_peer_name (peer)),
       peer->loopback_address, peer->loopback_port);
  g_assert_true (edge_peer_of (edge, peer->loopback_address, peer->loopback_port) == peer);
  if (refuse)
    edge_close_connection (edge, peer->id);
}

static void
on_closed (Edge *source, EdgePeer *peer, guint reason, gpointer data)
{
  g_assert_true (edge_peer_of (edge, peer->loopback_address, peer->loopback_port) == peer);
  say ("closed %" G_GUINT64_FORMAT " %s", peer->id, edge_close_reason_name (reason));
}

static void
on_dialed (GObject *object, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (EdgePeer) peer = edge_dial_finish (edge, result, &error);

  if (peer)
    say ("dialed %" G_GUINT64_FORMAT " %s", peer->id, edge_peer_name (peer));
  else
    say ("dial-failed %s", error->message);
}

static void
on_edge_stopped (GObject *object, GAsyncResult *result, gpointer data)
{
  edge_stop_finish (edge, result, NULL);
  g_main_loop_quit (loop);
}

static void
answer (gboolean done, GError *error)
{
  if (done)
    say ("ok");
  else
    say ("error %s", error->message);
  g_clear_error (&error);
}

static const gchar *
value_of (gchar **words, const gchar *name)
{
  gsize size = strlen (name);

  for (; *words; words++)
    if (strncmp (*words, name, size) == 0 && (*words)[size] == '=')
      return *words + size + 1;
  return NULL;
}

static void
do_listen (gchar **words)
{
  const gchar *transport = words[2], *pairs = value_of (words, "pairs");
  g_autoptr (EdgeListenOptions) options = edge_listen_options_new (
      words[1],
      g_str_equal (transport, "tls")  ? EDGE_TRANSPORT_TLS
      : g_str_equal (transport, "ws") ? EDGE_TRANSPORT_WS
                                      : EDGE_TRANSPORT_WSS,
      value_of (words, "host") ? value_of (words, "host") : "127.0.0.1", 0, "127.0.0.1",
      value_of (words, "target") ? (guint16) atoi (value_of (words, "target")) : stack_port);
  g_auto (GStrv) files = g_strsplit (pairs ? pairs : "", ",", -1);
  GError *error = NULL;
  guint16 port = 0;

  for (gsize i = 0; files[i] && files[i + 1]; i += 2)
    g_ptr_array_add (options->key_pairs, edge_key_pair_new (files[i], files[i + 1]));
  options->client_ca = g_strdup (value_of (words, "client-ca"));
  options->require_client_certificate = value_of (words, "require") != NULL;
  options->path = g_strdup (value_of (words, "path"));
  if (value_of (words, "origin"))
    options->origins = g_strsplit (value_of (words, "origin"), ",", -1);
  if (edge_listen (edge, options, &port, &error))
    say ("port %u", port);
  answer (error == NULL, error);
}

static void
do_dial (gchar **words)
{
  g_autoptr (EdgeDialOptions) options = edge_dial_options_new (
      "pbx", words[1], (guint16) atoi (words[2]), words[3], "127.0.0.1", stack_port);
  const gchar *pair = value_of (words, "pair");
  g_auto (GStrv) files = g_strsplit (pair ? pair : "", ",", -1);

  options->ca_file = g_strdup (value_of (words, "ca"));
  if (files[0] && files[1])
    options->key_pair = edge_key_pair_new (files[0], files[1]);
  edge_dial_async (edge, options, on_dialed, NULL);
}

static void
do_stack_send (const gchar *id, const gchar *escaped)
{
  GSocketConnection *connection = g_hash_table_lookup (known, id);
  g_autofree gchar *text = g_strcompress (escaped);

  g_socket_send (g_socket_connection_get_socket (connection), text, strlen (text), NULL, NULL);
}

static void
do_memory (void)
{
  g_autofree gchar *text = NULL;
  const gchar *line;

  malloc_trim (0);
  g_file_get_contents ("/proc/self/status", &text, NULL, NULL);
  line = strstr (text, "VmRSS:");
  say ("rss %ld", strtol (line + 6, NULL, 10));
}

static void
stop (void)
{
  if (!stopping)
    edge_stop_async (edge, on_edge_stopped, NULL);
  stopping = TRUE;
}

static void
obey (gchar **words)
{
  GError *error = NULL;
  gboolean done = TRUE;

  if (g_str_equal (words[0], "listen")) {
    do_listen (words);
    return;
  }
  if (g_str_equal (words[0], "reload"))
    done = edge_reload_certificates (edge, &error);
  else if (g_str_equal (words[0], "dial"))
    do_dial (words);
  else if (g_str_equal (words[0], "registered"))
    edge_set_flow_registered (edge, g_ascii_strtoull (words[1], NULL, 10), TRUE);
  else if (g_str_equal (words[0], "close"))
    edge_close_connection (edge, g_ascii_strtoull (words[1], NULL, 10));
  else if (g_str_equal (words[0], "stack-close"))
    drop_stack_connection (g_hash_table_lookup (known, words[1]));
  else if (g_str_equal (words[0], "stack-send"))
    do_stack_send (words[1], words[2]);
  else if (g_str_equal (words[0], "refuse"))
    refuse = TRUE;
  else if (g_str_equal (words[0], "admit"))
    refuse = FALSE;
  else if (g_str_equal (words[0], "deaf"))
    deaf = TRUE;
  else if (g_str_equal (words[0], "strangers"))
    say ("strangers %u", strangers);
  else if (g_str_equal (words[0], "memory"))
    do_memory ();
  else if (g_str_equal (words[0], "freeze"))
    g_usleep ((gulong) atol (words[1]) * 1000);
  else if (g_str_equal (words[0], "counter")) {
    for (int i = 0; i < N_COUNTERS; i++)
      if (g_str_equal (counters_name (i), words[1]))
        say ("counter %" G_GINT64_FORMAT, counters_get (i));
  } else if (g_str_equal (words[0], "stop"))
    stop ();
  answer (done, error);
}

static gboolean
on_command (GIOChannel *channel, GIOCondition condition, gpointer data)
{
  g_autofree gchar *line = NULL;
  g_auto (GStrv) words = NULL;

  if (g_io_channel_read_line (channel, &line, NULL, NULL, NULL) != G_IO_STATUS_NORMAL) {
    stop ();
    return G_SOURCE_REMOVE;
  }
  words = g_strsplit (g_strchomp (line), " ", -1);
  obey (words);
  return G_SOURCE_CONTINUE;
}

static void
read_limits (EdgeLimits *limits, gchar **words)
{
  const struct {
    const gchar *name;
    guint *place;
  } limit[] = {
    { "handshakes", &limits->handshakes },
    { "handshakes-per-source", &limits->handshakes_per_source },
    { "connections", &limits->connections },
    { "connections-per-source", &limits->connections_per_source },
    { "handshake-timeout", &limits->handshake_timeout },
    { "message-timeout", &limits->message_timeout },
    { "idle-timeout", &limits->idle_timeout },
    { "registered-timeout", &limits->registered_timeout },
    { "stall-timeout", &limits->stall_timeout },
    { "close-timeout", &limits->close_timeout },
  };

  edge_limits_init (limits);
  for (gsize i = 0; i < G_N_ELEMENTS (limit); i++)
    if (value_of (words, limit[i].name))
      *limit[i].place = (guint) atoi (value_of (words, limit[i].name));
}

int
main (int argc, char **argv)
{
  g_autoptr (GIOChannel) input = g_io_channel_unix_new (STDIN_FILENO);
  struct rlimit files;
  EdgeLimits limits;

  log_init ();
  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL);
  getrlimit (RLIMIT_NOFILE, &files);
  files.rlim_cur =
      value_of (argv, "files") ? (rlim_t) atoi (value_of (argv, "files")) : files.rlim_max;
  setrlimit (RLIMIT_NOFILE, &files);
  read_limits (&limits, argv);
  loop = g_main_loop_new (NULL, FALSE);
  known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
  stack = g_socket_service_new ();
  stack_port = g_socket_listener_add_any_inet_port (G_SOCKET_LISTENER (stack), NULL, NULL);
  g_signal_connect (stack, "incoming", G_CALLBACK (on_stack_connection), NULL);
  edge = edge_new (&limits, NULL);
  g_signal_connect (edge, "connection-opened", G_CALLBACK (on_opened), NULL);
  g_signal_connect (edge, "connection-closed", G_CALLBACK (on_closed), NULL);
  g_io_add_watch (input, G_IO_IN | G_IO_HUP, on_command, NULL);
  say ("stack %u %s", stack_port, BUILD);
  g_main_loop_run (loop);
  g_hash_table_unref (known);
  g_object_unref (stack);
  g_object_unref (edge);
  g_main_loop_unref (loop);
  return 0;
}
