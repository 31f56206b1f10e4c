/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * edge-listener: one address where phones (or a PBX that calls us) arrive.
 *
 * The main thread makes it, so that what is wrong is said at once; from edge_listener_open() on it
 * is the thread's. When the process runs out of descriptors it stops accepting for a moment: those
 * who come wait in the kernel's queue instead of being lost.
 */
#include "config.h"

#include "edge/edge-listener.h"

#include "base/clock.h"
#include "base/counters.h"
#include "base/error.h"
#include "base/log.h"
#include "edge/edge-connection.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <unistd.h>

#define BACKLOG 1024
#define ROUND 32 /* connections accepted before others have their turn */
#define PAUSE (CLOCK_SECOND / 4)

struct _EdgeListener {
  EdgeListenOptions *options;
  EdgeTls *tls;
  EdgeGround *ground;
  EdgeWatch watch;
  int fd;
};

static int
bind_listener (const EdgeListenOptions *options, GError **error)
{
  g_autoptr (GSocketAddress) address =
      g_inet_socket_address_new_from_string (options->host, options->port);
  struct sockaddr_storage native = { 0 };
  int fd, one = 1;

  if (!address) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CONFIG, "%s: %s is no numeric address",
                 options->name, options->host);
    return -1;
  }
  g_socket_address_to_native (address, &native, sizeof native, NULL);
  fd = socket (native.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd >= 0) {
    setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (native.ss_family == AF_INET6)
      setsockopt (fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    if (bind (fd, (const struct sockaddr *) &native,
              (socklen_t) g_socket_address_get_native_size (address)) == 0 &&
        listen (fd, BACKLOG) == 0)
      return fd;
  }
  g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CONFIG, "%s: cannot listen at %s port %u: %s",
               options->name, options->host, options->port, g_strerror (errno));
  if (fd >= 0)
    close (fd);
  return -1;
}

/**
 * edge_listener_new:
 * @options: where and how; copied
 * @error: SIPWAKE_ERROR_CONFIG naming the listener and the cause
 *
 * Reads the certificates and binds.
 *
 * Returns: (transfer full): a listener that does not accept yet, or %NULL
 */
EdgeListener *
edge_listener_new (const EdgeListenOptions *options, GError **error)
{
  g_autoptr (EdgeListener) self = g_new0 (EdgeListener, 1);

  self->fd = -1;
  self->options = edge_listen_options_copy (options);
  if (!edge_listen_options_check (options, error))
    return NULL;
  if (options->transport != EDGE_TRANSPORT_WS) {
    self->tls = edge_tls_new_server (options, error);
    if (!self->tls)
      return NULL;
  }
  self->fd = bind_listener (options, error);
  return self->fd < 0 ? NULL : g_steal_pointer (&self);
}

/**
 * edge_listener_free:
 * @listener: (nullable) (transfer full): a listener without connections
 */
void
edge_listener_free (EdgeListener *listener)
{
  if (!listener)
    return;
  edge_listener_shut (listener);
  g_clear_pointer (&listener->tls, edge_tls_unref);
  edge_listen_options_free (listener->options);
  g_free (listener);
}

/**
 * edge_listener_get_port:
 * @listener: a listener
 *
 * Returns: the port where it listens, also when any free one was asked for
 */
guint16
edge_listener_get_port (const EdgeListener *listener)
{
  struct sockaddr_storage native = { 0 };
  socklen_t size = sizeof native;

  getsockname (listener->fd, (struct sockaddr *) &native, &size);
  /* The port lies at the same place in both families. */
  return ntohs (((const struct sockaddr_in *) &native)->sin_port);
}

static void
admit (EdgeListener *self, int fd, const struct sockaddr *remote)
{
  switch (edge_quota_admit (self->ground->quota, edge_quota_source (remote))) {
  case EDGE_ADMITTED:
    counters_inc (COUNTER_EDGE_CONNECTIONS);
    edge_connection_accept (self->ground, self->options, self->tls, fd, remote);
    return;
  case EDGE_REFUSED_TOTAL:
    counters_inc (COUNTER_EDGE_REFUSED_TOTAL);
    close (fd);
    return;
  case EDGE_REFUSED_SOURCE:
    counters_inc (COUNTER_EDGE_REFUSED_SOURCE);
    close (fd);
    return;
  }
}

static void
pause_accepting (EdgeListener *self, int error)
{
  counters_inc (COUNTER_EDGE_ACCEPT_PAUSED);
  if (!self->ground->accept_again)
    log_warning (LOG_FIELDS ("LISTENER", self->options->name), "Cannot accept a connection: %s",
                 g_strerror (error));
  edge_poller_change (self->ground->poller, &self->watch, 0);
  self->ground->accept_again = clock_now () + PAUSE;
}

static void
on_ready (EdgeWatch *watch, guint32 events)
{
  EdgeListener *self = watch->owner;

  for (guint i = 0; i < ROUND; i++) {
    struct sockaddr_storage remote = { 0 };
    socklen_t size = sizeof remote;
    int fd = accept4 (self->fd, (struct sockaddr *) &remote, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    int error = errno;

    if (fd >= 0) {
      admit (self, fd, (const struct sockaddr *) &remote);
      continue;
    }
    if (error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM)
      pause_accepting (self, error);
    if (error != ECONNABORTED && error != EINTR)
      return;
  }
}

/**
 * edge_listener_open:
 * @listener: a listener
 * @ground: what its connections stand on
 *
 * Begins to accept.
 *
 * Returns: %FALSE when the kernel has no room to watch it
 */
gboolean
edge_listener_open (EdgeListener *listener, EdgeGround *ground)
{
  listener->ground = ground;
  return edge_poller_add (ground->poller, &listener->watch, listener->fd, EPOLLIN, on_ready,
                          listener);
}

/**
 * edge_listener_resume:
 * @listener: a listener that may have paused
 */
void
edge_listener_resume (EdgeListener *listener)
{
  edge_poller_change (listener->ground->poller, &listener->watch, EPOLLIN);
}

/**
 * edge_listener_shut:
 * @listener: a listener
 *
 * Listens no longer. Its connections go on.
 */
void
edge_listener_shut (EdgeListener *listener)
{
  if (listener->ground)
    edge_poller_remove (listener->ground->poller, &listener->watch);
  if (listener->fd >= 0)
    close (listener->fd);
  listener->fd = -1;
}

/**
 * edge_listener_set_tls:
 * @listener: a listener
 * @tls: (transfer full): the certificates that those who come from now on see
 */
void
edge_listener_set_tls (EdgeListener *listener, EdgeTls *tls)
{
  g_clear_pointer (&listener->tls, edge_tls_unref);
  listener->tls = tls;
}
