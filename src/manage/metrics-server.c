/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * metrics-server: GET /metrics and GET /healthz over HTTP, where the administrator asks for it.
 */
#include "config.h"

#include "manage/metrics-server.h"

#include "base/log.h"

#include <libsoup/soup.h>

#define CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

struct _MetricsServer {
  MetricsSources sources;
  SoupServer *server;
};

static gboolean
check_request (SoupServerMessage *message, const gchar *path, const gchar *wanted)
{
  const gchar *method = soup_server_message_get_method (message);

  /* libsoup hands what is below a path to its handler too. */
  if (!g_str_equal (path, wanted)) {
    soup_server_message_set_status (message, SOUP_STATUS_NOT_FOUND, NULL);
    return FALSE;
  }
  if (method != SOUP_METHOD_GET && method != SOUP_METHOD_HEAD) {
    soup_message_headers_replace (soup_server_message_get_response_headers (message), "Allow",
                                  "GET, HEAD");
    soup_server_message_set_status (message, SOUP_STATUS_METHOD_NOT_ALLOWED, NULL);
    return FALSE;
  }
  return TRUE;
}

static void
on_metrics (SoupServer *server,
            SoupServerMessage *message,
            const char *path,
            GHashTable *query,
            gpointer user_data)
{
  MetricsServer *self = user_data;
  gchar *text;

  if (!check_request (message, path, "/metrics"))
    return;
  text = metrics_text (&self->sources);
  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
  soup_server_message_set_response (message, CONTENT_TYPE, SOUP_MEMORY_TAKE, text, strlen (text));
}

static void
on_health (SoupServer *server,
           SoupServerMessage *message,
           const char *path,
           GHashTable *query,
           gpointer user_data)
{
  MetricsServer *self = user_data;
  gboolean draining = router_is_draining (self->sources.router);
  const gchar *text = draining ? "draining\n" : "ok\n";

  if (!check_request (message, path, "/healthz"))
    return;
  soup_server_message_set_status (
      message, draining ? SOUP_STATUS_SERVICE_UNAVAILABLE : SOUP_STATUS_OK, NULL);
  soup_server_message_set_response (message, "text/plain; charset=utf-8", SOUP_MEMORY_STATIC, text,
                                    strlen (text));
}

static void
on_other (SoupServer *server,
          SoupServerMessage *message,
          const char *path,
          GHashTable *query,
          gpointer user_data)
{
  soup_server_message_set_status (message, SOUP_STATUS_NOT_FOUND, NULL);
}

/**
 * metrics_server_new:
 * @host: a numeric address
 * @port: the port
 * @sources: what is told of; all of it outlives the server
 * @error: return location
 *
 * Returns: (transfer full) (nullable): the server, listening
 */
MetricsServer *
metrics_server_new (const gchar *host, guint port, const MetricsSources *sources, GError **error)
{
  g_autoptr (SoupServer) server = soup_server_new ("server-header", "sipwake", NULL);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string (host, port);
  MetricsServer *self;

  if (!soup_server_listen (server, address, 0, error)) {
    g_prefix_error (error, "[metrics] listen: ");
    return NULL;
  }
  self = g_new0 (MetricsServer, 1);
  self->sources = *sources;
  self->server = g_steal_pointer (&server);
  soup_server_add_handler (self->server, NULL, on_other, self, NULL);
  soup_server_add_handler (self->server, "/metrics", on_metrics, self, NULL);
  soup_server_add_handler (self->server, "/healthz", on_health, self, NULL);
  log_info (LOG_NONE, "metrics at http://%s:%u/metrics", host, port);
  return self;
}

/**
 * metrics_server_free:
 * @server: (transfer full): the server
 */
void
metrics_server_free (MetricsServer *self)
{
  soup_server_disconnect (self->server);
  g_object_unref (self->server);
  g_free (self);
}
