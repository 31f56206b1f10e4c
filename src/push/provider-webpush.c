/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * provider-webpush: Web Push: RFC 8030 with VAPID (RFC 8292) and, where the phone gave keys, an
 * encrypted body (RFC 8291).
 *
 * The phone's pn-prid is the push URL (RFC 8599 section 12), so it is judged before it is used:
 * here against the list of origins, in push-http against the address it leads to.
 */
#include "push/provider-webpush.h"

#include "base/clock.h"
#include "base/counters.h"
#include "base/error.h"
#include "crypto/base64url.h"
#include "crypto/ece.h"
#include "push/push-url.h"

#include <json-glib/json-glib.h>
#include <string.h>

#define TOPIC_BYTES 24     /* 32 characters, the longest topic */
#define FIRST_PAUSE_MS 250 /* before the second try, then twice as long each time */
#define MAX_PAUSE_MS 8000
#define MAX_TTL 2419200 /* four weeks */
#define MAX_REASON 80   /* characters of the service's own words that are shown */
#define PRINTABLE "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,:;-_{}\"'()"

struct _ProviderWebpush {
  PushProvider parent_instance;

  PushHttp *http;
  Vapid *vapid;
  gchar *subject;
  gchar *ca_file;
  gboolean any_origin;
  GHashTable *origins; /* set of those that are listed, private or not */
  GCancellable *stopped;
};

typedef struct {
  gchar *url;
  gchar *origin;
  GStrv headers;
  GBytes *body;
  gint64 deadline; /* monotonic */
  guint pause_ms;
  GCancellable *cancellable; /* follows the caller's and the provider's */
  gulong caller_handler;
  gulong stop_handler;
  GSource *pause; /* before the next try */
} Send;

G_DEFINE_FINAL_TYPE (ProviderWebpush, provider_webpush, PUSH_TYPE_PROVIDER)

static void try_once (GTask *task);

static void
send_free (Send *send)
{
  g_free (send->url);
  g_free (send->origin);
  g_strfreev (send->headers);
  g_clear_pointer (&send->body, g_bytes_unref);
  g_clear_object (&send->cancellable);
  g_free (send);
}

static void
end (GTask *task, PushResult *result)
{
  ProviderWebpush *webpush = g_task_get_source_object (task);
  Send *send = g_task_get_task_data (task);

  g_cancellable_disconnect (g_task_get_cancellable (task), send->caller_handler);
  g_cancellable_disconnect (webpush->stopped, send->stop_handler);
  g_task_return_pointer (task, result, (GDestroyNotify) push_result_free);
  g_object_unref (task);
}

static const gchar *
urgency (PushKind kind)
{
  switch (kind) {
  case PUSH_KIND_CALL:
  case PUSH_KIND_CANCEL:
    return "high";
  case PUSH_KIND_MESSAGE:
    return "normal";
  case PUSH_KIND_REFRESH:
    return "low";
  }
  g_return_val_if_reached ("normal");
}

/* Any key becomes a topic of RFC 8030 section 5.4, and the service does not learn the Call-ID. */
static gchar *
make_topic (const PushRequest *request)
{
  const gchar *key = request->collapse_key ? request->collapse_key : request->call_id;
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  guint8 digest[32];
  gsize size = sizeof digest;

  if (!key)
    return NULL;
  g_checksum_update (checksum, (const guchar *) key, -1);
  g_checksum_get_digest (checksum, digest, &size);
  return base64url_encode (digest, TOPIC_BYTES);
}

static GBytes *
make_body (const PushRequest *request, GError **error)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode) root = NULL;
  g_autoptr (GBytes) text = NULL;
  g_autofree gchar *json = NULL;

  json_builder_begin_object (builder);
  if (request->call_id) {
    json_builder_set_member_name (builder, "call-id");
    json_builder_add_string_value (builder, request->call_id);
  }
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  json = json_to_string (root, FALSE);
  text = g_bytes_new (json, strlen (json));
  return ece_encrypt (request->enc_key, request->enc_auth, text, error);
}

static GStrv
make_headers (ProviderWebpush *webpush, const PushRequest *request, const Send *send)
{
  g_autoptr (GStrvBuilder) headers = g_strv_builder_new ();
  g_autofree gchar *authorization =
      vapid_authorization (webpush->vapid, send->origin, webpush->subject, clock_wall ());
  g_autofree gchar *topic = make_topic (request);
  g_autofree gchar *ttl = g_strdup_printf ("TTL: %u", MIN (request->ttl, MAX_TTL));
  g_autofree gchar *urgent = g_strdup_printf ("Urgency: %s", urgency (request->kind));

  g_strv_builder_add_many (headers, ttl, urgent, NULL);
  if (authorization) {
    g_autofree gchar *line = g_strdup_printf ("Authorization: %s", authorization);

    g_strv_builder_add (headers, line);
  }
  if (topic) {
    g_autofree gchar *line = g_strdup_printf ("Topic: %s", topic);

    g_strv_builder_add (headers, line);
  }
  if (send->body)
    g_strv_builder_add_many (headers, "Content-Type: application/octet-stream",
                             "Content-Encoding: aes128gcm", NULL);
  return g_strv_builder_end (headers);
}

/* RFC 8030 section 5, and what the services really say. */
static PushOutcome
outcome_of_status (guint status)
{
  switch (status) {
  case 200:
  case 201:
  case 202:
  case 204:
    return PUSH_ACCEPTED;
  case 404:
  case 410:
    return PUSH_TOKEN_DEAD;
  case 401:
  case 403:
    return PUSH_CREDENTIALS;
  case 429:
    return PUSH_RATE_LIMITED;
  default:
    return status >= 500 ? PUSH_UNREACHABLE : PUSH_REFUSED;
  }
}

static PushResult *
make_result (const PushHttpAnswer *answer)
{
  PushOutcome outcome = outcome_of_status (answer->status);
  PushResult *result = push_result_new (outcome, answer->status, NULL);

  result->retry_after = answer->retry_after;
  if (outcome != PUSH_ACCEPTED) {
    g_autofree gchar *said = g_strndup (answer->body, MAX_REASON);

    g_strcanon (said, PRINTABLE, ' ');
    result->reason = g_strdup_printf ("the service said %u %s", answer->status, said);
    g_strchomp (result->reason);
  }
  return result;
}

static PushResult *
read_answer (const PushHttpAnswer *answer)
{
  switch (answer->outcome) {
  case PUSH_HTTP_ANSWERED:
    return make_result (answer);
  case PUSH_HTTP_UNREACHABLE:
    return push_result_new (PUSH_UNREACHABLE, 0, answer->reason);
  case PUSH_HTTP_FORBIDDEN:
    return push_result_new (PUSH_REFUSED, 0, answer->reason);
  case PUSH_HTTP_TIMED_OUT:
    return push_result_new (PUSH_TIMED_OUT, 0, answer->reason);
  case PUSH_HTTP_QUEUE_FULL:
    return push_result_new (PUSH_QUEUE_FULL, 0, answer->reason);
  case PUSH_HTTP_CANCELLED:
    return push_result_new (PUSH_CANCELLED, 0, answer->reason);
  }
  g_return_val_if_reached (push_result_new (PUSH_REFUSED, 0, NULL));
}

static gboolean
on_pause_over (gpointer user_data)
{
  GTask *task = user_data;
  Send *send = g_task_get_task_data (task);

  g_clear_pointer (&send->pause, g_source_unref);
  try_once (task);
  return G_SOURCE_REMOVE;
}

/* Waits and tries again where the deadline leaves time for it. */
static gboolean
pause_then_retry (GTask *task, const PushResult *result)
{
  Send *send = g_task_get_task_data (task);
  gint64 wait = MAX (send->pause_ms, result->retry_after * G_GINT64_CONSTANT (1000)) +
                clock_jitter (send->pause_ms / 4);

  if (g_cancellable_is_cancelled (send->cancellable) ||
      g_get_monotonic_time () + wait * 1000 >= send->deadline)
    return FALSE;
  counters_inc (COUNTER_PUSHES_RETRIED);
  send->pause_ms = MIN (send->pause_ms * 2, MAX_PAUSE_MS);
  send->pause = g_timeout_source_new ((guint) wait);
  g_source_set_callback (send->pause, on_pause_over, task, NULL);
  g_source_attach (send->pause, g_main_context_get_thread_default ());
  return TRUE;
}

static void
on_answer (GObject *source, GAsyncResult *async, gpointer user_data)
{
  g_autoptr (PushHttpAnswer) answer = push_http_send_finish (PUSH_HTTP (source), async, NULL);
  g_autoptr (PushResult) result = read_answer (answer);
  GTask *task = user_data;

  if (result->outcome == PUSH_UNREACHABLE && pause_then_retry (task, result))
    return;
  end (task, g_steal_pointer (&result));
}

static void
try_once (GTask *task)
{
  ProviderWebpush *webpush = g_task_get_source_object (task);
  const Send *send = g_task_get_task_data (task);
  PushHttpRequest request = {
    .url = send->url,
    .headers = (const gchar *const *) send->headers,
    .body = send->body,
    .ca_file = webpush->ca_file,
    .deadline_ms = (guint) MAX ((send->deadline - g_get_monotonic_time ()) / 1000, 0),
    .any_address = g_hash_table_contains (webpush->origins, send->origin),
  };

  push_http_send_async (webpush->http, &request, send->cancellable, on_answer, task);
}

/* Runs inside g_cancellable_cancel(): push-http or the pause brings the end. */
static void
on_abort (GCancellable *cancellable, gpointer user_data)
{
  Send *send = user_data;

  g_cancellable_cancel (send->cancellable);
  if (send->pause)
    g_source_set_ready_time (send->pause, 0);
}

static gboolean
prepare (ProviderWebpush *webpush, const PushRequest *request, Send *send, GError **error)
{
  if (!request->prid) {
    g_set_error_literal (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID, "There is no push URL");
    return FALSE;
  }
  send->url = push_url_parse (request->prid, &send->origin, error);
  if (!send->url)
    return FALSE;
  if (!webpush->any_origin && !g_hash_table_contains (webpush->origins, send->origin)) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_DENIED, "%s is not in allow-origins",
                 send->origin);
    return FALSE;
  }
  if (request->enc_key && request->enc_auth) {
    send->body = make_body (request, error);
    if (!send->body)
      return FALSE;
  }
  send->headers = make_headers (webpush, request, send);
  return TRUE;
}

static void
provider_webpush_send_async (PushProvider *provider,
                             const PushRequest *request,
                             guint deadline_ms,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  ProviderWebpush *webpush = PROVIDER_WEBPUSH (provider);
  GTask *task = g_task_new (provider, cancellable, callback, user_data);
  Send *send = g_new0 (Send, 1);
  g_autoptr (GError) error = NULL;

  g_task_set_source_tag (task, provider_webpush_send_async);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, send, (GDestroyNotify) send_free);
  send->cancellable = g_cancellable_new ();
  send->deadline = g_get_monotonic_time () + deadline_ms * G_GINT64_CONSTANT (1000);
  send->pause_ms = FIRST_PAUSE_MS;
  if (!prepare (webpush, request, send, &error)) {
    end (task, push_result_new (PUSH_REFUSED, 0, error->message));
    return;
  }
  send->stop_handler = g_cancellable_connect (webpush->stopped, G_CALLBACK (on_abort), send, NULL);
  if (cancellable)
    send->caller_handler = g_cancellable_connect (cancellable, G_CALLBACK (on_abort), send, NULL);
  try_once (task);
}

static PushResult *
provider_webpush_send_finish (PushProvider *provider, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, provider), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

static const gchar *
provider_webpush_name (PushProvider *provider)
{
  return "webpush";
}

static gboolean
provider_webpush_supports (PushProvider *provider, const gchar *pn_provider, const gchar *pn_param)
{
  return g_strcmp0 (pn_provider, "webpush") == 0;
}

static const gchar *
provider_webpush_vapid_key (PushProvider *provider)
{
  return vapid_key (PROVIDER_WEBPUSH (provider)->vapid);
}

static void
provider_webpush_stop (PushProvider *provider)
{
  g_cancellable_cancel (PROVIDER_WEBPUSH (provider)->stopped);
}

static void
provider_webpush_finalize (GObject *object)
{
  ProviderWebpush *webpush = PROVIDER_WEBPUSH (object);

  g_clear_object (&webpush->http);
  g_clear_pointer (&webpush->vapid, vapid_unref);
  g_free (webpush->subject);
  g_free (webpush->ca_file);
  g_hash_table_unref (webpush->origins);
  g_object_unref (webpush->stopped);
  G_OBJECT_CLASS (provider_webpush_parent_class)->finalize (object);
}

static void
provider_webpush_class_init (ProviderWebpushClass *class)
{
  PushProviderClass *provider_class = PUSH_PROVIDER_CLASS (class);

  G_OBJECT_CLASS (class)->finalize = provider_webpush_finalize;
  provider_class->name = provider_webpush_name;
  provider_class->supports = provider_webpush_supports;
  provider_class->vapid_key = provider_webpush_vapid_key;
  provider_class->send_async = provider_webpush_send_async;
  provider_class->send_finish = provider_webpush_send_finish;
  provider_class->stop = provider_webpush_stop;
}

static void
provider_webpush_init (ProviderWebpush *webpush)
{
  webpush->origins = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  webpush->stopped = g_cancellable_new ();
}

static gboolean
add_origin (ProviderWebpush *webpush, const gchar *text, GError **error)
{
  g_autofree gchar *origin = NULL, *url = NULL;

  if (g_str_equal (text, "*")) {
    webpush->any_origin = TRUE;
    return TRUE;
  }
  url = push_url_parse (text, &origin, NULL);
  if (!url || strlen (url) != strlen (origin) + 1) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CONFIG,
                 "allow-origins: %s is neither * nor an origin such as https://push.example.com",
                 text);
    return FALSE;
  }
  g_hash_table_add (webpush->origins, g_steal_pointer (&origin));
  return TRUE;
}

/**
 * provider_webpush_new:
 * @http: (transfer none): the client
 * @vapid: (transfer none): our identity
 * @options: what the administrator decided; copied
 * @error: where an error goes
 *
 * An origin that is listed may have any address; "*" lets every origin in that has a public one.
 *
 * Returns: (transfer full) (nullable): the provider
 */
ProviderWebpush *
provider_webpush_new (PushHttp *http,
                      Vapid *vapid,
                      const ProviderWebpushOptions *options,
                      GError **error)
{
  g_autoptr (ProviderWebpush) webpush = g_object_new (PROVIDER_TYPE_WEBPUSH, NULL);

  webpush->http = g_object_ref (http);
  webpush->vapid = vapid_ref (vapid);
  webpush->subject = g_strdup (options->subject);
  webpush->ca_file = g_strdup (options->ca_file);
  webpush->any_origin = options->allow_origins == NULL;
  for (gsize i = 0; options->allow_origins && options->allow_origins[i]; i++)
    if (!add_origin (webpush, options->allow_origins[i], error))
      return NULL;
  return g_steal_pointer (&webpush);
}
