/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "simulator.h"

#include "base/counters.h"
#include "push/push-http.h"

#include <glib/gstdio.h>
#include <string.h>

#define LONG 20000 /* ms; a test that needs it has failed */

typedef struct {
  Simulator *simulator;
  PushHttp *http;
  guint left; /* answers that are still to come */
  GPtrArray *answers;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->simulator = simulator_start (NULL);
  fixture->http = push_http_new (PUSH_HTTP_MAX_IN_FLIGHT);
  fixture->answers = g_ptr_array_new_with_free_func ((GDestroyNotify) push_http_answer_free);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_cmpuint (fixture->left, ==, 0);
  g_ptr_array_unref (fixture->answers);
  g_assert_finalize_object (fixture->http);
  if (fixture->simulator)
    simulator_stop (fixture->simulator);
}

static void
on_answer (PushHttpAnswer *answer, gpointer user_data)
{
  Fixture *fixture = user_data;

  g_ptr_array_add (fixture->answers, answer);
  fixture->left--;
}

static PushTransfer *
start (Fixture *fixture, const gchar *url, guint deadline_ms)
{
  static const gchar *const headers[] = { "TTL: 5", NULL };
  PushHttpRequest request = {
    .url = url,
    .headers = headers,
    .ca_file = fixture->simulator ? fixture->simulator->ca : NULL,
    .deadline_ms = deadline_ms,
    .any_address = TRUE,
  };

  fixture->left++;
  return push_http_send (fixture->http, &request, on_answer, fixture);
}

static void
wait_for_all (Fixture *fixture)
{
  while (fixture->left)
    g_main_context_iteration (NULL, TRUE);
}

static PushHttpAnswer *
last_answer (Fixture *fixture)
{
  return g_ptr_array_index (fixture->answers, fixture->answers->len - 1);
}

static PushHttpAnswer *
ask (Fixture *fixture, const gchar *path, guint deadline_ms)
{
  g_autofree gchar *url = simulator_url (fixture->simulator, path);

  start (fixture, url, deadline_ms);
  wait_for_all (fixture);
  return last_answer (fixture);
}

static void
assert_status (const PushHttpAnswer *answer, guint status)
{
  g_assert_cmpstr (answer->reason, ==, NULL);
  g_assert_cmpint (answer->outcome, ==, PUSH_HTTP_ANSWERED);
  g_assert_cmpuint (answer->status, ==, status);
}

static void
test_accepted_over_http2 (Fixture *fixture, gconstpointer data)
{
  g_autoptr (JsonObject) push = NULL;
  JsonObject *headers;

  assert_status (ask (fixture, "/push/abc?d=1", LONG), 201);
  push = simulator_next (fixture->simulator);
  headers = json_object_get_object_member (push, "headers");
  g_assert_cmpstr (json_object_get_string_member (push, "http"), ==, "2");
  g_assert_cmpstr (json_object_get_string_member (push, "path"), ==, "/push/abc");
  g_assert_cmpint (json_object_get_int_member (push, "body_length"), ==, 0);
  g_assert_cmpstr (json_object_get_string_member (headers, "ttl"), ==, "5");
  g_assert_cmpstr (json_object_get_string_member (headers, "content-length"), ==, "0");
  g_assert_false (json_object_has_member (headers, "content-type"));
  g_assert_false (json_object_has_member (headers, "accept"));
}

static void
test_answers_are_passed_on (Fixture *fixture, gconstpointer data)
{
  PushHttpAnswer *answer;

  assert_status (ask (fixture, "/gone/abc", LONG), 410);
  assert_status (ask (fixture, "/status/500/abc", LONG), 500);
  answer = ask (fixture, "/status/429/abc", LONG);
  assert_status (answer, 429);
  g_assert_cmpuint (answer->retry_after, ==, 1);
}

static void
test_no_redirect_is_followed (Fixture *fixture, gconstpointer data)
{
  g_autoptr (JsonObject) first = NULL, second = NULL;

  assert_status (ask (fixture, "/redirect/abc", LONG), 307);
  assert_status (ask (fixture, "/push/after", LONG), 201);
  first = simulator_next (fixture->simulator);
  second = simulator_next (fixture->simulator);
  g_assert_cmpstr (json_object_get_string_member (second, "path"), ==, "/push/after");
}

static void
test_the_answer_is_capped (Fixture *fixture, gconstpointer data)
{
  PushHttpAnswer *answer = ask (fixture, "/large/abc", LONG);

  assert_status (answer, 400);
  g_assert_cmpuint (strlen (answer->body), ==, PUSH_HTTP_MAX_BODY);
  assert_status (ask (fixture, "/push/after", LONG), 201);
}

static void
test_silence_ends_at_the_deadline (Fixture *fixture, gconstpointer data)
{
  gint64 before = g_get_monotonic_time ();
  PushHttpAnswer *answer = ask (fixture, "/hang/abc", 200);
  gint64 took = g_get_monotonic_time () - before;

  g_assert_cmpint (answer->outcome, ==, PUSH_HTTP_TIMED_OUT);
  g_assert_cmpint (took, >=, 195000);
  g_assert_cmpint (took, <, LONG * 1000 / 2);
  assert_status (ask (fixture, "/push/after", LONG), 201);
}

static void
test_a_stalled_stream_delays_no_other (Fixture *fixture, gconstpointer data)
{
  g_autofree gchar *hang = simulator_url (fixture->simulator, "/hang/abc");
  g_autofree gchar *url = simulator_url (fixture->simulator, "/push/abc");
  gint64 before;

  assert_status (ask (fixture, "/push/warm", LONG), 201);
  before = g_get_monotonic_time ();
  start (fixture, hang, 5000);
  for (int i = 0; i < 50; i++)
    start (fixture, url, LONG);
  while (fixture->left > 1)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (g_get_monotonic_time () - before, <, 4500000);
  for (guint i = 0; i < fixture->answers->len; i++)
    assert_status (g_ptr_array_index (fixture->answers, i), 201);
  wait_for_all (fixture);
  g_assert_cmpint (last_answer (fixture)->outcome, ==, PUSH_HTTP_TIMED_OUT);
}

static gboolean
start_another (gpointer user_data)
{
  Fixture *fixture = user_data;
  g_autofree gchar *url = simulator_url (fixture->simulator, "/push/abc");

  if (fixture->left)
    start (fixture, url, LONG);
  return G_SOURCE_CONTINUE;
}

/* Only where nothing else comes either is the connection given up. */
static void
test_a_stalled_stream_leaves_the_connection (Fixture *fixture, gconstpointer data)
{
  gint64 opened, retried;
  guint timer;

  assert_status (ask (fixture, "/push/warm", LONG), 201);
  opened = counters_get (COUNTER_PUSH_CONNECTIONS);
  retried = counters_get (COUNTER_PUSHES_RETRIED);
  timer = g_timeout_add (400, start_another, fixture);
  g_assert_cmpint (ask (fixture, "/hang/abc", 4000)->outcome, ==, PUSH_HTTP_TIMED_OUT);
  g_source_remove (timer);
  g_assert_cmpint (counters_get (COUNTER_PUSH_CONNECTIONS), ==, opened);
  g_assert_cmpint (counters_get (COUNTER_PUSHES_RETRIED), ==, retried);
}

static gboolean
cancel (gpointer user_data)
{
  push_http_cancel (user_data);
  return G_SOURCE_REMOVE;
}

static void
test_cancel (Fixture *fixture, gconstpointer data)
{
  g_autofree gchar *url = simulator_url (fixture->simulator, "/hang/abc");
  g_autofree gchar *never = simulator_url (fixture->simulator, "/push/never");
  PushTransfer *refused;
  gint64 before = g_get_monotonic_time ();

  g_timeout_add (50, cancel, start (fixture, url, LONG));
  wait_for_all (fixture);
  g_assert_cmpint (last_answer (fixture)->outcome, ==, PUSH_HTTP_CANCELLED);
  g_assert_cmpint (g_get_monotonic_time () - before, <, LONG * 1000 / 2);

  /* At once, and twice; and one that is refused already. */
  refused = start (fixture, "http://push.example.net/", LONG);
  push_http_cancel (refused);
  wait_for_all (fixture);
  g_assert_cmpint (last_answer (fixture)->outcome, ==, PUSH_HTTP_FORBIDDEN);
  for (int i = 0; i < 2; i++) {
    PushTransfer *transfer = start (fixture, never, LONG);

    push_http_cancel (transfer);
    push_http_cancel (transfer);
  }
  wait_for_all (fixture);
  g_assert_cmpint (last_answer (fixture)->outcome, ==, PUSH_HTTP_CANCELLED);
  assert_status (ask (fixture, "/push/after", LONG), 201);
}

static void
test_the_queue_is_bounded (Fixture *fixture, gconstpointer data)
{
  g_autofree gchar *url = simulator_url (fixture->simulator, "/slow/100/abc");

  g_object_unref (fixture->http);
  fixture->http = push_http_new (5);
  for (int i = 0; i < 6; i++)
    start (fixture, url, LONG);
  wait_for_all (fixture);
  g_assert_cmpint (((PushHttpAnswer *) g_ptr_array_index (fixture->answers, 0))->outcome, ==,
                   PUSH_HTTP_QUEUE_FULL);
  for (guint i = 1; i < 6; i++)
    assert_status (g_ptr_array_index (fixture->answers, i), 201);
  assert_status (ask (fixture, "/push/after", LONG), 201);
}

static void
test_a_cut_connection_is_replaced (Fixture *fixture, gconstpointer data)
{
  gint64 retried = counters_get (COUNTER_PUSHES_RETRIED);

  assert_status (ask (fixture, "/cut/1/cold", LONG), 201);
  g_assert_cmpint (counters_get (COUNTER_PUSHES_RETRIED), ==, retried + 1);
  /* On a connection that was used before, newer libcurls try again by themselves as well. */
  assert_status (ask (fixture, "/cut/1/warm", LONG), 201);
  g_assert_cmpint (ask (fixture, "/cut/9/abc", LONG)->outcome, ==, PUSH_HTTP_UNREACHABLE);
  g_assert_nonnull (last_answer (fixture)->reason);
  assert_status (ask (fixture, "/push/after", LONG), 201);
}

static void
test_a_cut_takes_nobody_along (Fixture *fixture, gconstpointer data)
{
  g_autofree gchar *slow = simulator_url (fixture->simulator, "/slow/100/abc");
  g_autofree gchar *cut = simulator_url (fixture->simulator, "/cut/1/abc");

  assert_status (ask (fixture, "/push/warm", LONG), 201);
  for (int i = 0; i < 30; i++)
    start (fixture, slow, LONG);
  start (fixture, cut, LONG);
  wait_for_all (fixture);
  for (guint i = 0; i < fixture->answers->len; i++)
    assert_status (g_ptr_array_index (fixture->answers, i), 201);
}

static void
test_a_server_that_died_comes_back (Fixture *fixture, gconstpointer data)
{
  g_autofree gchar *port = NULL, *url = simulator_url (fixture->simulator, "/push/abc");
  g_autofree gchar *directory = g_dir_make_tmp ("test-push-http-XXXXXX", NULL);
  g_autofree gchar *certificate = g_build_filename (directory, "cert.pem", NULL);
  g_autofree gchar *key = g_build_filename (directory, "key.pem", NULL);

  port = g_strdup (strrchr (fixture->simulator->url, ':') + 1);
  assert_status (ask (fixture, "/push/abc", LONG), 201);
  simulator_stop (g_steal_pointer (&fixture->simulator));
  start (fixture, url, LONG);
  wait_for_all (fixture);
  g_assert_cmpint (last_answer (fixture)->outcome, ==, PUSH_HTTP_UNREACHABLE);

  fixture->simulator =
      simulator_start ((const gchar *const[]){ "--port", port, "--directory", directory, NULL });
  assert_status (ask (fixture, "/push/abc", LONG), 201);
  g_assert_cmpint (g_remove (certificate), ==, 0);
  g_assert_cmpint (g_remove (key), ==, 0);
  g_assert_cmpint (g_rmdir (directory), ==, 0);
}

static void
test_an_unknown_certificate_is_refused (Fixture *fixture, gconstpointer data)
{
  g_autofree gchar *url = simulator_url (fixture->simulator, "/push/abc");
  PushHttpRequest request = { .url = url, .deadline_ms = LONG, .any_address = TRUE };

  fixture->left++;
  push_http_send (fixture->http, &request, on_answer, fixture);
  wait_for_all (fixture);
  g_assert_cmpint (last_answer (fixture)->outcome, ==, PUSH_HTTP_UNREACHABLE);
  g_assert_nonnull (strstr (last_answer (fixture)->reason, "certificate"));
}

static void
ask_gated (Fixture *fixture, const gchar *url)
{
  PushHttpRequest request = {
    .url = url, .ca_file = fixture->simulator->ca, .deadline_ms = LONG, .any_address = FALSE
  };

  fixture->left++;
  push_http_send (fixture->http, &request, on_answer, fixture);
  wait_for_all (fixture);
  g_assert_cmpint (last_answer (fixture)->outcome, ==, PUSH_HTTP_FORBIDDEN);
  g_assert_nonnull (last_answer (fixture)->reason);
}

static void
test_private_addresses_are_refused (Fixture *fixture, gconstpointer data)
{
  const gchar *port = strrchr (fixture->simulator->url, ':');
  static const gchar *const hosts[] = { "127.0.0.1", "localhost", "2130706433",        "0x7f.1",
                                        "[::1]",     "0.0.0.0",   "[::ffff:127.0.0.1]" };
  g_autofree gchar *known = simulator_url (fixture->simulator, "/push/abc");
  g_autoptr (JsonObject) push = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (hosts); i++) {
    g_autofree gchar *url = g_strconcat ("https://", hosts[i], port, "/push/abc", NULL);

    ask_gated (fixture, url);
  }
  ask_gated (fixture, "http://push.example.net/");

  /* Nor over a connection that stands because another request was let through. */
  assert_status (ask (fixture, "/push/let-through", LONG), 201);
  ask_gated (fixture, known);
  push = simulator_next (fixture->simulator);
  g_assert_cmpstr (json_object_get_string_member (push, "path"), ==, "/push/let-through");
}

static void
test_a_burst_shares_one_connection (Fixture *fixture, gconstpointer data)
{
  g_autofree gchar *url = simulator_url (fixture->simulator, "/slow/50/abc");
  g_autoptr (GHashTable) ports = g_hash_table_new (NULL, NULL);

  for (int i = 0; i < 60; i++)
    start (fixture, url, LONG);
  wait_for_all (fixture);
  for (guint i = 0; i < fixture->answers->len; i++) {
    g_autoptr (JsonObject) push = simulator_next (fixture->simulator);
    gint64 port = json_object_get_int_member (push, "peer_port");

    assert_status (g_ptr_array_index (fixture->answers, i), 201);
    g_hash_table_add (ports, GINT_TO_POINTER ((gint) port));
  }
  g_assert_cmpuint (g_hash_table_size (ports), ==, 1);
}

static void
test_a_connection_before_it_is_needed (Fixture *fixture, gconstpointer data)
{
  g_autofree gchar *url = simulator_url (fixture->simulator, "/");
  PushHttpRequest request = { .url = url,
                              .ca_file = fixture->simulator->ca,
                              .deadline_ms = LONG,
                              .any_address = TRUE,
                              .connect_only = TRUE };
  g_autoptr (JsonObject) first = NULL;
  gint64 opened = counters_get (COUNTER_PUSH_CONNECTIONS);

  for (int i = 0; i < 2; i++) {
    fixture->left++;
    push_http_send (fixture->http, &request, on_answer, fixture);
    wait_for_all (fixture);
    g_assert_cmpint (last_answer (fixture)->outcome, ==, PUSH_HTTP_CONNECTED);
  }
  assert_status (ask (fixture, "/push/abc", LONG), 201);
  g_assert_cmpint (counters_get (COUNTER_PUSH_CONNECTIONS), ==, opened + 1);
  first = simulator_next (fixture->simulator);
  g_assert_cmpstr (json_object_get_string_member (first, "path"), ==, "/push/abc");
}

static gboolean
on_incoming (GSocketService *service,
             GSocketConnection *connection,
             GObject *source,
             gpointer user_data)
{
  g_ptr_array_add (user_data, g_object_ref (connection));
  return TRUE;
}

static void
test_others_outlive_the_one_that_connects (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GSocketService) mute = g_socket_service_new ();
  g_autoptr (GPtrArray) connections = g_ptr_array_new_with_free_func (g_object_unref);
  guint16 port = g_socket_listener_add_any_inet_port (G_SOCKET_LISTENER (mute), NULL, NULL);
  g_autofree gchar *url = g_strdup_printf ("https://127.0.0.1:%u/push/abc", port);

  g_signal_connect (mute, "incoming", G_CALLBACK (on_incoming), connections);
  /* The first opens a connection whose handshake never ends; the second waits for it. */
  g_timeout_add (200, cancel, start (fixture, url, LONG));
  start (fixture, url, 3000);
  while (fixture->left > 1)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (last_answer (fixture)->outcome, ==, PUSH_HTTP_CANCELLED);
  wait_for_all (fixture);
  g_assert_cmpint (last_answer (fixture)->outcome, ==, PUSH_HTTP_TIMED_OUT);
  g_assert_cmpuint (connections->len, ==, 2);
  g_socket_service_stop (mute);
  assert_status (ask (fixture, "/push/after", LONG), 201);
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/push-http/accepted-over-http2", test_accepted_over_http2);
  ADD ("/push-http/answers-are-passed-on", test_answers_are_passed_on);
  ADD ("/push-http/no-redirect-is-followed", test_no_redirect_is_followed);
  ADD ("/push-http/the-answer-is-capped", test_the_answer_is_capped);
  ADD ("/push-http/silence-ends-at-the-deadline", test_silence_ends_at_the_deadline);
  ADD ("/push-http/a-stalled-stream-delays-no-other", test_a_stalled_stream_delays_no_other);
  ADD ("/push-http/a-stalled-stream-leaves-the-connection",
       test_a_stalled_stream_leaves_the_connection);
  ADD ("/push-http/cancel", test_cancel);
  ADD ("/push-http/the-queue-is-bounded", test_the_queue_is_bounded);
  ADD ("/push-http/a-cut-connection-is-replaced", test_a_cut_connection_is_replaced);
  ADD ("/push-http/a-cut-takes-nobody-along", test_a_cut_takes_nobody_along);
  ADD ("/push-http/a-server-that-died-comes-back", test_a_server_that_died_comes_back);
  ADD ("/push-http/an-unknown-certificate-is-refused", test_an_unknown_certificate_is_refused);
  ADD ("/push-http/private-addresses-are-refused", test_private_addresses_are_refused);
  ADD ("/push-http/a-burst-shares-one-connection", test_a_burst_shares_one_connection);
  ADD ("/push-http/a-connection-before-it-is-needed", test_a_connection_before_it_is_needed);
  ADD ("/push-http/others-outlive-the-one-that-connects",
       test_others_outlive_the_one_that_connects);
  return g_test_run ();
}
