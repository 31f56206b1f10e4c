/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * push-watch: some descriptors and one point in time, as one source of the main loop.
 *
 * Made by push-http for libcurl, whose sockets come and go while they are being served and change
 * what they wait for with each request. GSource's own descriptors and ready time would wake the
 * loop up at each change; here they are looked at when the loop goes to sleep.
 */
#include "push/push-watch.h"

typedef struct {
  GSource parent;
  PushWatch *watch;
} WatchSource;

typedef struct {
  int fd;
  GIOCondition condition;
} Ready;

struct _PushWatch {
  GSource *source;
  GHashTable *polls; /* descriptor to GPollFD */
  gint64 time;       /* monotonic microseconds, or -1 */
  PushWatchFunc func;
  gpointer user_data;
};

static gboolean
prepare (GSource *source, gint *timeout)
{
  const PushWatch *watch = ((WatchSource *) source)->watch;
  gint64 left;

  *timeout = -1;
  if (watch->time < 0)
    return FALSE;
  left = watch->time - g_source_get_time (source);
  *timeout = (gint) CLAMP ((left + 999) / 1000, 0, G_MAXINT);
  return left <= 0;
}

static gboolean
check (GSource *source)
{
  const PushWatch *watch = ((WatchSource *) source)->watch;
  GHashTableIter iter;
  gpointer poll;

  if (watch->time >= 0 && watch->time <= g_source_get_time (source))
    return TRUE;
  g_hash_table_iter_init (&iter, watch->polls);
  while (g_hash_table_iter_next (&iter, NULL, &poll))
    if (((GPollFD *) poll)->revents)
      return TRUE;
  return FALSE;
}

static gboolean
dispatch (GSource *source, GSourceFunc unused, gpointer unused_too)
{
  PushWatch *watch = ((WatchSource *) source)->watch;
  g_autoptr (GArray) ready = g_array_new (FALSE, FALSE, sizeof (Ready));
  PushWatchFunc func = watch->func;
  gpointer user_data = watch->user_data, value;
  GHashTableIter iter;

  g_hash_table_iter_init (&iter, watch->polls);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    const GPollFD *poll = value;
    Ready one = { poll->fd, poll->revents };

    if (one.condition)
      g_array_append_val (ready, one);
  }
  /* From here on the table changes, and the last call may even end the watch. */
  for (guint i = 0; i < ready->len; i++) {
    const Ready *one = &g_array_index (ready, Ready, i);

    func (one->fd, one->condition, user_data);
  }
  func (-1, 0, user_data);
  return G_SOURCE_CONTINUE;
}

/**
 * push_watch_new:
 * @func: called for each descriptor that is ready, then once with -1, which may free the watch
 * @user_data: for @func
 *
 * Returns: (transfer full): a watch in the thread's default main context, used in that thread only
 */
PushWatch *
push_watch_new (PushWatchFunc func, gpointer user_data)
{
  static GSourceFuncs functions = { prepare, check, dispatch, NULL, NULL, NULL };
  PushWatch *watch = g_new0 (PushWatch, 1);

  watch->source = g_source_new (&functions, sizeof (WatchSource));
  ((WatchSource *) watch->source)->watch = watch;
  watch->polls = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  watch->time = -1;
  watch->func = func;
  watch->user_data = user_data;
  g_source_set_static_name (watch->source, "push-watch");
  /* Nobody turns the loop inside a callback; GLib would guard against it with two wake-ups. */
  g_source_set_can_recurse (watch->source, TRUE);
  g_source_attach (watch->source, g_main_context_get_thread_default ());
  return watch;
}

/**
 * push_watch_free:
 * @watch: (nullable) (transfer full): a watch
 */
void
push_watch_free (PushWatch *watch)
{
  if (!watch)
    return;
  g_source_destroy (watch->source);
  g_source_unref (watch->source);
  g_hash_table_unref (watch->polls);
  g_free (watch);
}

/**
 * push_watch_set:
 * @watch: a watch
 * @fd: a descriptor
 * @condition: what to wait for; 0 forgets @fd
 */
void
push_watch_set (PushWatch *watch, int fd, GIOCondition condition)
{
  GPollFD *poll = g_hash_table_lookup (watch->polls, GINT_TO_POINTER (fd));

  if (!condition) {
    if (poll)
      g_source_remove_poll (watch->source, poll);
    g_hash_table_remove (watch->polls, GINT_TO_POINTER (fd));
    return;
  }
  if (!poll) {
    poll = g_new0 (GPollFD, 1);
    poll->fd = fd;
    g_hash_table_insert (watch->polls, GINT_TO_POINTER (fd), poll);
    g_source_add_poll (watch->source, poll);
  }
  poll->events = (gushort) condition;
}

/**
 * push_watch_find:
 * @watch: a watch
 * @test: whether a descriptor is the one
 * @user_data: for @test
 *
 * Returns: the descriptor that @test accepts, or -1
 */
int
push_watch_find (PushWatch *watch, PushWatchTest test, gpointer user_data)
{
  GHashTableIter iter;
  gpointer fd;

  g_hash_table_iter_init (&iter, watch->polls);
  while (g_hash_table_iter_next (&iter, &fd, NULL))
    if (test (GPOINTER_TO_INT (fd), user_data))
      return GPOINTER_TO_INT (fd);
  return -1;
}

/**
 * push_watch_wake_at:
 * @watch: a watch
 * @time: monotonic microseconds, 0 for now, -1 for never
 */
void
push_watch_wake_at (PushWatch *watch, gint64 time)
{
  watch->time = time;
}
