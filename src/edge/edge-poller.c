/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * edge-poller: the epoll of the edge's thread.
 *
 * One round can bring two events for one owner, and the first may end it: so owners are buried,
 * and freed when the round is over.
 */
#include "edge/edge-poller.h"

#include "base/error.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#define ROUND 128

typedef struct {
  gpointer owner;
  GDestroyNotify destroy;
} Grave;

struct _EdgePoller {
  int fd;
  GArray *graves;
};

/**
 * edge_poller_new:
 * @error: SIPWAKE_ERROR_LIMIT when the process has no descriptor left
 *
 * Returns: (transfer full): a poller, or %NULL
 */
EdgePoller *
edge_poller_new (GError **error)
{
  int fd = epoll_create1 (EPOLL_CLOEXEC);
  EdgePoller *self;

  if (fd < 0) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_LIMIT, "cannot make an epoll: %s",
                 g_strerror (errno));
    return NULL;
  }
  self = g_new0 (EdgePoller, 1);
  self->fd = fd;
  self->graves = g_array_new (FALSE, FALSE, sizeof (Grave));
  return self;
}

static void
free_buried (EdgePoller *self)
{
  for (guint i = 0; i < self->graves->len; i++) {
    Grave grave = g_array_index (self->graves, Grave, i);

    grave.destroy (grave.owner);
  }
  g_array_set_size (self->graves, 0);
}

/**
 * edge_poller_free:
 * @poller: (nullable) (transfer full): a poller
 */
void
edge_poller_free (EdgePoller *poller)
{
  if (!poller)
    return;
  free_buried (poller);
  g_array_unref (poller->graves);
  close (poller->fd);
  g_free (poller);
}

/**
 * edge_poller_add:
 * @poller: the poller
 * @watch: (out caller-allocates): a watch, part of its owner
 * @fd: the descriptor
 * @events: EPOLLIN, EPOLLOUT or neither; EPOLLHUP and EPOLLERR come always
 * @func: called with what happened
 * @owner: whose watch it is
 *
 * Returns: %FALSE when the kernel has no room for another
 */
gboolean
edge_poller_add (EdgePoller *poller,
                 EdgeWatch *watch,
                 int fd,
                 guint32 events,
                 EdgeWatchFunc func,
                 gpointer owner)
{
  struct epoll_event event = { .events = events, .data.ptr = watch };

  if (epoll_ctl (poller->fd, EPOLL_CTL_ADD, fd, &event) < 0)
    return FALSE;
  *watch = (EdgeWatch){ func, owner, fd, events };
  return TRUE;
}

/**
 * edge_poller_change:
 * @poller: the poller
 * @watch: a watch that was added
 * @events: what it waits for from now on
 */
void
edge_poller_change (EdgePoller *poller, EdgeWatch *watch, guint32 events)
{
  struct epoll_event event = { .events = events, .data.ptr = watch };

  if (!watch->func || watch->events == events)
    return;
  epoll_ctl (poller->fd, EPOLL_CTL_MOD, watch->fd, &event);
  watch->events = events;
}

/**
 * edge_poller_remove:
 * @poller: the poller
 * @watch: a watch, added or not
 */
void
edge_poller_remove (EdgePoller *poller, EdgeWatch *watch)
{
  if (!watch->func)
    return;
  epoll_ctl (poller->fd, EPOLL_CTL_DEL, watch->fd, NULL);
  watch->func = NULL;
}

/**
 * edge_poller_bury:
 * @poller: the poller
 * @owner: (transfer full): what has removed its watches
 * @destroy: frees it, when this round is over
 */
void
edge_poller_bury (EdgePoller *poller, gpointer owner, GDestroyNotify destroy)
{
  Grave grave = { owner, destroy };

  g_array_append_val (poller->graves, grave);
}

/**
 * edge_poller_wait:
 * @poller: the poller
 * @milliseconds: how long at most; -1 for ever
 *
 * One round.
 */
void
edge_poller_wait (EdgePoller *poller, int milliseconds)
{
  struct epoll_event events[ROUND];
  int n;

  free_buried (poller);
  n = epoll_wait (poller->fd, events, ROUND, milliseconds);
  for (int i = 0; i < n; i++) {
    EdgeWatch *watch = events[i].data.ptr;

    if (watch->func)
      watch->func (watch, events[i].events);
  }
  free_buried (poller);
}
