/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "simulator.h"

#include "base/counters.h"
#include "push/fcm-answer.h"
#include "push/provider-fcm.h"
#include "push/push-service.h"

#include <glib/gstdio.h>
#include <string.h>

#define LONG 20000 /* ms; a test that needs it has failed */

typedef struct {
  Simulator *simulator;
  PushHttp *http;
  PushService *service;
  GPtrArray *results;
  guint left;
} Fixture;

static void
set_up_provider (Fixture *fixture, const gchar *template)
{
  static const gchar *const projects[] = { "simulated-project", "929724111839", NULL };
  g_autoptr (GError) error = NULL;
  FcmAccount *account = fcm_account_load (fixture->simulator->fcm_account, &error);
  g_autoptr (PushPayload) payload = push_payload_new (template, NULL);
  ProviderFcmOptions options = { .endpoint = fixture->simulator->url,
                                 .projects = projects,
                                 .ca_file = fixture->simulator->ca,
                                 .payload = payload };
  g_autoptr (ProviderFcm) fcm = NULL;

  g_assert_no_error (error);
  fcm = provider_fcm_new (fixture->http, account, &options);
  g_clear_object (&fixture->service);
  fixture->service = push_service_new ();
  push_service_add (fixture->service, PUSH_PROVIDER (fcm));
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->simulator = simulator_start ((const gchar *const[]){ "--services", data, NULL });
  fixture->http = push_http_new (PUSH_HTTP_MAX_IN_FLIGHT);
  fixture->results = g_ptr_array_new_with_free_func ((GDestroyNotify) push_result_free);
  set_up_provider (fixture, NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_cmpint (counters_get (COUNTER_PUSHES_IN_FLIGHT), ==, 0);
  g_ptr_array_unref (fixture->results);
  g_assert_finalize_object (fixture->service);
  /* A fetch that was called off is told of by the loop. */
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_finalize_object (fixture->http);
  simulator_stop (fixture->simulator);
}

static PushRequest *
make_request (PushKind kind, const gchar *token)
{
  PushRequest *request = push_request_new (kind, "fcm");

  request->prid = g_strdup (token);
  request->call_id = g_strdup ("call-1@pbx");
  request->collapse_key = g_strdup ("call-1@pbx");
  request->caller_name = g_strdup ("Eve \"quoted\" \n");
  request->ttl = 30;
  return request;
}

static void
on_result (GObject *source, GAsyncResult *async, gpointer user_data)
{
  Fixture *fixture = user_data;

  g_ptr_array_add (fixture->results, push_service_send_finish (PUSH_SERVICE (source), async, NULL));
  fixture->left--;
}

static void
start (Fixture *fixture, const PushRequest *request, guint deadline_ms)
{
  fixture->left++;
  push_service_send_async (fixture->service, request, deadline_ms, NULL, on_result, fixture);
}

static PushResult *
wait_for_all (Fixture *fixture)
{
  while (fixture->left)
    g_main_context_iteration (NULL, TRUE);
  return g_ptr_array_index (fixture->results, fixture->results->len - 1);
}

static PushResult *
push_to (Fixture *fixture, const gchar *token)
{
  g_autoptr (PushRequest) request = make_request (PUSH_KIND_CALL, token);

  start (fixture, request, LONG);
  return wait_for_all (fixture);
}

static void
assert_outcome (const PushResult *result, PushOutcome outcome, guint status)
{
  if (outcome == PUSH_ACCEPTED)
    g_assert_cmpstr (result->reason, ==, NULL);
  g_assert_cmpstr (push_outcome_to_string (result->outcome), ==, push_outcome_to_string (outcome));
  g_assert_cmpuint (result->status, ==, status);
}

/* The next push that the simulator tells of; @tokens gets how many tokens it gave before. */
static JsonObject *
next_push (Fixture *fixture, guint *tokens)
{
  for (guint n = 0;; n++) {
    JsonObject *event = simulator_next (fixture->simulator);

    if (g_str_equal (json_object_get_string_member (event, "event"), "push")) {
      if (tokens)
        *tokens = n;
      return event;
    }
    json_object_unref (event);
  }
}

static void
test_a_data_message (Fixture *fixture, gconstpointer data)
{
  PushResult *result = push_to (fixture, "abc:APA91bXX_y-z");
  g_autoptr (JsonObject) push = next_push (fixture, NULL);
  JsonObject *message =
      json_object_get_object_member (json_object_get_object_member (push, "payload"), "message");
  JsonObject *android = json_object_get_object_member (message, "android");
  JsonObject *payload = json_object_get_object_member (message, "data");

  assert_outcome (result, PUSH_ACCEPTED, 200);
  g_assert_cmpstr (json_object_get_string_member (push, "http"), ==, "2");
  g_assert_cmpstr (json_object_get_string_member (push, "path"), ==,
                   "/v1/projects/simulated-project/messages:send");
  g_assert_cmpstr (json_object_get_string_member (message, "token"), ==, "abc:APA91bXX_y-z");
  g_assert_false (json_object_has_member (message, "notification"));
  g_assert_cmpstr (json_object_get_string_member (android, "priority"), ==, "high");
  g_assert_cmpstr (json_object_get_string_member (android, "ttl"), ==, "30s");
  g_assert_cmpuint (strlen (json_object_get_string_member (android, "collapse_key")), ==, 32);
  g_assert_cmpuint (json_object_get_size (payload), ==, 1);
  g_assert_cmpstr (json_object_get_string_member (payload, "call-id"), ==, "call-1@pbx");
}

static void
test_one_fetch_for_a_burst (Fixture *fixture, gconstpointer data)
{
  g_autoptr (PushRequest) request = make_request (PUSH_KIND_CALL, "abc");
  guint tokens = 0, total = 0;

  for (int i = 0; i < 30; i++)
    start (fixture, request, LONG);
  wait_for_all (fixture);
  for (guint i = 0; i < fixture->results->len; i++) {
    g_autoptr (JsonObject) push = next_push (fixture, &tokens);

    assert_outcome (g_ptr_array_index (fixture->results, i), PUSH_ACCEPTED, 200);
    total += tokens;
  }
  g_assert_cmpuint (total, ==, 1);
}

static void
test_codes (Fixture *fixture, gconstpointer data)
{
  static const struct {
    const gchar *token;
    PushOutcome outcome;
    guint status;
  } rows[] = {
    { "zS400INVALID_ARGUMENT", PUSH_REFUSED, 400 }, /* before anything was accepted */
    { "zS400INVALID_ARGUMENT", PUSH_TOKEN_DEAD, 400 },
    { "zS401THIRD_PARTY_AUTH_ERROR", PUSH_CREDENTIALS, 401 },
    { "zS403SENDER_ID_MISMATCH", PUSH_CREDENTIALS, 403 },
    { "zS404UNREGISTERED", PUSH_TOKEN_DEAD, 404 },
    { "zS404NOT_FOUND", PUSH_CREDENTIALS, 404 },
    { "zF1S429QUOTA_EXCEEDED", PUSH_ACCEPTED, 200 }, /* it says Retry-After: 1 */
    { "zF1S500INTERNAL", PUSH_ACCEPTED, 200 },
    { "zF2S503UNAVAILABLE", PUSH_ACCEPTED, 200 },
    { "zC1x", PUSH_ACCEPTED, 200 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("%s", rows[i].token);
    assert_outcome (push_to (fixture, rows[i].token), rows[i].outcome, rows[i].status);
    assert_outcome (push_to (fixture, "abc"), PUSH_ACCEPTED, 200);
  }
}

/* The data as JSON: {"t":"..."} with a value of the greatest length and @n characters. */
static PushResult *
push_long (Fixture *fixture, gsize n)
{
  g_autoptr (PushRequest) request = make_request (PUSH_KIND_CALL, "abc");
  g_autofree gchar *text = g_strnfill (n, 'a');
  g_autofree gchar *template = g_strconcat ("{\"t\":\"${call-id}", text, "\"}", NULL);

  g_free (request->call_id);
  request->call_id = g_strnfill (256, 'i');
  set_up_provider (fixture, template);
  start (fixture, request, LONG);
  return wait_for_all (fixture);
}

static void
test_the_payload_is_bounded (Fixture *fixture, gconstpointer data)
{
  gsize room = 4096 - strlen ("{\"t\":\"\"}") - 256;

  assert_outcome (push_long (fixture, room), PUSH_ACCEPTED, 200);
  assert_outcome (push_long (fixture, room + 1), PUSH_REFUSED, 0);
}

static void
test_retry_after_beyond_the_wait (Fixture *fixture, gconstpointer data)
{
  g_autoptr (PushRequest) request = make_request (PUSH_KIND_CALL, "zS429QUOTA_EXCEEDED");
  PushResult *result;

  assert_outcome (push_to (fixture, "abc"), PUSH_ACCEPTED, 200);
  start (fixture, request, 900);
  result = wait_for_all (fixture);
  assert_outcome (result, PUSH_RATE_LIMITED, 429);
  g_assert_cmpuint (result->retry_after, ==, 1);
}

static void
test_another_access_token_once (Fixture *fixture, gconstpointer data)
{
  g_autoptr (JsonObject) first = NULL, second = NULL, third = NULL;
  guint tokens;

  assert_outcome (push_to (fixture, "zF1S401UNAUTHENTICATED"), PUSH_ACCEPTED, 200);
  first = next_push (fixture, &tokens);
  g_assert_cmpuint (tokens, ==, 1);
  second = next_push (fixture, &tokens);
  g_assert_cmpuint (tokens, ==, 1);
  assert_outcome (push_to (fixture, "zS401UNAUTHENTICATED"), PUSH_CREDENTIALS, 401);
  third = next_push (fixture, &tokens);
  g_assert_cmpuint (tokens, ==, 0);
}

static void
test_a_refused_account_is_told (Fixture *fixture, gconstpointer data)
{
  g_autofree gchar *text = NULL;
  g_auto (GStrv) parts = NULL;
  g_autofree gchar *other = NULL;
  PushResult *result;

  g_assert_true (g_file_get_contents (fixture->simulator->fcm_account, &text, NULL, NULL));
  parts = g_strsplit (text, "sender@", 2);
  other = g_strconcat (parts[0], "nobody@", parts[1], NULL);
  g_assert_true (
      g_file_set_contents_full (fixture->simulator->fcm_account, other, -1, 0, 0600, NULL));
  set_up_provider (fixture, NULL);
  result = push_to (fixture, "abc");
  assert_outcome (result, PUSH_CREDENTIALS, 400);
  g_assert_nonnull (strstr (result->reason, "invalid_grant"));
  /* And Google is not asked again for each push. */
  assert_outcome (push_to (fixture, "abc"), PUSH_CREDENTIALS, 0);
}

static void
test_wrong_accounts (Fixture *fixture, gconstpointer data)
{
  g_autofree gchar *path = g_strconcat (fixture->simulator->fcm_account, ".wrong", NULL);
  static const gchar *const texts[] = {
    "",
    "[]",
    "{}",
    "{\"project_id\":\"../x\",\"client_email\":\"a\",\"token_uri\":"
    "\"https://h/\",\"private_key\":\"x\"}",
    "{\"project_id\":\"p\",\"client_email\":\"a\",\"token_uri\":\"http://h/\","
    "\"private_key\":\"x\"}",
    "{\"project_id\":\"p\",\"client_email\":\"a\",\"token_uri\":\"https://h/\","
    "\"private_key\":\"x\"}"
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_true (g_file_set_contents_full (path, texts[i], -1, 0, 0600, NULL));
    g_assert_null (fcm_account_load (path, &error));
    g_assert_nonnull (error);
  }
  g_assert_cmpint (g_remove (path), ==, 0);
}

static void
test_the_project_is_looked_up (Fixture *fixture, gconstpointer data)
{
  g_assert_true (push_service_supports (fixture->service, "fcm", NULL));
  g_assert_true (push_service_supports (fixture->service, "fcm", "929724111839"));
  g_assert_false (push_service_supports (fixture->service, "fcm", "other"));
  g_assert_false (push_service_supports (fixture->service, "apns", NULL));
}

static void
test_a_template (Fixture *fixture, gconstpointer data)
{
  g_autoptr (JsonObject) push = NULL;
  JsonObject *payload;

  set_up_provider (fixture, "{\"who\":\"from ${caller-name}\",\"n\":7,\"none\":\"${pbx}\","
                            "\"list\":[\"${call-id}\"]}");
  assert_outcome (push_to (fixture, "abc"), PUSH_ACCEPTED, 200);
  push = next_push (fixture, NULL);
  payload = json_object_get_object_member (
      json_object_get_object_member (json_object_get_object_member (push, "payload"), "message"),
      "data");
  g_assert_cmpuint (json_object_get_size (payload), ==, 3);
  g_assert_cmpstr (json_object_get_string_member (payload, "who"), ==, "from Eve \"quoted\" \n");
  g_assert_cmpstr (json_object_get_string_member (payload, "n"), ==, "7");
  g_assert_cmpstr (json_object_get_string_member (payload, "list"), ==, "[\"call-1@pbx\"]");
  g_assert_null (push_payload_new ("{\"a\":\"${passwd}\"}", NULL));
  g_assert_null (push_payload_new ("[]", NULL));
  g_assert_null (push_payload_new ("{", NULL));
}

static void
test_hostile_answers (Fixture *fixture, gconstpointer data)
{
  static const gchar *const bodies[] = {
    "",
    "{",
    "[]",
    "{\"error\":7}",
    "{\"error\":{\"details\":7}}",
    "{\"error\":{\"status\":[],\"details\":[7,{\"@type\":7}]}}"
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bodies); i++) {
    g_autoptr (PushResult) result = push_result_new (PUSH_ACCEPTED, 0, NULL);

    fcm_answer_read (404, bodies[i], result);
    g_assert_cmpint (result->outcome, ==, PUSH_CREDENTIALS);
  }
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR);
  ADD ("/provider-fcm/a-data-message", test_a_data_message);
  ADD ("/provider-fcm/one-fetch-for-a-burst", test_one_fetch_for_a_burst);
  ADD ("/provider-fcm/codes", test_codes);
  ADD ("/provider-fcm/the-payload-is-bounded", test_the_payload_is_bounded);
  ADD ("/provider-fcm/retry-after-beyond-the-wait", test_retry_after_beyond_the_wait);
  ADD ("/provider-fcm/another-access-token-once", test_another_access_token_once);
  ADD ("/provider-fcm/a-refused-account-is-told", test_a_refused_account_is_told);
  ADD ("/provider-fcm/wrong-accounts", test_wrong_accounts);
  ADD ("/provider-fcm/the-project-is-looked-up", test_the_project_is_looked_up);
  ADD ("/provider-fcm/a-template", test_a_template);
  ADD ("/provider-fcm/hostile-answers", test_hostile_answers);
  return g_test_run ();
}
