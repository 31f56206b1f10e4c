/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * edge-renewal: certificates and keys, read again when their files change or the administrator asks.
 *
 * Those who are connected keep what they have. Files that do not fit leave the old ones in use; a
 * certificate and its key are seldom written at once, so a change is left to settle first.
 */
#include "daemon/edge-renewal.h"

#include "base/log.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/inotify.h>
#include <unistd.h>

#define SETTLE_MS 1000
#define CHANGES (IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE)

/* Not GFileMonitor, which starts a thread whose locks the thread sanitizer does not see. */
struct _EdgeRenewal {
  Edge *edge;
  int inotify; /* -1 as long as nothing is watched */
  guint source;
  GHashTable *files; /* number of the directory's watch, slash, name */
  guint timer;
};

/**
 * edge_renewal_now:
 * @renewal: the renewal
 *
 * Reads all files again. What is wrong with them goes to the log.
 */
void
edge_renewal_now (EdgeRenewal *renewal)
{
  g_autoptr (GError) error = NULL;

  g_clear_handle_id (&renewal->timer, g_source_remove);
  if (edge_reload_certificates (renewal->edge, &error))
    log_info (LOG_NONE, "certificates are read again, for those who connect from now on");
  else
    log_error (LOG_NONE, "the certificates in use stay: %s", error->message);
}

static gboolean
on_settled (gpointer user_data)
{
  EdgeRenewal *renewal = user_data;

  renewal->timer = 0;
  edge_renewal_now (renewal);
  return G_SOURCE_REMOVE;
}

static gchar *
file_key (int directory, const gchar *name)
{
  return g_strdup_printf ("%d/%s", directory, name);
}

static gboolean
concerns_us (EdgeRenewal *renewal, const struct inotify_event *event)
{
  g_autofree gchar *key = file_key (event->wd, event->len ? event->name : "");

  return (event->mask & IN_Q_OVERFLOW) || g_hash_table_contains (renewal->files, key);
}

static gboolean
on_changed (gint fd, GIOCondition condition, gpointer user_data)
{
  EdgeRenewal *renewal = user_data;
  _Alignas (struct inotify_event) gchar events[4096];
  ssize_t size = read (fd, events, sizeof events);
  const struct inotify_event *event;
  gboolean changed = FALSE;

  for (ssize_t at = 0; at < size; at += (ssize_t) (sizeof *event + event->len)) {
    event = (gconstpointer) (events + at);
    changed |= concerns_us (renewal, event);
  }
  if (changed) {
    g_clear_handle_id (&renewal->timer, g_source_remove);
    renewal->timer = g_timeout_add (SETTLE_MS, on_settled, renewal);
  }
  return G_SOURCE_CONTINUE;
}

/* A file is renewed by another that takes its name, so its directory is watched. */
static int
watch_directory (EdgeRenewal *renewal, const gchar *path)
{
  g_autofree gchar *directory = g_path_get_dirname (path);

  if (renewal->inotify < 0) {
    renewal->inotify = inotify_init1 (IN_NONBLOCK | IN_CLOEXEC);
    if (renewal->inotify < 0)
      return -1;
    renewal->source = g_unix_fd_add (renewal->inotify, G_IO_IN, on_changed, renewal);
  }
  return inotify_add_watch (renewal->inotify, directory, CHANGES);
}

static void
watch_file (EdgeRenewal *renewal, const gchar *path)
{
  g_autofree gchar *name = g_path_get_basename (path);
  int directory = watch_directory (renewal, path);

  if (directory < 0)
    log_warning (LOG_NONE, "%s is read again at a reload only: %s", path, g_strerror (errno));
  else
    g_hash_table_add (renewal->files, file_key (directory, name));
}

/**
 * edge_renewal_watch:
 * @renewal: the renewal
 * @paths: (nullable) (array zero-terminated=1): files whose change is to be noticed
 */
void
edge_renewal_watch (EdgeRenewal *renewal, const gchar *const *paths)
{
  for (gsize i = 0; paths && paths[i]; i++)
    watch_file (renewal, paths[i]);
}

/**
 * edge_renewal_new:
 * @edge: the edge
 *
 * Returns: (transfer full): a renewal that watches nothing yet
 */
EdgeRenewal *
edge_renewal_new (Edge *edge)
{
  EdgeRenewal *renewal = g_new0 (EdgeRenewal, 1);

  renewal->edge = g_object_ref (edge);
  renewal->inotify = -1;
  renewal->files = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return renewal;
}

/**
 * edge_renewal_free:
 * @renewal: (transfer full): the renewal
 */
void
edge_renewal_free (EdgeRenewal *renewal)
{
  g_clear_handle_id (&renewal->source, g_source_remove);
  g_clear_handle_id (&renewal->timer, g_source_remove);
  if (renewal->inotify >= 0)
    close (renewal->inotify);
  g_hash_table_unref (renewal->files);
  g_object_unref (renewal->edge);
  g_free (renewal);
}
