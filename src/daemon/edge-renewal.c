/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * edge-renewal: certificates and keys, read again when their files change or the administrator asks.
 *
 * Those who are connected keep what they have. Files that do not fit leave the old ones in use; a
 * certificate and its key are seldom written at once, so a change is left to settle first.
 */
#include "daemon/edge-renewal.h"

#include "base/log.h"

#define SETTLE_MS 1000

struct _EdgeRenewal {
  Edge *edge;
  GPtrArray *monitors; /* GFileMonitor */
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

/**
 * edge_renewal_watch:
 * @renewal: the renewal
 * @paths: (nullable) (array zero-terminated=1): files whose change is to be noticed
 */
void
edge_renewal_watch (EdgeRenewal *renewal, const gchar *const *paths)
{
  for (gsize i = 0; paths && paths[i]; i++) {
    g_autoptr (GFile) file = g_file_new_for_path (paths[i]);
    g_autoptr (GError) error = NULL;
    GFileMonitor *monitor = g_file_monitor_file (file, G_FILE_MONITOR_WATCH_MOVES, NULL, &error);

    if (!monitor) {
      log_warning (LOG_NONE, "%s is read again at a reload only: %s", paths[i], error->message);
      continue;
    }
    g_signal_connect (monitor, "changed", G_CALLBACK (on_changed), renewal);
    g_ptr_array_add (renewal->monitors, monitor);
  }
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
  g_clear_handle_id (&renewal->timer, g_source_remove);
  g_object_unref (renewal->edge);
  g_free (renewal);
}
