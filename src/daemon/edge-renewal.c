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

#define SETTLE_MS 1000
#define DAY_MS (24 * 3600 * 1000)

struct _EdgeRenewal {
  Edge *edge;
  GPtrArray *monitors;     /* GFileMonitor */
  GPtrArray *certificates; /* paths */
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
    log_info (LOG_FIELDS ("MESSAGE_ID", LOG_ID_CERTIFICATE_RENEWED),
              "certificates are read again, for those who connect from now on");
  else
    log_error (LOG_FIELDS ("MESSAGE_ID", LOG_ID_CERTIFICATE_REFUSED),
               "the certificates in use stay: %s", error->message);
}

static gboolean
on_settled (gpointer user_data)
{
  EdgeRenewal *renewal = user_data;

  renewal->timer = 0;
  edge_renewal_now (renewal);
  return G_SOURCE_REMOVE;
}

static void
on_changed (GFileMonitor *monitor, GFile *file, GFile *other, GFileMonitorEvent event,
            gpointer user_data)
{
  EdgeRenewal *renewal = user_data;

  if (event == G_FILE_MONITOR_EVENT_DELETED || event == G_FILE_MONITOR_EVENT_MOVED_OUT)
    return;
  g_clear_handle_id (&renewal->timer, g_source_remove);
  renewal->timer = g_timeout_add (SETTLE_MS, on_settled, renewal);
}

static void
watch_file (EdgeRenewal *renewal, const gchar *path)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GError) error = NULL;
  GFileMonitor *monitor = g_file_monitor_file (file, G_FILE_MONITOR_WATCH_MOVES, NULL, &error);

  if (!monitor) {
    log_warning (LOG_NONE, "%s is read again at a reload only: %s", path, error->message);
    return;
  }
  g_signal_connect (monitor, "changed", G_CALLBACK (on_changed), renewal);
  g_ptr_array_add (renewal->monitors, monitor);
}

/**
 * edge_renewal_watch:
 * @renewal: the renewal
 * @certificates: (nullable) (array zero-terminated=1): files with certificates
 * @keys: (nullable) (array zero-terminated=1): files with their keys
 *
 * From now on a change of these files is noticed, and the end of a certificate told beforehand.
 */
void
edge_renewal_watch (EdgeRenewal *renewal, const gchar *const *certificates,
                    const gchar *const *keys)
{
  for (gsize i = 0; certificates && certificates[i]; i++) {
    g_ptr_array_add (renewal->certificates, g_strdup (certificates[i]));
    watch_file (renewal, certificates[i]);
    warn_of_end (certificates[i]);
  }
  for (gsize i = 0; keys && keys[i]; i++)
    watch_file (renewal, keys[i]);
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
  renewal->monitors = g_ptr_array_new_with_free_func (g_object_unref);
  renewal->certificates = g_ptr_array_new_with_free_func (g_free);
  renewal->daily = deadline_new (DAY_MS, on_daily, renewal);
  return renewal;
}

/**
 * edge_renewal_free:
 * @renewal: (transfer full): the renewal
 */
void
edge_renewal_free (EdgeRenewal *renewal)
{
  for (guint i = 0; i < renewal->monitors->len; i++)
    g_signal_handlers_disconnect_by_data (g_ptr_array_index (renewal->monitors, i), renewal);
  g_ptr_array_unref (renewal->monitors);
  g_ptr_array_unref (renewal->certificates);
  deadline_clear (&renewal->daily);
  g_clear_handle_id (&renewal->timer, g_source_remove);
  g_object_unref (renewal->edge);
  g_free (renewal);
}
