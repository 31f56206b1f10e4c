/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "simulator.h"

#include "base/clock.h"
#include "base/counters.h"
#include "crypto/key-file.h"
#include "push/apns-answer.h"
#include "push/provider-apns.h"
#include "push/push-service.h"

#include <glib/gstdio.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#define LONG 20000 /* ms; a test that needs it has failed */
#define MAX_FD 256
#define TEAM "TEAM123456"
#define KEY "KEY1234567"
#define BUNDLE "com.example.app"

typedef struct {
  Simulator *simulator;
  PushHttp *http;
  ApnsToken *token;
  PushPayload *payload; /* nullable */
  PushService *service;
  GPtrArray *results;
  guint left;
} Fixture;

static const gchar *const topics[] = { BUNDLE, BUNDLE ".voip", NULL };

static void
set_up_provider (Fixture *fixture, ApnsToken *token, const gchar *certificate, const gchar *key)
{
  ProviderApnsOptions options = { .team_id = TEAM,
                                  .topics = topics,
                                  .endpoint = fixture->simulator->url,
                                  .payload = fixture->payload,
                                  .certificate = certificate,
                                  .key_file = key,
                                  .ca_file = fixture->simulator->ca };
  g_autoptr (ProviderApns) apns = provider_apns_new (fixture->http, token, &options);

  g_clear_object (&fixture->service);
  fixture->service = push_service_new ();
  push_service_add (fixture->service, PUSH_PROVIDER (apns));
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->simulator = simulator_start ((const gchar *const[]){ "--services", data, NULL });
  fixture->http = push_http_new (PUSH_HTTP_MAX_IN_FLIGHT);
  fixture->token = apns_token_new (TEAM, KEY, fixture->simulator->apns_key, &error);
  g_assert_no_error (error);
  fixture->results = g_ptr_array_new_with_free_func ((GDestroyNotify) push_result_free);
  set_up_provider (fixture, fixture->token, NULL, NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_cmpint (counters_get (COUNTER_PUSHES_IN_FLIGHT), ==, 0);
  g_ptr_array_unref (fixture->results);
  g_assert_finalize_object (fixture->service);
  /* A connection that was called off is told of by the loop. */
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_finalize_object (fixture->http);
  apns_token_unref (fixture->token);
  simulator_stop (fixture->simulator);
}

static PushRequest *
make_request (PushKind kind, const gchar *voip, const gchar *remote)
{
  PushRequest *request = push_request_new (kind, "apns");

  request->prid = g_strdup (voip ? voip : remote);
  request->voip_token = g_strdup (voip);
  request->voip_topic = g_strdup (voip ? BUNDLE ".voip" : NULL);
  request->remote_token = g_strdup (remote);
  request->remote_topic = g_strdup (remote ? BUNDLE : NULL);
  request->call_id = g_strdup ("call-1@pbx");
  request->collapse_key = g_strdup ("call-1@pbx");
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
push_to (Fixture *fixture, PushKind kind, const gchar *voip, const gchar *remote)
{
  g_autoptr (PushRequest) request = make_request (kind, voip, remote);

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

static const gchar *
header (JsonObject *push, const gchar *name)
{
  return json_object_get_string_member_with_default (
      json_object_get_object_member (push, "headers"), name, NULL);
}

static void
test_a_call_is_a_voip_push (Fixture *fixture, gconstpointer data)
{
  PushResult *result = push_to (fixture, PUSH_KIND_CALL, "00fc13", "11fc13");
  g_autoptr (JsonObject) push = simulator_next (fixture->simulator);
  JsonObject *payload = json_object_get_object_member (push, "payload");
  gint64 expiration;

  assert_outcome (result, PUSH_ACCEPTED, 200);
  g_assert_true (result->final);
  g_assert_cmpstr (json_object_get_string_member (push, "path"), ==, "/3/device/00fc13");
  g_assert_cmpstr (header (push, "apns-topic"), ==, BUNDLE ".voip");
  g_assert_cmpstr (header (push, "apns-push-type"), ==, "voip");
  g_assert_cmpstr (header (push, "apns-priority"), ==, "10");
  g_assert_null (header (push, "apns-collapse-id"));
  expiration = g_ascii_strtoll (header (push, "apns-expiration"), NULL, 10);
  g_assert_cmpint (ABS (expiration - clock_wall () - 30), <=, 10);
  g_assert_cmpuint (json_object_get_size (payload), ==, 2);
  g_assert_cmpstr (json_object_get_string_member (payload, "call-id"), ==, "call-1@pbx");
}

static void
test_a_call_without_voip_is_an_alert (Fixture *fixture, gconstpointer data)
{
  PushResult *result = push_to (fixture, PUSH_KIND_CALL, NULL, "11fc13");
  g_autoptr (JsonObject) push = simulator_next (fixture->simulator);

  assert_outcome (result, PUSH_ACCEPTED, 200);
  g_assert_false (result->final);
  g_assert_cmpstr (header (push, "apns-topic"), ==, BUNDLE);
  g_assert_cmpstr (header (push, "apns-push-type"), ==, "alert");
  g_assert_cmpstr (header (push, "apns-collapse-id"), ==, "call-1@pbx");
}

static void
test_voip_is_for_calls_alone (Fixture *fixture, gconstpointer data)
{
  g_autoptr (JsonObject) refresh = NULL, next = NULL;

  assert_outcome (push_to (fixture, PUSH_KIND_REFRESH, "00fc13", NULL), PUSH_REFUSED, 0);
  assert_outcome (push_to (fixture, PUSH_KIND_MESSAGE, "00fc13", NULL), PUSH_REFUSED, 0);
  assert_outcome (push_to (fixture, PUSH_KIND_CANCEL, "00fc13", "11fc13"), PUSH_REFUSED, 0);
  assert_outcome (push_to (fixture, PUSH_KIND_REFRESH, "00fc13", "11fc13"), PUSH_ACCEPTED, 200);
  refresh = simulator_next (fixture->simulator);
  g_assert_cmpstr (header (refresh, "apns-push-type"), ==, "background");
  g_assert_cmpstr (header (refresh, "apns-priority"), ==, "5");
  assert_outcome (push_to (fixture, PUSH_KIND_CANCEL, NULL, "11fc13"), PUSH_ACCEPTED, 200);
  next = simulator_next (fixture->simulator);
  g_assert_cmpstr (header (next, "apns-collapse-id"), ==, "call-1@pbx");
}

static void
test_other_topics_are_refused (Fixture *fixture, gconstpointer data)
{
  g_autoptr (PushRequest) request = make_request (PUSH_KIND_CALL, "00fc13", NULL);
  static const struct {
    const gchar *param;
    gboolean supported;
  } rows[] = {
    { TEAM "." BUNDLE ".voip", TRUE },
    { TEAM "." BUNDLE, TRUE },
    { TEAM "." BUNDLE ".remote", TRUE },
    { TEAM "." BUNDLE ".voip&remote", TRUE },
    { "." BUNDLE ".voip", TRUE },
    { NULL, TRUE },
    { "OTHER12345." BUNDLE ".voip", FALSE },
    { TEAM ".com.example.other.voip", FALSE },
    { TEAM, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_assert_cmpint (push_service_supports (fixture->service, "apns", rows[i].param), ==,
                     rows[i].supported);
    g_assert_cmpint (push_service_supports (fixture->service, "apns.dev", rows[i].param), ==,
                     rows[i].supported);
  }
  g_assert_false (push_service_supports (fixture->service, "fcm", NULL));
  g_free (request->voip_topic);
  request->voip_topic = g_strdup ("com.example.other.voip");
  start (fixture, request, LONG);
  assert_outcome (wait_for_all (fixture), PUSH_REFUSED, 0);
}

/* Every reason of Apple's table. */
static void
test_reasons (Fixture *fixture, gconstpointer data)
{
  static const struct {
    guint status;
    const gchar *reason;
    PushOutcome outcome;
  } rows[] = {
    { 400, "BadCollapseId", PUSH_REFUSED },
    { 400, "BadDeviceToken", PUSH_TOKEN_DEAD },
    { 400, "BadExpirationDate", PUSH_REFUSED },
    { 400, "BadMessageId", PUSH_REFUSED },
    { 400, "BadPriority", PUSH_REFUSED },
    { 400, "BadTopic", PUSH_CREDENTIALS },
    { 400, "DeviceTokenNotForTopic", PUSH_REFUSED },
    { 400, "DuplicateHeaders", PUSH_REFUSED },
    { 400, "IdleTimeout", PUSH_UNREACHABLE },
    { 400, "InvalidPushType", PUSH_REFUSED },
    { 400, "MissingDeviceToken", PUSH_REFUSED },
    { 400, "MissingTopic", PUSH_REFUSED },
    { 400, "PayloadEmpty", PUSH_REFUSED },
    { 400, "TopicDisallowed", PUSH_CREDENTIALS },
    { 403, "BadCertificate", PUSH_CREDENTIALS },
    { 403, "BadCertificateEnvironment", PUSH_CREDENTIALS },
    { 403, "ExpiredProviderToken", PUSH_CREDENTIALS },
    { 403, "Forbidden", PUSH_CREDENTIALS },
    { 403, "InvalidProviderToken", PUSH_CREDENTIALS },
    { 403, "MissingProviderToken", PUSH_CREDENTIALS },
    { 403, "UnrelatedKeyIdInToken", PUSH_CREDENTIALS },
    { 403, "BadEnvironmentKeyIdInToken", PUSH_CREDENTIALS },
    { 403, "BadEnvironmentKeyInToken", PUSH_CREDENTIALS },
    { 404, "BadPath", PUSH_REFUSED },
    { 405, "MethodNotAllowed", PUSH_REFUSED },
    { 410, "ExpiredToken", PUSH_TOKEN_DEAD },
    { 410, "Unregistered", PUSH_TOKEN_DEAD },
    { 413, "PayloadTooLarge", PUSH_REFUSED },
    { 429, "TooManyProviderTokenUpdates", PUSH_CREDENTIALS },
    { 429, "TooManyRequests", PUSH_RATE_LIMITED },
    { 500, "InternalServerError", PUSH_UNREACHABLE },
    { 503, "ServiceUnavailable", PUSH_UNREACHABLE },
    { 503, "Shutdown", PUSH_UNREACHABLE },
    { 599, "Unheard", PUSH_UNREACHABLE },
    { 418, "Unheard", PUSH_REFUSED },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree gchar *token = g_strdup_printf ("zS%u%s", rows[i].status, rows[i].reason);
    PushResult *result = push_to (fixture, PUSH_KIND_CALL, token, NULL);

    g_test_message ("%s", token);
    assert_outcome (result, rows[i].outcome, rows[i].status);
    g_assert_nonnull (strstr (result->reason, rows[i].reason));
    g_assert_false (result->final);
    assert_outcome (push_to (fixture, PUSH_KIND_CALL, "00fc13", NULL), PUSH_ACCEPTED, 200);
  }
}

static void
test_an_ill_service_is_asked_twice (Fixture *fixture, gconstpointer data)
{
  assert_outcome (push_to (fixture, PUSH_KIND_CALL, "zF1S503Shutdown", NULL), PUSH_ACCEPTED, 200);
  assert_outcome (push_to (fixture, PUSH_KIND_CALL, "zF2S503Shutdown", NULL), PUSH_UNREACHABLE,
                  503);
  assert_outcome (push_to (fixture, PUSH_KIND_CALL, "zC1x", NULL), PUSH_ACCEPTED, 200);
}

static void
test_since_when_the_token_is_dead (Fixture *fixture, gconstpointer data)
{
  g_autoptr (PushRequest) request =
      make_request (PUSH_KIND_CALL, "zS410UnregisteredT1700000000123", NULL);
  PushResult *result;

  start (fixture, request, LONG);
  result = wait_for_all (fixture);
  assert_outcome (result, PUSH_TOKEN_DEAD, 410);
  g_assert_cmpint (result->dead_since, ==, 1700000000);

  request->registered = 1700000001;
  start (fixture, request, LONG);
  assert_outcome (wait_for_all (fixture), PUSH_REFUSED, 410);
  request->registered = 1699999999;
  start (fixture, request, LONG);
  assert_outcome (wait_for_all (fixture), PUSH_TOKEN_DEAD, 410);
}

static void
test_the_first_goes_alone (Fixture *fixture, gconstpointer data)
{
  g_autoptr (PushRequest) slow = make_request (PUSH_KIND_CALL, "zD200x", NULL);
  g_autoptr (PushRequest) request = make_request (PUSH_KIND_CALL, "00fc13", NULL);
  g_autoptr (GHashTable) ports = g_hash_table_new (NULL, NULL);

  start (fixture, slow, LONG);
  for (int i = 0; i < 20; i++)
    start (fixture, request, LONG);
  wait_for_all (fixture);
  for (guint i = 0; i < fixture->results->len; i++) {
    g_autoptr (JsonObject) push = simulator_next (fixture->simulator);

    assert_outcome (g_ptr_array_index (fixture->results, i), PUSH_ACCEPTED, 200);
    g_hash_table_add (ports, GINT_TO_POINTER (json_object_get_int_member (push, "peer_port")));
  }
  g_assert_cmpuint (g_hash_table_size (ports), ==, 1);
}

static void
test_a_stalled_first_holds_nobody_for_long (Fixture *fixture, gconstpointer data)
{
  g_autoptr (PushRequest) stalled = make_request (PUSH_KIND_CALL, "zHx", NULL);
  g_autoptr (PushRequest) request = make_request (PUSH_KIND_CALL, "00fc13", NULL);

  start (fixture, stalled, 3000);
  start (fixture, request, LONG);
  while (fixture->left > 1)
    g_main_context_iteration (NULL, TRUE);
  /* The simulator objects to the second stream, and that it came is what counts. */
  g_assert_cmpuint (((PushResult *) g_ptr_array_index (fixture->results, 0))->status, ==, 400);
  assert_outcome (wait_for_all (fixture), PUSH_TIMED_OUT, 0);
}

/* Twelve values of the greatest length, and @n characters. */
static PushResult *
push_long (Fixture *fixture, const PushRequest *request, gsize n)
{
  g_autofree gchar *text = g_strnfill (n, 'a');
  g_autofree gchar *template =
      g_strconcat ("{\"t\":\"${call-id}${call-id}${call-id}${call-id}${call-id}${call-id}${call-id}"
                   "${call-id}${call-id}${call-id}${call-id}${call-id}",
                   text, "\"}", NULL);

  fixture->payload = push_payload_new (template, NULL);
  set_up_provider (fixture, fixture->token, NULL, NULL);
  g_clear_pointer (&fixture->payload, push_payload_unref);
  start (fixture, request, LONG);
  return wait_for_all (fixture);
}

static void
assert_bounded (Fixture *fixture, const gchar *voip, const gchar *remote, gsize limit)
{
  g_autoptr (PushRequest) request = make_request (PUSH_KIND_CALL, voip, remote);
  g_autoptr (JsonObject) push = NULL, longest = NULL;
  gsize room;

  g_free (request->call_id);
  request->call_id = g_strnfill (256, 'i');
  assert_outcome (push_long (fixture, request, 0), PUSH_ACCEPTED, 200);
  push = simulator_next (fixture->simulator);
  room = limit - (gsize) json_object_get_int_member (push, "body_length");
  assert_outcome (push_long (fixture, request, room), PUSH_ACCEPTED, 200);
  assert_outcome (push_long (fixture, request, room + 1), PUSH_REFUSED, 0);
  longest = simulator_next (fixture->simulator);
  g_assert_cmpint (json_object_get_int_member (longest, "body_length"), ==, limit);
}

static void
test_the_payload_is_bounded (Fixture *fixture, gconstpointer data)
{
  assert_bounded (fixture, "00fc13", NULL, 5120);
  assert_bounded (fixture, NULL, "00fc14", 4096);
}

static int
find_connection (const Simulator *simulator)
{
  guint16 port = (guint16) g_ascii_strtoull (strrchr (simulator->url, ':') + 1, NULL, 10);
  struct sockaddr_in peer;

  for (int fd = 0; fd < MAX_FD; fd++) {
    socklen_t size = sizeof peer;

    if (getpeername (fd, (struct sockaddr *) &peer, &size) == 0 && peer.sin_family == AF_INET &&
        ntohs (peer.sin_port) == port)
      return fd;
  }
  return -1;
}

static int
option (int fd, int level, int name)
{
  int value = 0;
  socklen_t size = sizeof value;

  g_assert_cmpint (getsockopt (fd, level, name, &value, &size), ==, 0);
  return value;
}

static void
wait_for_connections (gint64 n)
{
  gint64 end = g_get_monotonic_time () + LONG * G_GINT64_CONSTANT (1000);

  while (counters_get (COUNTER_PUSH_CONNECTIONS) < n && g_get_monotonic_time () < end)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpint (counters_get (COUNTER_PUSH_CONNECTIONS), ==, n);
}

/* It is there before the first push, the kernel asks whether it lives, and dead it is replaced. */
static void
test_a_connection_is_kept (Fixture *fixture, gconstpointer data)
{
  gint64 opened = counters_get (COUNTER_PUSH_CONNECTIONS);
  int fd;

  g_object_unref (fixture->http);
  fixture->http = push_http_new (PUSH_HTTP_MAX_IN_FLIGHT);
  set_up_provider (fixture, fixture->token, NULL, NULL);
  wait_for_connections (opened + 1);
  assert_outcome (push_to (fixture, PUSH_KIND_CALL, "00fc13", NULL), PUSH_ACCEPTED, 200);
  fd = find_connection (fixture->simulator);
  g_assert_true (option (fd, SOL_SOCKET, SO_KEEPALIVE));
  g_assert_cmpint (option (fd, IPPROTO_TCP, TCP_KEEPIDLE), <=, 15);
  g_assert_cmpint (option (fd, IPPROTO_TCP, TCP_USER_TIMEOUT), ==, 10000);

  g_assert_cmpint (shutdown (fd, SHUT_RDWR), ==, 0);
  clock_test_advance (11 * CLOCK_SECOND);
  wait_for_connections (opened + 2);
  assert_outcome (push_to (fixture, PUSH_KIND_CALL, "00fc13", NULL), PUSH_ACCEPTED, 200);
  g_assert_cmpint (counters_get (COUNTER_PUSH_CONNECTIONS), ==, opened + 2);
}

static void
test_minting (Fixture *fixture, gconstpointer data)
{
  g_autofree gchar *first = g_strdup (apns_token_get (fixture->token, NULL)), *second = NULL;

  clock_test_advance (19 * 60 * CLOCK_SECOND);
  g_assert_cmpstr (apns_token_get (fixture->token, NULL), ==, first);
  g_assert_false (apns_token_renew (fixture->token, first));
  clock_test_advance (2 * 60 * CLOCK_SECOND);
  g_assert_cmpstr (apns_token_get (fixture->token, NULL), ==, first);
  g_assert_true (apns_token_renew (fixture->token, first));
  second = g_strdup (apns_token_get (fixture->token, NULL));
  g_assert_cmpstr (second, !=, first);
  /* The second of those that were refused takes what the first one got. */
  g_assert_true (apns_token_renew (fixture->token, first));
  g_assert_cmpstr (apns_token_get (fixture->token, NULL), ==, second);
  clock_test_advance (44 * 60 * CLOCK_SECOND);
  g_assert_cmpstr (apns_token_get (fixture->token, NULL), ==, second);
  clock_test_advance (2 * 60 * CLOCK_SECOND);
  g_assert_cmpstr (apns_token_get (fixture->token, NULL), !=, second);
}

static void
test_an_expired_token_is_replaced_once (Fixture *fixture, gconstpointer data)
{
  assert_outcome (push_to (fixture, PUSH_KIND_CALL, "00fc13", NULL), PUSH_ACCEPTED, 200);
  /* Too early for another one: the administrator's clock is wrong, and he is told. */
  assert_outcome (push_to (fixture, PUSH_KIND_CALL, "zF1S403ExpiredProviderToken", NULL),
                  PUSH_CREDENTIALS, 403);
  clock_test_advance (21 * 60 * CLOCK_SECOND);
  assert_outcome (push_to (fixture, PUSH_KIND_CALL, "zF1S403ExpiredProviderToken1", NULL),
                  PUSH_ACCEPTED, 200);
}

static void
test_a_certificate_in_place_of_a_token (Fixture *fixture, gconstpointer data)
{
  g_autofree gchar *directory = g_path_get_dirname (fixture->simulator->ca);
  g_autofree gchar *key = g_build_filename (directory, "key.pem", NULL);
  g_autoptr (JsonObject) push = NULL;

  /* The simulator's own pair does for ours. */
  set_up_provider (fixture, NULL, fixture->simulator->ca, key);
  assert_outcome (push_to (fixture, PUSH_KIND_CALL, "00fc13", NULL), PUSH_ACCEPTED, 200);
  push = simulator_next (fixture->simulator);
  g_assert_null (header (push, "authorization"));
}

static void
test_wrong_key_files (Fixture *fixture, gconstpointer data)
{
  g_autofree gchar *junk = g_strconcat (fixture->simulator->apns_key, ".junk", NULL);
  g_autoptr (GBytes) content = g_bytes_new_static ("junk", 4);
  g_autoptr (GError) error = NULL;

  g_assert_null (apns_token_new (TEAM, KEY, "/nonexistent.p8", &error));
  g_assert_nonnull (error);
  g_clear_error (&error);
  g_assert_null (apns_token_new (TEAM, KEY, fixture->simulator->ca, &error));
  g_assert_true (g_str_has_prefix (error->message, fixture->simulator->ca));
  g_clear_error (&error);
  g_assert_true (key_file_create (junk, content, NULL));
  g_assert_null (apns_token_new (TEAM, KEY, junk, &error));
  g_assert_true (g_str_has_prefix (error->message, junk));
  g_unlink (junk);
}

static void
test_hostile_answers (Fixture *fixture, gconstpointer data)
{
  static const gchar *const bodies[] = {
    "", "{", "[]", "7", "{\"reason\":7}", "{\"reason\":{\"a\":1}}", "{\"timestamp\":\"x\"}"
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bodies); i++) {
    g_autoptr (PushResult) result = push_result_new (PUSH_ACCEPTED, 0, NULL);

    apns_answer_read (410, bodies[i], result);
    g_assert_cmpint (result->outcome, ==, PUSH_TOKEN_DEAD);
    g_assert_cmpint (result->dead_since, ==, 0);
  }
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR);
  ADD ("/provider-apns/a-call-is-a-voip-push", test_a_call_is_a_voip_push);
  ADD ("/provider-apns/a-call-without-voip-is-an-alert", test_a_call_without_voip_is_an_alert);
  ADD ("/provider-apns/voip-is-for-calls-alone", test_voip_is_for_calls_alone);
  ADD ("/provider-apns/other-topics-are-refused", test_other_topics_are_refused);
  ADD ("/provider-apns/reasons", test_reasons);
  ADD ("/provider-apns/an-ill-service-is-asked-twice", test_an_ill_service_is_asked_twice);
  ADD ("/provider-apns/since-when-the-token-is-dead", test_since_when_the_token_is_dead);
  ADD ("/provider-apns/the-first-goes-alone", test_the_first_goes_alone);
  ADD ("/provider-apns/a-stalled-first-holds-nobody-for-long",
       test_a_stalled_first_holds_nobody_for_long);
  g_test_add ("/provider-apns/a-certificate-in-place-of-a-token", Fixture, "--client-certificates",
              set_up, test_a_certificate_in_place_of_a_token, tear_down);
  ADD ("/provider-apns/wrong-key-files", test_wrong_key_files);
  ADD ("/provider-apns/hostile-answers", test_hostile_answers);
  ADD ("/provider-apns/the-payload-is-bounded", test_the_payload_is_bounded);
  /* These move the clock, from which the simulator's then differs. */
  ADD ("/provider-apns/a-connection-is-kept", test_a_connection_is_kept);
  ADD ("/provider-apns/an-expired-token-is-replaced-once", test_an_expired_token_is_replaced_once);
  ADD ("/provider-apns/minting", test_minting);
  return g_test_run ();
}
