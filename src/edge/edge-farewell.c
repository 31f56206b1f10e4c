/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * edge-farewell: the last seconds of a socket whose connection is over.
 *
 * What waits is flushed, TLS and TCP are told the end, and then the far side is read until it ends
 * too: unread bytes would turn our close into a reset, and a reset overtakes last words. The socket
 * counts in the quota until it is closed. edge-connection begins it.
 */
#include "edge/edge-farewell.h"

#include "base/clock.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

struct _EdgeFarewell {
  EdgeGround *ground;
  EdgeSocket *socket;
  EdgeWatch watch;
  EdgeDeadline deadline;
  gboolean finished;
  gboolean counted;
  gint64 source;
};

static void
farewell_free (gpointer data)
{
  EdgeFarewell *self = data;

  edge_socket_free (self->socket);
  g_free (self);
}

static void
end (EdgeFarewell *self)
{
  edge_poller_remove (self->ground->poller, &self->watch);
  edge_deadlines_clear (&self->ground->deadlines, EDGE_DEADLINE_FAREWELL, &self->deadline);
  if (self->counted)
    edge_quota_leave (self->ground->quota, self->source);
  self->ground->farewells--;
  edge_poller_bury (self->ground->poller, self, farewell_free);
}

static void
flush (EdgeFarewell *self)
{
  switch (edge_socket_flush (self->socket)) {
  case EDGE_IO_AGAIN:
    return;
  case EDGE_IO_DONE:
    edge_socket_finish (self->socket);
    self->finished = TRUE;
    edge_poller_change (self->ground->poller, &self->watch, EPOLLIN);
    return;
  case EDGE_IO_EOF:
  case EDGE_IO_ERROR:
    end (self);
    return;
  }
}

static void
on_ready (EdgeWatch *watch, guint32 events)
{
  EdgeFarewell *self = watch->owner;
  gssize n;

  if (!self->finished) {
    flush (self);
    return;
  }
  n = recv (watch->fd, self->ground->scratch, EDGE_SCRATCH_SIZE, 0);
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
    end (self);
}

/**
 * edge_farewell_begin:
 * @ground: what it stands on
 * @socket: (transfer full): a socket that nobody watches any longer
 * @counted: whether it counts in the quota
 * @source: of whom
 */
void
edge_farewell_begin (EdgeGround *ground, EdgeSocket *socket, gboolean counted, gint64 source)
{
  EdgeFarewell *self = g_new0 (EdgeFarewell, 1);

  self->ground = ground;
  self->socket = socket;
  self->counted = counted;
  self->source = source;
  ground->farewells++;
  edge_deadlines_set (&ground->deadlines, EDGE_DEADLINE_FAREWELL, &self->deadline, self,
                      clock_now ());
  if (edge_poller_add (ground->poller, &self->watch, edge_socket_get_fd (socket), EPOLLOUT,
                       on_ready, self))
    flush (self);
  else
    end (self);
}

/**
 * edge_farewell_expire:
 * @farewell: one that takes too long
 */
void
edge_farewell_expire (EdgeFarewell *farewell)
{
  end (farewell);
}
