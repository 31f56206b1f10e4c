/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * edge-renewal: certificates and keys, read again when their files change or the administrator asks.
 *
 * Those who are connected keep what they have. Files that do not fit leave the old ones in use; a
 * certificate and its key are seldom written at once, so a change is left to settle first. Once a
 * day the log says which certificates end soon.
 */
#include "daemon/edge-renewal.h"

#include "base/clock.h"
#include "base/deadline.h"
#include "base/log-ids.h"
#include "base/log.h"
#include "edge/edge-expiry.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/inotify.h>
#include <unistd.h>

#define SETTLE_MS 1000
#define DAY_MS (24 * 3600 * 1000)
#define CHANGES (IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE_SELF | IN_MOVE_SELF)
#define LOSSES (IN_Q_OVERFLOW | IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED)

/* Not GFileMonitor, which starts a thread whose locks the thread sanitizer does not see. */
struct _EdgeRenewal {
  Edge *edge;
  GPtrArray *certificates; /* paths of those whose end is told */
  GPtrArray *paths;        /* of all that is watched */
  int inotify;             /* -1 as long as nothing is watched */
  guint source;
  GHashTable *files;       /* number of the directory's watch, slash, name */
  guint timer;
  Deadline *daily;
};

static void
warn_of_end (const gchar *path)
{
  gint64 end, days;

  if (!edge_expiry_is_near (path, &end))
    return;
  days = (end - clock_wall ()) / (24 * 3600);
  if (end <= clock_wall ())
    log_error (LOG_FIELDS ("MESSAGE_ID", LOG_ID_CERTIFICATE_EXPIRES, "FILE", path),
               "the certificate in %s has expired", path);
  else
    log_warning (LOG_FIELDS ("MESSAGE_ID", LOG_ID_CERTIFICATE_EXPIRES, "FILE", path),
                 "the certificate in %s expires in %" G_GINT64_FORMAT " days", path, days);
}

static void
on_daily (gpointer user_data)
{
  EdgeRenewal *renewal = user_data;

  for (guint i = 0; i < renewal->certificates->len; i++)
    warn_of_end (g_ptr_array_index (renewal->certificates, i));
  renewal->daily = deadline_new (DAY_MS, on_daily, renewal);
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

  return (event->mask & LOSSES) || g_hash_table_contains (renewal->files, key);
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
    /* It would be watched wherever it goes; what takes its place is watched once it has settled. */
    if (event->mask & IN_MOVE_SELF)
      inotify_rm_watch (fd, event->wd);
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
 * edge_renewal_now:
 * @renewal: the renewal
 *
 * Reads all files again, and watches them where they are now. What is wrong with them goes to the
 * log.
 */
void
edge_renewal_now (EdgeRenewal *renewal)
{
  g_autoptr (GError) error = NULL;

  g_clear_handle_id (&renewal->timer, g_source_remove);
  g_hash_table_remove_all (renewal->files);
  for (guint i = 0; i < renewal->paths->len; i++)
    watch_file (renewal, g_ptr_array_index (renewal->paths, i));
  if (edge_reload_certificates (renewal->edge, &error))
    log_info (LOG_FIELDS ("MESSAGE_ID", LOG_ID_CERTIFICATE_RENEWED),
              "certificates are read again, for those who connect from now on");
  else
    log_error (LOG_FIELDS ("MESSAGE_ID", LOG_ID_CERTIFICATE_REFUSED),
               "the certificates in use stay: %s", error->message);
}

/* The same file may serve several listeners. */
static gboolean
add_path (GPtrArray *paths, const gchar *path)
{
  if (g_ptr_array_find_with_equal_func (paths, path, g_str_equal, NULL))
    return FALSE;
  g_ptr_array_add (paths, g_strdup (path));
  return TRUE;
}

/**
 * edge_renewal_watch:
 * @renewal: the renewal
 * @certificates: (nullable) (array zero-terminated=1): files with certificates of ours
 * @others: (nullable) (array zero-terminated=1): files with keys, or with certificates of others
 *
 * From now on a change of these files is noticed, and the end of @certificates told beforehand.
 */
void
edge_renewal_watch (EdgeRenewal *renewal, const gchar *const *certificates,
                    const gchar *const *others)
{
  for (gsize i = 0; certificates && certificates[i]; i++) {
    if (add_path (renewal->paths, certificates[i]))
      watch_file (renewal, certificates[i]);
    if (add_path (renewal->certificates, certificates[i]))
      warn_of_end (certificates[i]);
  }
  for (gsize i = 0; others && others[i]; i++)
    if (add_path (renewal->paths, others[i]))
      watch_file (renewal, others[i]);
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
  renewal->certificates = g_ptr_array_new_with_free_func (g_free);
  renewal->paths = g_ptr_array_new_with_free_func (g_free);
  renewal->daily = deadline_new (DAY_MS, on_daily, renewal);
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
  g_ptr_array_unref (renewal->certificates);
  g_ptr_array_unref (renewal->paths);
  deadline_clear (&renewal->daily);
  g_clear_handle_id (&renewal->source, g_source_remove);
  g_clear_handle_id (&renewal->timer, g_source_remove);
  if (renewal->inotify >= 0)
    close (renewal->inotify);
  g_hash_table_unref (renewal->files);
  g_object_unref (renewal->edge);
  g_free (renewal);
}
