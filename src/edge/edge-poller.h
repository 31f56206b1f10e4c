/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

typedef struct _EdgePoller EdgePoller;
typedef struct _EdgeWatch EdgeWatch;
typedef void (*EdgeWatchFunc) (EdgeWatch *watch, guint32 events);

/* Lies inside its owner. */
struct _EdgeWatch {
  EdgeWatchFunc func;
  gpointer owner;
  int fd;
  guint32 events;
};

EdgePoller *edge_poller_new (GError **error);
void edge_poller_free (EdgePoller *poller);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EdgePoller, edge_poller_free)

gboolean edge_poller_add (EdgePoller *poller, EdgeWatch *watch, int fd, guint32 events,
                          EdgeWatchFunc func, gpointer owner);
void edge_poller_change (EdgePoller *poller, EdgeWatch *watch, guint32 events);
void edge_poller_remove (EdgePoller *poller, EdgeWatch *watch);
void edge_poller_bury (EdgePoller *poller, gpointer owner, GDestroyNotify destroy);
void edge_poller_wait (EdgePoller *poller, int milliseconds);
