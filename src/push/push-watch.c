/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * push-watch: some descriptors and one point in time, as one source of the main loop.
 *
 * Made by push-http for libcurl, whose sockets come and go while they are being served.
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
  GHashTable *tags; /* descriptor to the source's tag */
  PushWatchFunc func;
  gpointer user_data;
};

static gboolean
dispatch (GSource *source, GSourceFunc unused, gpointer unused_too)
{
  PushWatch *watch = ((WatchSource *) source)->watch;
  g_autoptr (GArray) ready = g_array_new (FALSE, FALSE, sizeof (Ready));
  PushWatchFunc func = watch->func;
  gpointer user_data = watch->user_data, fd, tag;
  GHashTableIter iter;

  g_hash_table_iter_init (&iter, watch->tags);
  while (g_hash_table_iter_next (&iter, &fd, &tag)) {
    Ready one = { GPOINTER_TO_INT (fd), g_source_query_unix_fd (source, tag) };

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
 * Returns: (transfer full): a watch in the thread's default main context
 */
PushWatch *
push_watch_new (PushWatchFunc func, gpointer user_data)
{
  static GSourceFuncs functions = { .dispatch = dispatch };
  PushWatch *watch = g_new0 (PushWatch, 1);

  watch->source = g_source_new (&functions, sizeof (WatchSource));
  ((WatchSource *) watch->source)->watch = watch;
  watch->tags = g_hash_table_new (NULL, NULL);
  watch->func = func;
  watch->user_data = user_data;
  g_source_set_static_name (watch->source, "push-watch");
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
  g_hash_table_unref (watch->tags);
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
  gpointer key = GINT_TO_POINTER (fd), tag = g_hash_table_lookup (watch->tags, key);

  if (!condition && tag) {
    g_source_remove_unix_fd (watch->source, tag);
    g_hash_table_remove (watch->tags, key);
  } else if (condition && tag) {
    g_source_modify_unix_fd (watch->source, tag, condition);
  } else if (condition) {
    g_hash_table_insert (watch->tags, key, g_source_add_unix_fd (watch->source, fd, condition));
  }
}

/**
 * push_watch_wake_at:
 * @watch: a watch
 * @time: monotonic microseconds, 0 for now, -1 for never
 */
void
push_watch_wake_at (PushWatch *watch, gint64 time)
{
  g_source_set_ready_time (watch->source, time);
}
