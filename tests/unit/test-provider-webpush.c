/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "simulator.h"

#include "base/counters.h"
#include "base/error.h"
#include "push/provider-webpush.h"
#include "push/push-service.h"

#include <string.h>

#define LONG 20000 /* ms; a test that needs it has failed */

typedef struct {
  Simulator *simulator;
  PushHttp *http;
  Vapid *vapid;
  PushService *service;
} Fixture;

static ProviderWebpush *
make_provider (Fixture *fixture, const gchar *const *origins)
{
  ProviderWebpushOptions options = { .subject = "mailto:ops@example.com",
                                     .allow_origins = origins,
                                     .ca_file = fixture->simulator->ca };
  g_autoptr (GError) error = NULL;
  ProviderWebpush *webpush = provider_webpush_new (fixture->http, fixture->vapid, &options, &error);

  g_assert_no_error (error);
  return webpush;
}

static void
set_up_service (Fixture *fixture, const gchar *const *origins)
{
  g_autoptr (ProviderWebpush) webpush = make_provider (fixture, origins);

  g_clear_object (&fixture->service);
  fixture->service = push_service_new ();
  push_service_add (fixture->service, PUSH_PROVIDER (webpush));
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->simulator = simulator_start ((const gchar *const[]){ "--ua-key", NULL });
  fixture->http = push_http_new (PUSH_HTTP_MAX_IN_FLIGHT);
  fixture->vapid = vapid_new (key_pair_generate (NULL), NULL);
  set_up_service (fixture, (const gchar *const[]){ fixture->simulator->url, "*", NULL });
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_cmpint (counters_get (COUNTER_PUSHES_IN_FLIGHT), ==, 0);
  g_assert_finalize_object (fixture->service);
  g_assert_finalize_object (fixture->http);
  vapid_unref (fixture->vapid);
  simulator_stop (fixture->simulator);
}

static void
on_result (GObject *source, GAsyncResult *async, gpointer user_data)
{
  PushResult **result = user_data;

  *result = push_service_send_finish (PUSH_SERVICE (source), async, NULL);
  g_assert_nonnull (*result);
}

static PushResult *
push_request (Fixture *fixture,
              const PushRequest *request,
              guint deadline_ms,
              GCancellable *cancellable)
{
  PushResult *result = NULL;

  push_service_send_async (fixture->service, request, deadline_ms, cancellable, on_result, &result);
  while (!result)
    g_main_context_iteration (NULL, TRUE);
  return result;
}

static PushRequest *
make_request (Fixture *fixture, PushKind kind, const gchar *path)
{
  PushRequest *request = push_request_new (kind, "webpush");

  request->prid = simulator_url (fixture->simulator, path);
  request->call_id = g_strdup ("a84b4c76e66710@pbx.example.com");
  request->ttl = 30;
  return request;
}

static PushResult *
push_path (Fixture *fixture, const gchar *path, guint deadline_ms)
{
  g_autoptr (PushRequest) request = make_request (fixture, PUSH_KIND_CALL, path);

  return push_request (fixture, request, deadline_ms, NULL);
}

static const gchar *
header (JsonObject *push, const gchar *name)
{
  return json_object_get_string_member_with_default (
      json_object_get_object_member (push, "headers"), name, NULL);
}

static void
test_an_empty_push (Fixture *fixture, gconstpointer data)
{
  g_autoptr (PushResult) result = push_path (fixture, "/push/abc", LONG);
  g_autoptr (JsonObject) push = simulator_next (fixture->simulator);

  g_assert_cmpint (result->outcome, ==, PUSH_ACCEPTED);
  g_assert_cmpuint (result->status, ==, 201);
  g_assert_null (json_object_get_string_member_with_default (push, "problem", NULL));
  g_assert_cmpstr (json_object_get_string_member (push, "vapid"), ==, "ok");
  g_assert_cmpint (json_object_get_int_member (push, "body_length"), ==, 0);
  g_assert_cmpstr (header (push, "ttl"), ==, "30");
  g_assert_cmpstr (header (push, "urgency"), ==, "high");
  g_assert_cmpuint (strlen (header (push, "topic")), ==, 16);
  g_assert_null (header (push, "content-encoding"));
}

static void
test_an_encrypted_push (Fixture *fixture, gconstpointer data)
{
  g_autoptr (PushRequest) request = make_request (fixture, PUSH_KIND_CALL, "/push/abc");
  g_autoptr (PushResult) result = NULL;
  g_autoptr (JsonObject) push = NULL;
  JsonObject *payload;

  request->enc_key = g_strdup (fixture->simulator->p256dh);
  request->enc_auth = g_strdup (fixture->simulator->auth);
  g_free (request->call_id);
  request->call_id = g_strdup ("\"quoted\\\"@h");
  result = push_request (fixture, request, LONG, NULL);
  g_assert_cmpint (result->outcome, ==, PUSH_ACCEPTED);

  push = simulator_next (fixture->simulator);
  g_assert_null (json_object_get_string_member_with_default (push, "problem", NULL));
  g_assert_cmpstr (header (push, "content-encoding"), ==, "aes128gcm");
  payload = json_object_get_object_member (push, "payload");
  g_assert_cmpuint (json_object_get_size (payload), ==, 1);
  g_assert_cmpstr (json_object_get_string_member (payload, "call-id"), ==, "\"quoted\\\"@h");
}

static void
test_bad_keys_are_refused (Fixture *fixture, gconstpointer data)
{
  g_autoptr (PushRequest) request = make_request (fixture, PUSH_KIND_CALL, "/push/abc");
  g_autoptr (PushResult) result = NULL;

  request->enc_key = g_strdup ("BAAA");
  request->enc_auth = g_strdup (fixture->simulator->auth);
  result = push_request (fixture, request, LONG, NULL);
  g_assert_cmpint (result->outcome, ==, PUSH_REFUSED);
  g_assert_nonnull (strstr (result->reason, "P-256"));
}

static void
test_kinds_and_topics (Fixture *fixture, gconstpointer data)
{
  static const struct {
    PushKind kind;
    const gchar *urgency;
  } rows[] = {
    { PUSH_KIND_CALL, "high" },
    { PUSH_KIND_CANCEL, "high" },
    { PUSH_KIND_MESSAGE, "normal" },
    { PUSH_KIND_REFRESH, "low" },
  };
  g_autofree gchar *topic = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (PushRequest) request = make_request (fixture, rows[i].kind, "/push/abc");
    g_autoptr (PushResult) result = NULL;
    g_autoptr (JsonObject) push = NULL;

    if (rows[i].kind == PUSH_KIND_CANCEL) {
      g_autoptr (PushResult) mute = push_request (fixture, request, LONG, NULL);

      g_assert_cmpint (mute->outcome, ==, PUSH_REFUSED);
      request->enc_key = g_strdup (fixture->simulator->p256dh);
      request->enc_auth = g_strdup (fixture->simulator->auth);
    }
    if (rows[i].kind == PUSH_KIND_REFRESH)
      g_clear_pointer (&request->call_id, g_free);
    if (rows[i].kind == PUSH_KIND_MESSAGE)
      request->collapse_key = g_strdup ("another");
    result = push_request (fixture, request, LONG, NULL);
    push = simulator_next (fixture->simulator);
    g_assert_cmpint (result->outcome, ==, PUSH_ACCEPTED);
    g_assert_cmpstr (header (push, "urgency"), ==, rows[i].urgency);
    if (rows[i].kind == PUSH_KIND_CALL)
      topic = g_strdup (header (push, "topic"));
    else if (rows[i].kind == PUSH_KIND_CANCEL)
      g_assert_cmpstr (header (push, "topic"), ==, topic);
    else
      g_assert_cmpstr (header (push, "topic"), !=, topic);
  }
}

static void
test_statuses (Fixture *fixture, gconstpointer data)
{
  static const struct {
    const gchar *path;
    PushOutcome outcome;
    guint status;
  } rows[] = {
    { "/status/200/a", PUSH_ACCEPTED, 200 },     { "/status/202/a", PUSH_ACCEPTED, 202 },
    { "/status/204/a", PUSH_ACCEPTED, 204 },     { "/gone/a", PUSH_TOKEN_DEAD, 410 },
    { "/notfound/a", PUSH_TOKEN_DEAD, 404 },     { "/status/401/a", PUSH_CREDENTIALS, 401 },
    { "/status/403/a", PUSH_CREDENTIALS, 403 },  { "/status/400/a", PUSH_REFUSED, 400 },
    { "/status/413/a", PUSH_REFUSED, 413 },      { "/redirect/a", PUSH_REFUSED, 307 },
    { "/status/429/a", PUSH_RATE_LIMITED, 429 }, { "/large/a", PUSH_REFUSED, 400 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (PushResult) result = push_path (fixture, rows[i].path, LONG), sound = NULL;

    g_assert_cmpuint (result->status, ==, rows[i].status);
    g_assert_cmpint (result->outcome, ==, rows[i].outcome);
    g_assert_cmpuint (result->retry_after, ==, rows[i].status == 429 ? 1 : 0);
    g_assert_true ((result->reason == NULL) == (result->outcome == PUSH_ACCEPTED));
    if (result->reason)
      g_assert_cmpuint (strlen (result->reason), <, 120);
    sound = push_path (fixture, "/push/a", LONG);
    g_assert_cmpint (sound->outcome, ==, PUSH_ACCEPTED);
  }
}

static void
test_a_service_that_fails_is_asked_again (Fixture *fixture, gconstpointer data)
{
  gint64 retried = counters_get (COUNTER_PUSHES_RETRIED);
  g_autoptr (PushResult) result = push_path (fixture, "/flaky/1/a", LONG), hopeless = NULL;

  g_assert_cmpint (result->outcome, ==, PUSH_ACCEPTED);
  g_assert_cmpint (counters_get (COUNTER_PUSHES_RETRIED), ==, retried + 1);
  /* Retry-After: 1 counts. */
  g_assert_cmpint (result->duration_us, >=, 990000);

  /* The fourth pause would be longer than what is left. */
  hopeless = push_path (fixture, "/status/500/a", 3500);
  g_assert_cmpint (hopeless->outcome, ==, PUSH_UNREACHABLE);
  g_assert_cmpuint (hopeless->status, ==, 500);
  g_assert_cmpint (counters_get (COUNTER_PUSHES_RETRIED), ==, retried + 4);
  g_assert_cmpint (hopeless->duration_us, <, 3500000);
}

static void
test_silence_ends_at_the_deadline (Fixture *fixture, gconstpointer data)
{
  g_autoptr (PushResult) result = push_path (fixture, "/hang/a", 200);

  g_assert_cmpint (result->outcome, ==, PUSH_TIMED_OUT);
  g_assert_cmpint (result->duration_us, >=, 195000);
  g_assert_cmpint (result->duration_us, <, LONG * 1000 / 2);
}

static gboolean
cancel (gpointer user_data)
{
  g_cancellable_cancel (user_data);
  return G_SOURCE_REMOVE;
}

static void
test_cancel (Fixture *fixture, gconstpointer data)
{
  static const gchar *const paths[] = { "/hang/a", "/status/503/a" };

  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++) {
    g_autoptr (GCancellable) cancellable = g_cancellable_new ();
    g_autoptr (PushRequest) request = make_request (fixture, PUSH_KIND_CALL, paths[i]);
    g_autoptr (PushResult) result = NULL;

    /* The second time during the pause before another try. */
    g_timeout_add (300, cancel, cancellable);
    result = push_request (fixture, request, LONG, cancellable);
    g_assert_cmpint (result->outcome, ==, PUSH_CANCELLED);
    g_assert_cmpint (result->duration_us, <, LONG * 1000 / 2);
  }
}

static void
test_cancelled_before (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (PushRequest) request = make_request (fixture, PUSH_KIND_CALL, "/push/never");
  g_autoptr (PushResult) result = NULL, after = NULL;
  g_autoptr (JsonObject) push = NULL;

  g_cancellable_cancel (cancellable);
  result = push_request (fixture, request, LONG, cancellable);
  g_assert_cmpint (result->outcome, ==, PUSH_CANCELLED);
  after = push_path (fixture, "/push/after", LONG);
  push = simulator_next (fixture->simulator);
  g_assert_cmpstr (json_object_get_string_member (push, "path"), ==, "/push/after");
}

static void
on_stopped (GObject *source, GAsyncResult *async, gpointer user_data)
{
  gboolean *stopped = user_data;

  *stopped = push_service_stop_finish (PUSH_SERVICE (source), async, NULL);
}

static void
test_stop (Fixture *fixture, gconstpointer data)
{
  g_autoptr (PushRequest) request = make_request (fixture, PUSH_KIND_CALL, "/hang/a");
  g_autoptr (PushResult) result = NULL;
  gboolean stopped = FALSE;

  push_service_send_async (fixture->service, request, LONG, NULL, on_result, &result);
  push_service_stop_async (fixture->service, on_stopped, &stopped);
  while (!stopped)
    g_main_context_iteration (NULL, TRUE);
  g_assert_nonnull (result);
  g_assert_cmpint (result->outcome, ==, PUSH_CANCELLED);
}

static void
test_a_cut_connection (Fixture *fixture, gconstpointer data)
{
  g_autoptr (PushResult) warm = push_path (fixture, "/push/a", LONG);
  g_autoptr (PushResult) result = push_path (fixture, "/cut/1/a", LONG);
  g_autoptr (PushResult) after = push_path (fixture, "/push/b", LONG);

  g_assert_cmpint (warm->outcome, ==, PUSH_ACCEPTED);
  g_assert_cmpint (result->outcome, ==, PUSH_ACCEPTED);
  g_assert_cmpint (after->outcome, ==, PUSH_ACCEPTED);
}

static void
test_where_a_phone_may_lead_us (Fixture *fixture, gconstpointer data)
{
  const gchar *port = strrchr (fixture->simulator->url, ':');
  g_autofree gchar *local = g_strconcat ("https://localhost", port, "/push/abc", NULL);
  g_autofree gchar *user = g_strconcat ("https://u:p@127.0.0.1", port, "/push/abc", NULL);
  const gchar *const urls[] = { local, user, "http://push.example.net/", "a-token" };

  for (gsize i = 0; i <= G_N_ELEMENTS (urls); i++) {
    g_autoptr (PushRequest) request = push_request_new (PUSH_KIND_CALL, "webpush");
    g_autoptr (PushResult) result = NULL;

    request->prid = g_strdup (i < G_N_ELEMENTS (urls) ? urls[i] : NULL);
    result = push_request (fixture, request, LONG, NULL);
    g_assert_cmpint (result->outcome, ==, PUSH_REFUSED);
    g_assert_cmpuint (result->status, ==, 0);
  }

  set_up_service (fixture, (const gchar *const[]){ "https://push.example.net", NULL });
  {
    g_autoptr (PushResult) unlisted = push_path (fixture, "/push/abc", LONG);

    g_assert_cmpint (unlisted->outcome, ==, PUSH_REFUSED);
    g_assert_nonnull (strstr (unlisted->reason, "allow-origins"));
  }
}

static void
test_options (Fixture *fixture, gconstpointer data)
{
  static const gchar *const bad[] = { "push.example.net", "https://push.example.net/path",
                                      "http://push.example.net", "" };
  g_autofree gchar *key = push_service_vapid (fixture->service, "webpush");

  g_assert_cmpstr (key, ==, vapid_key (fixture->vapid));
  g_assert_true (push_service_supports (fixture->service, "webpush", NULL));
  g_assert_false (push_service_supports (fixture->service, "apns", NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++) {
    const gchar *const origins[] = { "*", bad[i], NULL };
    ProviderWebpushOptions options = { .allow_origins = origins };
    g_autoptr (GError) error = NULL;

    g_assert_null (provider_webpush_new (fixture->http, fixture->vapid, &options, &error));
    g_assert_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CONFIG);
  }
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR);
  ADD ("/provider-webpush/an-empty-push", test_an_empty_push);
  ADD ("/provider-webpush/an-encrypted-push", test_an_encrypted_push);
  ADD ("/provider-webpush/bad-keys-are-refused", test_bad_keys_are_refused);
  ADD ("/provider-webpush/kinds-and-topics", test_kinds_and_topics);
  ADD ("/provider-webpush/statuses", test_statuses);
  ADD ("/provider-webpush/a-service-that-fails-is-asked-again",
       test_a_service_that_fails_is_asked_again);
  ADD ("/provider-webpush/silence-ends-at-the-deadline", test_silence_ends_at_the_deadline);
  ADD ("/provider-webpush/cancel", test_cancel);
  ADD ("/provider-webpush/cancelled-before", test_cancelled_before);
  ADD ("/provider-webpush/stop", test_stop);
  ADD ("/provider-webpush/a-cut-connection", test_a_cut_connection);
  ADD ("/provider-webpush/where-a-phone-may-lead-us", test_where_a_phone_may_lead_us);
  ADD ("/provider-webpush/options", test_options);
  return g_test_run ();
}
