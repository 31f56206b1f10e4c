/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * push-simulator: push services as a real HTTP/2 server over TLS, for the tests and the demo.
 *
 * It judges each push as the service would, tells of it in one line of JSON on stdout, and does
 * what the path says: accept, refuse, wait, fall silent, break the connection. With --exec it
 * also wakes the phone.
 */
#include "push-simulator.h"

#include "simulate-apns.h"
#include "simulate-fcm.h"
#include "test-certificate.h"

#include "crypto/base64url.h"
#include "crypto/ece.h"
#include "crypto/vapid.h"

#include <glib-unix.h>
#include <glib/gstdio.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#define MAX_TOPIC 32

typedef struct {
  const gchar *prefix;
  gboolean numbered; /* PREFIX NUMBER/ID instead of PREFIX ID */
  void (*judge) (Push *push);
  void (*act) (Push *push);
} Route;

/* Read by the leak checker of --enable-asan, which itself crashes on the TLS module that GIO
 * loads (gcc 12). */
int __lsan_is_turned_off (void);

int
__lsan_is_turned_off (void)
{
  return 1;
}

static void
push_free (Push *push)
{
  g_clear_pointer (&push->payload, json_node_unref);
  g_object_unref (push->message);
  g_free (push->problem);
  g_free (push->vapid);
  g_free (push->reason);
  g_free (push->body);
  g_free (push);
}

const gchar *
push_header (const Push *push, const gchar *name)
{
  return soup_message_headers_get_one (soup_server_message_get_request_headers (push->message),
                                       name);
}

void
push_object_to (Push *push, guint status, const gchar *problem)
{
  if (push->problem)
    return;
  push->problem = g_strdup (problem);
  push->status = status;
}

static void
judge_vapid (Push *push)
{
  GUri *uri = soup_server_message_get_uri (push->message);
  const gchar *authorization = push_header (push, "Authorization");
  g_autofree gchar *origin = NULL;
  g_autoptr (GError) error = NULL;

  if (!authorization) {
    push->vapid = g_strdup ("absent");
    return;
  }
  origin = g_strdup_printf ("https://%s:%d", g_uri_get_host (uri), g_uri_get_port (uri));
  if (vapid_verify (authorization, origin, g_get_real_time () / G_USEC_PER_SEC, &error)) {
    push->vapid = g_strdup ("ok");
    return;
  }
  push->vapid = g_strdup (error->message);
  push_object_to (push, 403, error->message);
}

static void
read_payload (Push *push)
{
  SoupMessageBody *body = soup_server_message_get_request_body (push->message);
  g_autoptr (GBytes) bytes = soup_message_body_flatten (body), text = NULL;
  g_autofree gchar *json = NULL;
  g_autoptr (GError) error = NULL;

  if (g_bytes_get_size (bytes) == 0)
    return;
  if (g_bytes_get_size (bytes) > 4096)
    push_object_to (push, 413, "the body is larger than 4096 bytes");
  if (g_strcmp0 (push_header (push, "Content-Encoding"), "aes128gcm") != 0)
    push_object_to (push, 400, "the body is not aes128gcm");
  if (!push->simulator->ua_pair || push->problem)
    return;
  text = ece_decrypt (push->simulator->ua_pair, push->simulator->ua_auth, bytes, &error);
  if (!text) {
    /* A service cannot see that; the phone would. */
    push->problem = g_strdup (error->message);
    return;
  }
  json = g_strndup (g_bytes_get_data (text, NULL), g_bytes_get_size (text));
  push->payload = json_from_string (json, NULL);
}

/* RFC 8030 sections 5.2 to 5.4, RFC 8292, RFC 8291. */
static void
judge_webpush (Push *push)
{
  const gchar *ttl = push_header (push, "TTL"), *topic = push_header (push, "Topic");
  const gchar *urgency = push_header (push, "Urgency");
  static const gchar *const urgencies[] = { "very-low", "low", "normal", "high", NULL };

  if (soup_server_message_get_http_version (push->message) != SOUP_HTTP_2_0)
    push_object_to (push, 505, "the push did not come by HTTP/2");
  if (!ttl || !*ttl || ttl[strspn (ttl, "0123456789")])
    push_object_to (push, 400, "TTL is missing or no number");
  if (urgency && !g_strv_contains (urgencies, urgency))
    push_object_to (push, 400, "Urgency is unknown");
  if (topic && (strlen (topic) > MAX_TOPIC || !*topic ||
                topic[strspn (topic, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                     "0123456789-_")]))
    push_object_to (push, 400, "Topic is not of 32 base64url characters at most");
  judge_vapid (push);
  read_payload (push);
}

static void
act_accept (Push *push)
{
  push->status = (guint) push->simulator->status;
  push->delay = (guint) push->simulator->delay;
}

static void
act_gone (Push *push)
{
  push->status = 410;
}

static void
act_not_found (Push *push)
{
  push->status = 404;
}

static void
act_status (Push *push)
{
  push->status = push->number;
}

static void
act_slow (Push *push)
{
  act_accept (push);
  push->delay = push->number;
}

static void
act_hang (Push *push)
{
  push->silent = TRUE;
}

static void
act_flaky (Push *push)
{
  act_accept (push);
  if (push->visit <= push->number)
    push->status = 503;
}

static void
act_cut (Push *push)
{
  act_accept (push);
  push->cut = push->visit <= push->number;
}

/**
 * simulate_order:
 * @push: a push
 *
 * Does what the device token orders: zHx hangs, zD500x waits so many milliseconds, zC1x cuts as
 * many connections first, zS410Reason answers so, zF2S503Reason does so twice; all others are
 * accepted, but 0, which no device has. A number after T is the "timestamp" of the answer.
 */
void
simulate_order (Push *push)
{
  const gchar *order = push->id;
  guint64 times = G_MAXUINT64;
  gchar *end;

  push->status = 200;
  if (g_str_equal (order, "0")) {
    push->status = 400;
    push->reason = g_strdup (push->path[1] == '3' ? "BadDeviceToken" : "INVALID_ARGUMENT");
  }
  if (*order++ != 'z')
    return;
  if (*order == 'F') {
    times = g_ascii_strtoull (order + 1, &end, 10);
    order = end;
  }
  push->silent = *order == 'H';
  push->number = (guint) g_ascii_strtoull (order + 1, &end, 10);
  if (*order == 'D')
    push->delay = push->number;
  if (*order == 'C')
    push->cut = push->visit <= push->number;
  if (*order != 'S' || push->visit > times)
    return;
  push->status = push->number;
  push->reason =
      g_strndup (end, strspn (end, "ABCDEFGHIJKLMNOPQRSUVWXYZTabcdefghijklmnopqrstuvwxyz_"));
  end = strrchr (end, 'T');
  push->timestamp = end ? g_ascii_strtoll (end + 1, NULL, 10) : 0;
}

static void
act_redirect (Push *push)
{
  push->status = 307;
}

static void
act_large (Push *push)
{
  push->status = 400;
}

static const Route routes[] = {
  { "/push/", FALSE, judge_webpush, act_accept },
  { "/gone/", FALSE, judge_webpush, act_gone },
  { "/notfound/", FALSE, judge_webpush, act_not_found },
  { "/status/", TRUE, judge_webpush, act_status },
  { "/slow/", TRUE, judge_webpush, act_slow },
  { "/hang/", FALSE, judge_webpush, act_hang },
  { "/flaky/", TRUE, judge_webpush, act_flaky }, /* NUMBER times 503, then accepted */
  { "/cut/", TRUE, judge_webpush, act_cut },     /* NUMBER connections cut, then accepted */
  { "/redirect/", FALSE, judge_webpush, act_redirect },
  { "/large/", FALSE, judge_webpush, act_large }, /* an answer of 1 MB */
  { "/3/device/", FALSE, simulate_apns_judge, simulate_order },
  { "/token", FALSE, simulate_fcm_judge_token, simulate_order },
  { "/v1/projects/", FALSE, simulate_fcm_judge, simulate_order },
};

static const Route *
find_route (Push *push)
{
  for (gsize i = 0; i < G_N_ELEMENTS (routes); i++) {
    const gchar *rest = push->path + strlen (routes[i].prefix);
    gchar *end = NULL;

    if (!g_str_has_prefix (push->path, routes[i].prefix))
      continue;
    push->id = rest;
    if (!routes[i].numbered)
      return &routes[i];
    push->number = (guint) g_ascii_strtoull (rest, &end, 10);
    push->id = *end == '/' ? end + 1 : end;
    return &routes[i];
  }
  return NULL;
}

static void
print_line (JsonBuilder *builder)
{
  g_autoptr (JsonNode) root = json_builder_get_root (builder);
  g_autofree gchar *text = json_to_string (root, FALSE);

  fprintf (stdout, "%s\n", text);
  fflush (stdout);
}

static void
add_string (JsonBuilder *builder, const gchar *name, const gchar *value)
{
  json_builder_set_member_name (builder, name);
  if (value)
    json_builder_add_string_value (builder, value);
  else
    json_builder_add_null_value (builder);
}

static void
add_int (JsonBuilder *builder, const gchar *name, gint64 value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, value);
}

static void
add_header (const char *name, const char *value, gpointer user_data)
{
  g_autofree gchar *lower = g_ascii_strdown (name, -1);

  add_string (user_data, lower, value);
}

guint
push_peer_port (SoupServerMessage *message)
{
  GSocketAddress *address = soup_server_message_get_remote_address (message);

  return G_IS_INET_SOCKET_ADDRESS (address)
             ? g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address))
             : 0;
}

static void
report (const Push *push, guint status)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  SoupServerMessage *message = push->message;

  json_builder_begin_object (builder);
  add_string (builder, "event", g_str_equal (push->path, "/token") ? "token" : "push");
  add_int (builder, "us", g_get_monotonic_time ());
  add_string (builder, "method", soup_server_message_get_method (message));
  add_string (builder, "path", push->path);
  add_string (builder, "http",
              soup_server_message_get_http_version (message) == SOUP_HTTP_2_0 ? "2" : "1");
  add_int (builder, "peer_port", push_peer_port (message));
  json_builder_set_member_name (builder, "headers");
  json_builder_begin_object (builder);
  soup_message_headers_foreach (soup_server_message_get_request_headers (message), add_header,
                                builder);
  json_builder_end_object (builder);
  add_int (builder, "body_length", soup_server_message_get_request_body (message)->length);
  add_string (builder, "vapid", push->vapid);
  add_string (builder, "reason", push->reason);
  add_string (builder, "problem", push->problem);
  json_builder_set_member_name (builder, "payload");
  json_builder_add_value (builder, push->payload ? json_node_ref (push->payload)
                                                 : json_node_new (JSON_NODE_NULL));
  add_int (builder, "status", status);
  json_builder_end_object (builder);
  print_line (builder);
}

static void
run_command (const Push *push)
{
  g_auto (GStrv) argv = NULL, environment = g_get_environ ();
  g_autoptr (GError) error = NULL;

  environment = g_environ_setenv (environment, "PUSH_PATH", push->path, TRUE);
  environment = g_environ_setenv (environment, "PUSH_ID", push->id, TRUE);
  if (!g_shell_parse_argv (push->simulator->exec, NULL, &argv, &error) ||
      !g_spawn_async (NULL, argv, environment, G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL,
                      NULL, NULL, NULL, &error))
    g_printerr ("--exec: %s\n", error->message);
}

static void
set_date (SoupMessageHeaders *headers, gint ahead)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autoptr (GDateTime) shown = g_date_time_add_seconds (now, ahead);
  g_autofree gchar *text = soup_date_time_to_string (shown, SOUP_DATE_HTTP);

  soup_message_headers_replace (headers, "Date", text);
}

static void
answer (Push *push)
{
  SoupServerMessage *message = push->message;
  SoupMessageHeaders *headers = soup_server_message_get_response_headers (message);
  g_autofree gchar *location = NULL;

  soup_server_message_set_status (message, push->status, NULL);
  set_date (headers, push->simulator->clock);
  if (push->status == 201 || push->status == 307) {
    location = g_strdup_printf ("/%s/%s", push->status == 201 ? "message" : "push", push->id);
    soup_message_headers_replace (headers, "Location", location);
  }
  if (push->status == 429 || push->status == 503)
    soup_message_headers_replace (headers, "Retry-After", "1");
  if (push->body)
    soup_server_message_set_response (message, "application/json", SOUP_MEMORY_COPY, push->body,
                                      strlen (push->body));
  else if (push->problem)
    soup_server_message_set_response (message, "text/plain", SOUP_MEMORY_COPY, push->problem,
                                      strlen (push->problem));
  if (g_str_has_prefix (push->path, "/large/"))
    soup_server_message_set_response (message, "text/plain", SOUP_MEMORY_TAKE,
                                      g_strnfill (1 << 20, 'x'), 1 << 20);
}

static gboolean
on_delay_over (gpointer user_data)
{
  Push *push = user_data;

  simulate_apns_over (push);
  answer (push);
  soup_server_message_unpause (push->message);
  push_free (push);
  return G_SOURCE_REMOVE;
}

static void
on_request (SoupServer *server,
            SoupServerMessage *message,
            const char *path,
            GHashTable *query,
            gpointer user_data)
{
  Simulator *simulator = user_data;
  Push *push = g_new0 (Push, 1);
  const Route *route;

  push->simulator = simulator;
  push->message = g_object_ref (message);
  push->path = path;
  push->id = "";
  route = find_route (push);
  push->visit = GPOINTER_TO_UINT (g_hash_table_lookup (simulator->visits, path)) + 1;
  g_hash_table_insert (simulator->visits, g_strdup (path), GUINT_TO_POINTER (push->visit));
  if (!route || strcmp (soup_server_message_get_method (message), "POST") != 0) {
    push_object_to (push, route ? 405 : 404, route ? "not a POST" : "no such path");
  } else {
    route->act (push);
    route->judge (push);
  }

  if (g_str_has_prefix (path, "/3/"))
    simulate_apns_answer (push);
  else if (g_str_has_prefix (path, "/v1/"))
    simulate_fcm_answer (push);
  report (push, push->silent || push->cut ? 0 : push->status);
  if (push->status / 100 == 2 && !push->silent && !push->cut && simulator->exec)
    run_command (push);
  if (push->cut)
    g_socket_close (soup_server_message_get_socket (message), NULL);
  if (push->cut || push->silent || push->delay) {
    soup_server_message_pause (message);
    if (push->delay && !push->cut && !push->silent)
      g_timeout_add (push->delay, on_delay_over, push);
    else
      push_free (push);
    return;
  }
  simulate_apns_over (push);
  answer (push);
  push_free (push);
}

static gboolean
make_certificate (Simulator *simulator, GError **error)
{
  if (simulator->certificate_path && simulator->key_path && !simulator->services)
    return TRUE;
  if (!simulator->directory) {
    simulator->directory = g_dir_make_tmp ("push-simulator-XXXXXX", error);
    simulator->own_directory = TRUE;
  }
  if (!simulator->directory)
    return FALSE;
  if (simulator->certificate_path && simulator->key_path)
    return TRUE;
  g_free (simulator->certificate_path);
  g_free (simulator->key_path);
  simulator->certificate_path = g_build_filename (simulator->directory, "cert.pem", NULL);
  simulator->key_path = g_build_filename (simulator->directory, "key.pem", NULL);
  return test_certificate_make (simulator->certificate_path, simulator->key_path, error);
}

static gboolean
make_ua_key (Simulator *simulator, GError **error)
{
  guint8 auth[ECE_AUTH_SIZE];

  if (!simulator->ua_key)
    return TRUE;
  RAND_bytes (auth, sizeof auth);
  simulator->ua_auth = g_bytes_new (auth, sizeof auth);
  simulator->ua_pair = key_pair_generate (error);
  return simulator->ua_pair != NULL;
}

static gboolean
on_certificate (SoupServerMessage *message,
                GTlsCertificate *certificate,
                GTlsCertificateFlags flags,
                gpointer unused)
{
  return TRUE;
}

static void
on_request_started (SoupServer *server, SoupServerMessage *message, gpointer unused)
{
  g_signal_connect (message, "accept-certificate", G_CALLBACK (on_certificate), NULL);
}

static gboolean
start_server (Simulator *simulator, GError **error)
{
  g_autoptr (GTlsCertificate) certificate =
      g_tls_certificate_new_from_files (simulator->certificate_path, simulator->key_path, error);
  g_autoptr (GSocketAddress) address =
      g_inet_socket_address_new_from_string (simulator->address, (guint) simulator->port);

  if (!certificate)
    return FALSE;
  if (!address) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--address %s: not numeric",
                 simulator->address);
    return FALSE;
  }
  simulator->server = soup_server_new ("tls-certificate", certificate, NULL);
  if (simulator->client_certificates) {
    soup_server_set_tls_auth_mode (simulator->server, G_TLS_AUTHENTICATION_REQUESTED);
    g_signal_connect (simulator->server, "request-started", G_CALLBACK (on_request_started), NULL);
  }
  soup_server_add_handler (simulator->server, NULL, on_request, simulator, NULL);
  return soup_server_listen (simulator->server, address, SOUP_SERVER_LISTEN_HTTPS, error);
}

static void
announce (Simulator *simulator)
{
  GSList *uris = soup_server_get_uris (simulator->server);
  g_autofree gchar *url = g_uri_to_string (uris->data);
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  url[strlen (url) - (g_str_has_suffix (url, "/") ? 1 : 0)] = '\0';
  json_builder_begin_object (builder);
  add_string (builder, "event", "listening");
  add_string (builder, "url", url);
  add_string (builder, "ca", simulator->certificate_path);
  if (simulator->services) {
    simulate_fcm_write_account (simulator, url);
    add_string (builder, "apns_key", simulator->apns_key_path);
    add_string (builder, "fcm_account", simulator->fcm_account_path);
  }
  if (simulator->ua_pair) {
    g_autoptr (GBytes) point = key_pair_point (simulator->ua_pair, NULL);
    g_autofree gchar *p256dh = base64url_encode_bytes (point);
    g_autofree gchar *auth = base64url_encode_bytes (simulator->ua_auth);

    add_string (builder, "p256dh", p256dh);
    add_string (builder, "auth", auth);
  }
  json_builder_end_object (builder);
  print_line (builder);
  g_slist_free_full (uris, (GDestroyNotify) g_uri_unref);
}

static gboolean
on_signal (gpointer user_data)
{
  g_main_loop_quit (user_data);
  return G_SOURCE_CONTINUE;
}

static void
simulator_clear (Simulator *simulator)
{
  if (simulator->server)
    soup_server_disconnect (simulator->server);
  g_clear_object (&simulator->server);
  if (simulator->own_directory && simulator->directory) {
    g_unlink (simulator->certificate_path);
    g_unlink (simulator->key_path);
    if (simulator->services) {
      g_unlink (simulator->apns_key_path);
      g_unlink (simulator->fcm_account_path);
    }
    g_rmdir (simulator->directory);
  }
  g_clear_pointer (&simulator->ua_pair, key_pair_free);
  g_clear_pointer (&simulator->ua_auth, g_bytes_unref);
  g_clear_pointer (&simulator->apns_pair, key_pair_free);
  g_clear_pointer (&simulator->fcm_pair, key_pair_free);
  g_clear_pointer (&simulator->apns_streams, g_hash_table_unref);
  g_free (simulator->apns_key_path);
  g_free (simulator->fcm_account_path);
  g_free (simulator->fcm_pem);
  g_free (simulator->access_token);
  g_clear_pointer (&simulator->visits, g_hash_table_unref);
  g_clear_pointer (&simulator->loop, g_main_loop_unref);
  g_free (simulator->address);
  g_free (simulator->certificate_path);
  g_free (simulator->key_path);
  g_free (simulator->directory);
  g_free (simulator->exec);
}

static gboolean
parse_options (Simulator *simulator, int *argc, char ***argv, GError **error)
{
  const GOptionEntry entries[] = {
    { "address", 0, 0, G_OPTION_ARG_STRING, &simulator->address, "where to listen", "ADDRESS" },
    { "port", 0, 0, G_OPTION_ARG_INT, &simulator->port, "0: any free one", "PORT" },
    { "cert", 0, 0, G_OPTION_ARG_FILENAME, &simulator->certificate_path, "certificate", "FILE" },
    { "key", 0, 0, G_OPTION_ARG_FILENAME, &simulator->key_path, "its key", "FILE" },
    { "directory", 0, 0, G_OPTION_ARG_FILENAME, &simulator->directory,
      "where a certificate is made when none is given", "DIR" },
    { "exec", 0, 0, G_OPTION_ARG_STRING, &simulator->exec,
      "run at each accepted push, with PUSH_PATH and PUSH_ID set", "CMD" },
    { "status", 0, 0, G_OPTION_ARG_INT, &simulator->status, "what /push/ID answers", "N" },
    { "delay", 0, 0, G_OPTION_ARG_INT, &simulator->delay, "and when", "MS" },
    { "clock", 0, 0, G_OPTION_ARG_INT, &simulator->clock, "how far its clock is ahead", "SECONDS" },
    { "ua-key", 0, 0, G_OPTION_ARG_NONE, &simulator->ua_key,
      "make the phone's keys and decrypt with them", NULL },
    { "services", 0, 0, G_OPTION_ARG_NONE, &simulator->services,
      "make an APNs key and an FCM service account, and verify by them", NULL },
    { "client-certificates", 0, 0, G_OPTION_ARG_NONE, &simulator->client_certificates,
      "ask for them, and take them in place of an APNs token", NULL },
    { NULL },
  };
  GOptionContext *context = g_option_context_new ("- push services for tests");
  gboolean good;

  g_option_context_add_main_entries (context, entries, NULL);
  good = g_option_context_parse (context, argc, argv, error);
  g_option_context_free (context);
  return good;
}

int
main (int argc, char **argv)
{
  Simulator simulator = { .status = 201 };
  g_autoptr (GError) error = NULL;

  g_setenv ("SOUP_SERVER_HTTP2", "1", TRUE);
  simulator.visits = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  if (!parse_options (&simulator, &argc, &argv, &error) || !make_certificate (&simulator, &error) ||
      !make_ua_key (&simulator, &error) ||
      (simulator.services &&
       (!simulate_apns_set_up (&simulator, &error) || !simulate_fcm_set_up (&simulator, &error)))) {
    g_printerr ("push-simulator: %s\n", error->message);
    simulator_clear (&simulator);
    return 1;
  }
  if (!simulator.address)
    simulator.address = g_strdup ("127.0.0.1");
  if (!start_server (&simulator, &error)) {
    g_printerr ("push-simulator: %s\n", error->message);
    simulator_clear (&simulator);
    return 1;
  }
  simulator.loop = g_main_loop_new (NULL, FALSE);
  g_unix_signal_add (SIGTERM, on_signal, simulator.loop);
  g_unix_signal_add (SIGINT, on_signal, simulator.loop);
  announce (&simulator);
  g_main_loop_run (simulator.loop);
  simulator_clear (&simulator);
  return 0;
}
