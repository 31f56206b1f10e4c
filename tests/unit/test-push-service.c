/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/clock.h"
#include "base/counters.h"
#include "push/provider-fake.h"
#include "push/push-service.h"

#include <gio/gio.h>

typedef struct {
  PushService *service;
  ProviderFake *fake;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->service = push_service_new ();
  fixture->fake = provider_fake_new ("fake");
  push_service_add (fixture->service, PUSH_PROVIDER (fixture->fake));
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_cmpint (counters_get (COUNTER_PUSHES_IN_FLIGHT), ==, 0);
  g_assert_finalize_object (fixture->service);
  g_assert_finalize_object (fixture->fake);
}

static void
on_result (GObject *source, GAsyncResult *async, gpointer user_data)
{
  PushResult **result = user_data;

  g_assert_null (*result);
  *result = push_service_send_finish (PUSH_SERVICE (source), async, NULL);
  g_assert_nonnull (*result);
}

static PushResult *
push (PushService *service, const gchar *provider, guint deadline_ms, GCancellable *cancellable)
{
  g_autoptr (PushRequest) request = push_request_new (PUSH_KIND_CALL, provider);
  PushResult *result = NULL;

  request->prid = g_strdup ("a-secret-token");
  push_service_send_async (service, request, deadline_ms, cancellable, on_result, &result);
  g_assert_null (result);
  while (!result)
    g_main_context_iteration (NULL, TRUE);
  return result;
}

static void
test_outcomes_are_counted (Fixture *fixture, gconstpointer data)
{
  static const struct {
    PushOutcome outcome;
    Counter counter;
  } rows[] = {
    { PUSH_ACCEPTED, COUNTER_PUSHES_ACCEPTED },    { PUSH_TOKEN_DEAD, COUNTER_PUSHES_TOKEN_DEAD },
    { PUSH_CREDENTIALS, COUNTER_PUSHES_REFUSED },  { PUSH_REFUSED, COUNTER_PUSHES_REFUSED },
    { PUSH_RATE_LIMITED, COUNTER_PUSHES_REFUSED }, { PUSH_UNREACHABLE, COUNTER_PUSHES_FAILED },
    { PUSH_TIMED_OUT, COUNTER_PUSHES_FAILED },     { PUSH_QUEUE_FULL, COUNTER_PUSHES_QUEUE_FULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    gint64 before = counters_get (rows[i].counter), sent = counters_get (COUNTER_PUSHES_SENT);
    g_autoptr (PushResult) result = NULL;

    provider_fake_set_outcome (fixture->fake, rows[i].outcome, 0);
    result = push (fixture->service, "fake", 1000, NULL);
    g_assert_cmpint (result->outcome, ==, rows[i].outcome);
    g_assert_cmpint (counters_get (rows[i].counter), ==, before + 1);
    g_assert_cmpint (counters_get (COUNTER_PUSHES_SENT), ==, sent + 1);
  }
  g_assert_cmpuint (provider_fake_requests (fixture->fake)->len, ==, G_N_ELEMENTS (rows));
}

static void
test_unknown_provider_is_refused (Fixture *fixture, gconstpointer data)
{
  g_autoptr (PushResult) result = push (fixture->service, "acme", 1000, NULL);

  g_assert_cmpint (result->outcome, ==, PUSH_REFUSED);
  g_assert_cmpuint (provider_fake_requests (fixture->fake)->len, ==, 0);
}

static void
test_silence_ends_at_the_deadline (Fixture *fixture, gconstpointer data)
{
  g_autoptr (PushResult) result = NULL;

  provider_fake_set_silent (fixture->fake);
  result = push (fixture->service, "fake", 50, NULL);
  g_assert_cmpint (result->outcome, ==, PUSH_TIMED_OUT);
  g_assert_cmpint (result->duration_us, >=, 45000);
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
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (PushResult) result = NULL;

  provider_fake_set_silent (fixture->fake);
  g_timeout_add (20, cancel, cancellable);
  result = push (fixture->service, "fake", 60000, cancellable);
  g_assert_cmpint (result->outcome, ==, PUSH_CANCELLED);
}

static void
test_what_it_announces (Fixture *fixture, gconstpointer data)
{
  g_autoptr (ProviderFake) twin = provider_fake_new ("fake"), other = provider_fake_new ("other");
  g_auto (GStrv) names = NULL;
  g_autofree gchar *key = NULL, *none = NULL;

  push_service_add (fixture->service, PUSH_PROVIDER (twin));
  push_service_add (fixture->service, PUSH_PROVIDER (other));
  names = push_service_names (fixture->service);
  g_assert_cmpuint (g_strv_length (names), ==, 2);
  g_assert_cmpstr (names[0], ==, "fake");
  g_assert_cmpstr (names[1], ==, "other");

  provider_fake_set_vapid_key (other, "BPub");
  key = push_service_vapid (fixture->service, "other");
  g_assert_cmpstr (key, ==, "BPub");
  none = push_service_vapid (fixture->service, "fake");
  g_assert_null (none);
  g_assert_true (push_service_supports (fixture->service, "other", "any"));
  g_assert_false (push_service_supports (fixture->service, "apns", NULL));
}

static void
on_stopped (GObject *source, GAsyncResult *async, gpointer user_data)
{
  gboolean *stopped = user_data;

  *stopped = push_service_stop_finish (PUSH_SERVICE (source), async, NULL);
}

static void
test_stop_ends_what_is_in_flight (Fixture *fixture, gconstpointer data)
{
  g_autoptr (PushRequest) request = push_request_new (PUSH_KIND_CALL, "fake");
  g_autoptr (PushResult) result = NULL, late = NULL;
  gboolean stopped = FALSE;

  provider_fake_set_silent (fixture->fake);
  push_service_send_async (fixture->service, request, 60000, NULL, on_result, &result);
  push_service_stop_async (fixture->service, on_stopped, &stopped);
  while (!stopped)
    g_main_context_iteration (NULL, TRUE);
  g_assert_nonnull (result);
  g_assert_cmpint (result->outcome, ==, PUSH_CANCELLED);

  late = push (fixture->service, "fake", 1000, NULL);
  g_assert_cmpint (late->outcome, ==, PUSH_CANCELLED);
  g_assert_cmpuint (provider_fake_requests (fixture->fake)->len, ==, 1);
}

static void
on_pushed (ProviderFake *fake, PushRequest *request, gpointer user_data)
{
  gchar **prid = user_data;

  *prid = g_strdup (request->prid);
}

static void
test_fake_tells_of_each_push (Fixture *fixture, gconstpointer data)
{
  g_autoptr (PushResult) result = NULL;
  g_autofree gchar *prid = NULL;

  g_signal_connect (fixture->fake, "pushed", G_CALLBACK (on_pushed), &prid);
  result = push (fixture->service, "fake", 1000, NULL);
  g_assert_cmpstr (prid, ==, "a-secret-token");
}

static PushOutcome
push_limited (Fixture *fixture, const gchar *binding, PushKind kind)
{
  g_autoptr (PushRequest) request = push_request_new (kind, "limited");
  g_autoptr (PushResult) result = NULL;

  request->binding = g_strdup (binding);
  push_service_send_async (fixture->service, request, 1000, NULL, on_result, &result);
  while (!result)
    g_main_context_iteration (NULL, TRUE);
  return result->outcome;
}

static ProviderFake *
add_limited (Fixture *fixture)
{
  ProviderFake *fake = provider_fake_new ("limited");
  const PushLimitsOptions options = { 8, 3, 1 };

  push_service_add_limited (fixture->service, "limited", PUSH_PROVIDER (fake),
                            push_limits_new (&options));
  return fake;
}

static void
test_limits (Fixture *fixture, gconstpointer data)
{
  g_autoptr (ProviderFake) fake = add_limited (fixture);
  gboolean limited = FALSE;
  guint others = 0;
  gint64 begun;

  g_assert_cmpint (push_limited (fixture, "a", PUSH_KIND_REFRESH), ==, PUSH_ACCEPTED);
  g_assert_cmpint (push_limited (fixture, "a", PUSH_KIND_REFRESH), ==, PUSH_RATE_LIMITED);
  for (int i = 0; i < 2; i++)
    g_assert_cmpint (push_limited (fixture, "a", PUSH_KIND_CALL), ==, PUSH_ACCEPTED);
  g_assert_cmpint (push_limited (fixture, "a", PUSH_KIND_CALL), ==, PUSH_RATE_LIMITED);
  g_assert_cmpint (push_limited (fixture, "b", PUSH_KIND_CALL), ==, PUSH_ACCEPTED);
  clock_test_advance (21 * CLOCK_SECOND);
  g_assert_cmpint (push_limited (fixture, "a", PUSH_KIND_CALL), ==, PUSH_ACCEPTED);
  g_assert_cmpint (push_limited (fixture, "a", PUSH_KIND_CALL), ==, PUSH_RATE_LIMITED);
  clock_test_advance (3600 * CLOCK_SECOND);
  begun = clock_now ();
  g_assert_cmpint (push_limited (fixture, "a", PUSH_KIND_REFRESH), ==, PUSH_ACCEPTED);
  while (!limited) {
    g_autofree gchar *name = g_strdup_printf ("c%u", others);

    limited = push_limited (fixture, name, PUSH_KIND_CALL) == PUSH_RATE_LIMITED;
    others += !limited;
    /* The machine adds time of its own, and that allows for more. */
    g_assert_cmpint (others, <=, 7 + 8 * (clock_now () - begun) / CLOCK_SECOND);
  }
  g_assert_cmpuint (others, >=, 7);
}

/* What gets nowhere is none of the silent pushes that a device may have, but it is a push. */
static void
test_limits_of_what_gets_nowhere (Fixture *fixture, gconstpointer data)
{
  g_autoptr (ProviderFake) fake = add_limited (fixture);

  provider_fake_set_outcome (fake, PUSH_UNREACHABLE, 0);
  for (int i = 0; i < 2; i++)
    g_assert_cmpint (push_limited (fixture, "a", PUSH_KIND_REFRESH), ==, PUSH_UNREACHABLE);
  provider_fake_set_outcome (fake, PUSH_ACCEPTED, 0);
  g_assert_cmpint (push_limited (fixture, "a", PUSH_KIND_REFRESH), ==, PUSH_ACCEPTED);
  g_assert_cmpint (push_limited (fixture, "a", PUSH_KIND_CALL), ==, PUSH_RATE_LIMITED);
}

/* 360,000 phones, each woken once an hour to register again, in 1000 seconds. */
static void
test_limits_of_many (void)
{
  const PushLimitsOptions options = { G_MAXUINT, 30, 3 };
  PushLimits *limits = push_limits_new (&options);
  guint wait;

  for (int i = 0; i < 100000; i++) {
    g_autoptr (PushRequest) request = push_request_new (PUSH_KIND_REFRESH, "limited");

    request->binding = g_strdup_printf ("%d", i);
    g_assert_cmpstr (push_limits_take (limits, request, &wait), ==, NULL);
    clock_test_advance (CLOCK_SECOND / 100);
  }
  push_limits_free (limits);
}

static void
test_a_newer_configuration (Fixture *fixture, gconstpointer data)
{
  g_autoptr (PushService) newer = push_service_new ();
  g_autoptr (ProviderFake) other = provider_fake_new ("other");
  g_autoptr (PushRequest) request = push_request_new (PUSH_KIND_CALL, "fake");
  g_autoptr (PushResult) result = NULL, after = NULL;

  provider_fake_set_outcome (fixture->fake, PUSH_ACCEPTED, 30);
  push_service_send_async (fixture->service, request, 1000, NULL, on_result, &result);
  push_service_add (newer, PUSH_PROVIDER (other));
  push_service_take_over (fixture->service, newer);
  g_assert_false (push_service_supports (fixture->service, "fake", NULL));
  after = push (fixture->service, "other", 1000, NULL);
  g_assert_cmpint (after->outcome, ==, PUSH_ACCEPTED);
  while (!result)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (result->outcome, ==, PUSH_ACCEPTED);
  g_assert_cmpuint (provider_fake_requests (fixture->fake)->len, ==, 1);
}

#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR);
  ADD ("/push-service/outcomes-are-counted", test_outcomes_are_counted);
  ADD ("/push-service/unknown-provider-is-refused", test_unknown_provider_is_refused);
  ADD ("/push-service/silence-ends-at-the-deadline", test_silence_ends_at_the_deadline);
  ADD ("/push-service/cancel", test_cancel);
  g_test_add_func ("/push-service/limits-of-many", test_limits_of_many);
  ADD ("/push-service/what-it-announces", test_what_it_announces);
  ADD ("/push-service/stop-ends-what-is-in-flight", test_stop_ends_what_is_in_flight);
  ADD ("/push-service/fake-tells-of-each-push", test_fake_tells_of_each_push);
  ADD ("/push-service/limits", test_limits);
  ADD ("/push-service/limits-of-what-gets-nowhere", test_limits_of_what_gets_nowhere);
  ADD ("/push-service/a-newer-configuration", test_a_newer_configuration);
  return g_test_run ();
}
