/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sip-loop: Sofia's event loop inside GLib's, as ONE source on its epoll descriptor.
 *
 * Sofia's own GLib port gives every socket a GPollFD and costs quadratic time in connections; its
 * own su_root_run() rounds waits below a millisecond to zero and spins. So the native epoll root is
 * kept, GLib watches only its epoll descriptor, and timers are rounded up to SLACK_MS.
 */
#include "sip/sip-loop.h"

#include "base/error.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define SLACK_MS 10 /* nothing in SIP needs a finer timer, and what ended lingers in thousands */
#define BURST 8     /* steps of up to four events each before others get their turn */

typedef struct {
  GSource source;
  su_root_t *root;
  GPollFD epoll;
  gpointer tag;
  gint64 due; /* monotonic microseconds, -1: no timer */
} LoopSource;

struct _SipLoop {
  su_root_t *root;
  LoopSource *source;
};

static gboolean
loop_prepare (GSource *base, gint *timeout)
{
  LoopSource *source = (LoopSource *) base;
  gint64 left;

  *timeout = -1;
  if (source->due < 0)
    return FALSE;
  left = source->due - g_source_get_time (base);
  if (left <= 0) {
    *timeout = 0;
    return TRUE;
  }
  *timeout = (gint) ((left + 999) / 1000);
  return FALSE;
}

static gboolean
loop_check (GSource *base)
{
  LoopSource *source = (LoopSource *) base;

  return g_source_query_unix_fd (base, source->tag) ||
         (source->due >= 0 && g_source_get_time (base) >= source->due);
}

/* A step returns 0 when it did something, so that there may be more, but also when a timer is due
 * within a millisecond. To wait for that by further steps would be to spin. */
static gboolean
loop_dispatch (GSource *base, GSourceFunc callback, gpointer user_data)
{
  LoopSource *source = (LoopSource *) base;
  su_duration_t wait = 0;

  for (guint i = 0; i < BURST && wait == 0; i++) {
    if (i > 1 && g_poll (&source->epoll, 1, 0) <= 0)
      break;
    wait = su_root_step (source->root, 0);
  }

  if (wait < 0 || wait == SU_WAIT_FOREVER)
    source->due = -1;
  else
    source->due = g_get_monotonic_time () + MAX (wait, SLACK_MS) * G_TIME_SPAN_MILLISECOND;
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs loop_funcs = { loop_prepare, loop_check, loop_dispatch, NULL, NULL, NULL };

static gboolean
is_epoll (const gchar *fd)
{
  g_autofree gchar *path = g_build_filename ("/proc/self/fd", fd, NULL);
  gchar target[64];
  gssize length = readlink (path, target, sizeof target - 1);

  if (length < 0)
    return FALSE;
  target[length] = '\0';
  return g_str_equal (target, "anon_inode:[eventpoll]");
}

static GHashTable *
list_epolls (void)
{
  g_autoptr (GHashTable) found = g_hash_table_new (NULL, NULL);
  DIR *directory = opendir ("/proc/self/fd");
  const struct dirent *entry;

  while (directory && (entry = readdir (directory)))
    if (g_ascii_isdigit (entry->d_name[0]) && is_epoll (entry->d_name))
      g_hash_table_add (found, GINT_TO_POINTER (atoi (entry->d_name)));
  if (directory)
    closedir (directory);
  return g_steal_pointer (&found);
}

/* Sofia does not tell the descriptor of its epoll: it is the one that was not there before. */
static su_root_t *
create_root (int *epoll_fd)
{
  g_autoptr (GHashTable) before = list_epolls (), after = NULL;
  su_root_t *root;
  GHashTableIter iter;
  gpointer fd;

  su_port_prefer (su_epoll_port_create, su_epoll_clone_start);
  root = su_root_create (NULL);
  *epoll_fd = -1;
  after = list_epolls ();
  g_hash_table_iter_init (&iter, after);
  while (g_hash_table_iter_next (&iter, &fd, NULL))
    if (!g_hash_table_contains (before, fd))
      *epoll_fd = GPOINTER_TO_INT (fd);
  return root;
}

/**
 * sip_loop_new:
 * @context: (nullable): the context that runs it
 * @error: return location
 *
 * Returns: (transfer full) (nullable): Sofia's loop, attached to @context
 */
SipLoop *
sip_loop_new (GMainContext *context, GError **error)
{
  SipLoop *loop;
  su_root_t *root;
  int epoll_fd;

  signal (SIGPIPE, SIG_IGN);
  su_init ();
  root = create_root (&epoll_fd);
  if (!root || epoll_fd < 0) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_FAILED, "cannot start the SIP event loop: %s",
                 root ? "its epoll descriptor was not found in /proc/self/fd" : g_strerror (errno));
    g_clear_pointer (&root, su_root_destroy);
    return NULL;
  }

  loop = g_new0 (SipLoop, 1);
  loop->root = root;
  loop->source = (LoopSource *) g_source_new (&loop_funcs, sizeof (LoopSource));
  loop->source->root = root;
  loop->source->epoll = (GPollFD){ .fd = epoll_fd, .events = G_IO_IN };
  loop->source->tag = g_source_add_unix_fd (&loop->source->source, epoll_fd, G_IO_IN);
  g_source_set_name (&loop->source->source, "sip-loop");
  /* Nobody runs the loop from within. Told that somebody might, GLib takes the descriptor out before
   * each dispatch and puts it back after, which wakes the next poll for nothing. */
  g_source_set_can_recurse (&loop->source->source, TRUE);
  g_source_attach (&loop->source->source, context);
  return loop;
}

/**
 * sip_loop_free:
 * @loop: (transfer full): the loop, whose stack is gone
 */
void
sip_loop_free (SipLoop *loop)
{
  g_source_destroy (&loop->source->source);
  g_source_unref (&loop->source->source);
  su_root_destroy (loop->root);
  su_deinit ();
  g_free (loop);
}

/**
 * sip_loop_root:
 * @loop: the loop
 *
 * Returns: (transfer none): Sofia's root
 */
su_root_t *
sip_loop_root (SipLoop *loop)
{
  return loop->root;
}

/**
 * sip_loop_kick:
 * @loop: the loop
 *
 * To be called after every call into Sofia: one that is made outside of the loop's own dispatch may
 * have set a timer that the epoll descriptor does not show. It is looked for within SLACK_MS, for it
 * may come that late anyway: at once would be a turn of the loop for each such call.
 */
void
sip_loop_kick (SipLoop *loop)
{
  gint64 soon = g_get_monotonic_time () + SLACK_MS * G_TIME_SPAN_MILLISECOND;

  if (loop->source->due < 0 || loop->source->due > soon)
    loop->source->due = soon;
}
