/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The waiting room and the location service together, with a push service that does as it is told. */
#include "base/clock.h"
#include "base/counters.h"
#include "base/log.h"
#include "push/provider-fake.h"
#include "wake/push-bucket.h"

#include "lone-stack.h"

#include <string.h>

typedef struct {
  SipStack *stack;
  SipFlow *flow;
  Pbx *pbx;
  ProviderFake *fake;
  PushService *service;
  Location *location;
  PushBucket *bucket;
  GString *trace;
} Fixture;

typedef struct {
  Fixture *fixture;
  const gchar *name;
  PushTicket *ticket;
  gboolean stays; /* does not leave when it is told of the end */
} Waiter;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  static const gchar *const domains[] = { "pbx.example.com", NULL };

  fixture->stack = lone_stack_new (SIP_SIDE_PHONES);
  fixture->flow = lone_flow_to_nobody (fixture->stack);
  fixture->pbx = pbx_new ("office", domains, 3600, NULL);
  fixture->fake = provider_fake_new ("fake");
  fixture->service = push_service_new ();
  push_service_add (fixture->service, PUSH_PROVIDER (fixture->fake));
  fixture->location = location_new ();
  fixture->bucket = push_bucket_new (fixture->location, fixture->service);
  fixture->trace = g_string_new (NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_cmpint (counters_get (COUNTER_BUCKET_WAITING), ==, 0);
  push_bucket_free (fixture->bucket);
  g_object_unref (fixture->location);
  g_assert_cmpint (counters_get (COUNTER_BINDINGS), >=, 0);
  g_object_unref (fixture->service);
  g_object_unref (fixture->fake);
  pbx_free (fixture->pbx);
  sip_flow_unref (fixture->flow);
  sip_stack_free (fixture->stack);
  g_string_free (fixture->trace, TRUE);
}

static Binding *
register_phone (Fixture *fixture, const gchar *user, const gchar *token, gint64 seconds)
{
  g_autofree gchar *aor = g_strdup_printf ("sip:%s@pbx.example.com", user);
  Binding *binding = binding_new (fixture->pbx, token, aor);

  binding->push = g_new0 (PnParams, 1);
  binding->push->kind = PN_PUSH;
  binding->push->provider = g_strdup ("fake");
  binding->push->prid = g_strdup (token);
  binding->flow = sip_flow_ref (fixture->flow);
  binding->expires = clock_now () + seconds * CLOCK_SECOND;
  location_put (fixture->location, binding);
  return binding;
}

static void
on_bucket (PushTicket *ticket, PushBucketEvent event, Binding *binding, const gchar *reason,
           gpointer user_data)
{
  static const gchar *const words[] = { "pushed", "awake", "refused", "timed-out" };
  Waiter *waiter = user_data;

  g_assert_true (ticket == waiter->ticket);
  g_string_append_printf (waiter->fixture->trace, "%s:%s ", waiter->name, words[event]);
  if (event >= PUSH_BUCKET_REFUSED && !waiter->stays)
    g_clear_pointer (&waiter->ticket, push_bucket_leave);
}

static void
enter (Fixture *fixture, Waiter *waiter, Binding *binding, const gchar *name, guint seconds)
{
  *waiter = (Waiter){ .fixture = fixture, .name = name };
  waiter->ticket = push_bucket_enter (
    fixture->bucket, binding, &(PushBucketCall){ .call_id = name, .seconds = seconds }, on_bucket,
    waiter);
}

static gboolean
on_time (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_REMOVE;
}

static void
turn (guint milliseconds)
{
  gboolean over = FALSE;

  g_timeout_add (milliseconds, on_time, &over);
  while (!over)
    g_main_context_iteration (NULL, TRUE);
}

static guint
n_pushes (Fixture *fixture)
{
  return provider_fake_requests (fixture->fake)->len;
}

static void
step (gint64 until)
{
  g_assert_cmpint (clock_now (), <, until);
  if (!g_main_context_iteration (NULL, FALSE))
    g_usleep (200);
}

/* However slow the machine is. The condition is looked at after each step, so an answer that takes
 * time is still under way when its push has been seen. */
#define AWAIT(condition)                                                                           \
  for (gint64 until = clock_now () + 10 * CLOCK_SECOND; !(condition);)                             \
  step (until)

static void
await_trace (Fixture *fixture, const gchar *trace)
{
  AWAIT (fixture->trace->len >= strlen (trace));
  g_assert_cmpstr (fixture->trace->str, ==, trace);
}

static void
test_wake (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Binding) binding = register_phone (fixture, "alice", "t1", 100);
  g_autoptr (Binding) newer = NULL;
  Waiter waiter;

  enter (fixture, &waiter, binding, "a", 5);
  g_assert_cmpstr (fixture->trace->str, ==, "");
  await_trace (fixture, "a:pushed ");
  newer = register_phone (fixture, "alice", "t1", 100);
  location_refreshed (fixture->location, newer);
  location_refreshed (fixture->location, newer);
  g_assert_cmpstr (fixture->trace->str, ==, "a:pushed a:awake a:awake ");
  g_assert_cmpuint (n_pushes (fixture), ==, 1);
  push_bucket_leave (waiter.ticket);
}

static void
test_second_joins (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Binding) binding = register_phone (fixture, "alice", "t1", 100);
  Waiter first, second;

  enter (fixture, &first, binding, "a", 5);
  await_trace (fixture, "a:pushed ");
  enter (fixture, &second, binding, "b", 5);
  await_trace (fixture, "a:pushed b:pushed ");
  g_assert_cmpuint (n_pushes (fixture), ==, 1);
  location_refreshed (fixture->location, binding);
  g_assert_cmpstr (fixture->trace->str, ==, "a:pushed b:pushed a:awake b:awake ");
  push_bucket_leave (first.ticket);
  push_bucket_leave (second.ticket);

  /* The attempt is over: the next call wakes the phone again. */
  enter (fixture, &first, binding, "c", 5);
  AWAIT (n_pushes (fixture) == 2);
  push_bucket_leave (first.ticket);
}

static void
test_asleep_again_while_somebody_waits (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Binding) binding = register_phone (fixture, "alice", "t1", 100);
  Waiter first, second;

  enter (fixture, &first, binding, "a", 5);
  await_trace (fixture, "a:pushed ");
  location_refreshed (fixture->location, binding);
  enter (fixture, &second, binding, "b", 5);
  AWAIT (n_pushes (fixture) == 2);
  push_bucket_leave (first.ticket);
  push_bucket_leave (second.ticket);
}

static void
test_refused (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Binding) binding = register_phone (fixture, "alice", "t1", 100);
  Waiter first, second;

  provider_fake_set_outcome (fixture->fake, PUSH_TOKEN_DEAD, 10);
  enter (fixture, &first, binding, "a", 5);
  enter (fixture, &second, binding, "b", 5);
  await_trace (fixture, "a:refused b:refused ");
  g_assert_null (first.ticket);
  g_assert_null (second.ticket);
}

static void
on_push_ended (Location *location, Binding *binding, gpointer user_data)
{
  Fixture *fixture = user_data;

  g_string_append (fixture->trace, "dead ");
}

static void
test_a_dead_token_ends_the_push (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Binding) binding = register_phone (fixture, "alice", "t1", 100);
  gint64 with_push = counters_get (COUNTER_BINDINGS_WITH_PUSH);
  Waiter waiter;

  g_signal_connect (fixture->location, "push-ended", G_CALLBACK (on_push_ended), fixture);
  push_bucket_set_repeat (fixture->bucket, (const guint[]){ 1, 0 });
  provider_fake_set_outcome (fixture->fake, PUSH_TOKEN_DEAD, 10);
  enter (fixture, &waiter, binding, "a", 5);
  await_trace (fixture, "dead a:refused ");
  g_assert_false (binding_has_push (binding));
  g_assert_true (location_has (fixture->location, binding));
  g_assert_cmpint (counters_get (COUNTER_BINDINGS_WITH_PUSH), ==, with_push - 1);
  turn (1000);
  g_assert_cmpuint (n_pushes (fixture), ==, 1);
}

static const PushRequest *
nth_push (Fixture *fixture, guint n)
{
  return g_ptr_array_index (provider_fake_requests (fixture->fake), n);
}

static void
test_repeated_then_taken_back (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Binding) binding = register_phone (fixture, "alice", "t1", 100);
  Waiter waiter;

  push_bucket_set_repeat (fixture->bucket, (const guint[]){ 1, 2, 9, 0 });
  enter (fixture, &waiter, binding, "a", 5);
  AWAIT (n_pushes (fixture) == 3);
  g_assert_cmpstr (fixture->trace->str, ==, "a:pushed ");
  g_assert_cmpstr (nth_push (fixture, 2)->collapse_key, ==, nth_push (fixture, 0)->collapse_key);
  g_assert_cmpstr (nth_push (fixture, 2)->id, ==, nth_push (fixture, 0)->id);
  g_assert_cmpuint (nth_push (fixture, 2)->ttl, <, 5);
  push_bucket_leave (waiter.ticket);
  AWAIT (n_pushes (fixture) == 4);
  g_assert_cmpint (nth_push (fixture, 3)->kind, ==, PUSH_KIND_CANCEL);
  g_assert_cmpstr (nth_push (fixture, 3)->id, !=, nth_push (fixture, 0)->id);
  g_assert_cmpstr (nth_push (fixture, 3)->collapse_key, ==, nth_push (fixture, 0)->collapse_key);
}

static void
test_push_ends_before_the_repetition (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Binding) binding = register_phone (fixture, "alice", "t1", 100);
  Waiter waiter;

  push_bucket_set_repeat (fixture->bucket, (const guint[]){ 2, 0 });
  enter (fixture, &waiter, binding, "a", 5);
  await_trace (fixture, "a:pushed ");
  location_end_push (fixture->location, binding);
  await_trace (fixture, "a:pushed a:refused ");
  g_assert_cmpuint (n_pushes (fixture), ==, 1);
}

static void
test_no_repetition_once_awake (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Binding) binding = register_phone (fixture, "alice", "t1", 100);
  Waiter waiter;

  push_bucket_set_repeat (fixture->bucket, (const guint[]){ 2, 0 });
  enter (fixture, &waiter, binding, "a", 5);
  await_trace (fixture, "a:pushed ");
  location_refreshed (fixture->location, binding);
  turn (2200);
  push_bucket_leave (waiter.ticket);
  turn (20);
  g_assert_cmpuint (n_pushes (fixture), ==, 1);
}

static void
test_a_repetition_may_do_better (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Binding) binding = register_phone (fixture, "alice", "t1", 100);
  Waiter waiter;

  push_bucket_set_repeat (fixture->bucket, (const guint[]){ 1, 0 });
  provider_fake_set_outcome (fixture->fake, PUSH_UNREACHABLE, 10);
  enter (fixture, &waiter, binding, "a", 5);
  AWAIT (n_pushes (fixture) == 1);
  provider_fake_set_outcome (fixture->fake, PUSH_ACCEPTED, 0);
  await_trace (fixture, "a:pushed ");
  g_assert_cmpuint (n_pushes (fixture), ==, 2);
  push_bucket_leave (waiter.ticket);
  turn (20);
}

static void
test_what_must_not_be_repeated_is_not (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Binding) binding = register_phone (fixture, "alice", "t1", 100);
  Waiter waiter;

  push_bucket_set_repeat (fixture->bucket, (const guint[]){ 1, 0 });
  provider_fake_set_final (fixture->fake);
  enter (fixture, &waiter, binding, "a", 5);
  await_trace (fixture, "a:pushed ");
  turn (1200);
  push_bucket_leave (waiter.ticket);
  turn (20);
  g_assert_cmpuint (n_pushes (fixture), ==, 1);
}

static void
test_timed_out (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Binding) binding = register_phone (fixture, "alice", "t1", 100);
  gint64 begun = clock_now ();
  Waiter waiter;

  provider_fake_set_silent (fixture->fake);
  enter (fixture, &waiter, binding, "a", 1);
  AWAIT (fixture->trace->len > 0);
  g_assert_cmpint (clock_now () - begun, >=, CLOCK_SECOND);
  g_assert_true (g_str_has_prefix (fixture->trace->str, "a:"));
  g_assert_null (waiter.ticket);
  turn (20);
}

static void
test_awake_before_the_push_is_answered (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Binding) binding = register_phone (fixture, "alice", "t1", 100);
  Waiter waiter;

  provider_fake_set_outcome (fixture->fake, PUSH_REFUSED, 50);
  enter (fixture, &waiter, binding, "a", 5);
  AWAIT (n_pushes (fixture) == 1);
  location_refreshed (fixture->location, binding);
  turn (100);
  g_assert_cmpstr (fixture->trace->str, ==, "a:awake ");
  push_bucket_leave (waiter.ticket);
}

static void
test_binding_goes (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Binding) binding = register_phone (fixture, "alice", "t1", 100);
  Waiter waiter;

  enter (fixture, &waiter, binding, "a", 5);
  await_trace (fixture, "a:pushed ");
  location_remove (fixture->location, binding, "removed by the test");
  g_assert_cmpstr (fixture->trace->str, ==, "a:pushed a:refused ");
  g_assert_false (location_has (fixture->location, binding));
  g_assert_null (location_find_token (fixture->location, "t1"));
}

static void
test_called_off (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Binding) binding = register_phone (fixture, "alice", "t1", 100);
  Waiter waiter;

  provider_fake_set_outcome (fixture->fake, PUSH_ACCEPTED, 30);
  enter (fixture, &waiter, binding, "a", 5);
  AWAIT (n_pushes (fixture) == 1);
  push_bucket_leave (waiter.ticket);
  turn (60);
  g_assert_cmpstr (fixture->trace->str, ==, "");
}

static void
test_two_phones_are_apart (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Binding) one = register_phone (fixture, "alice", "t1", 100);
  g_autoptr (Binding) two = register_phone (fixture, "alice", "t2", 100);
  Record *record = location_find_record (fixture->location, fixture->pbx, "sip:alice@anything");
  Waiter first, second;

  g_assert_nonnull (record);
  g_assert_cmpuint (record->bindings->len, ==, 2);
  enter (fixture, &first, one, "a", 5);
  enter (fixture, &second, two, "b", 5);
  AWAIT (n_pushes (fixture) == 2);
  location_refreshed (fixture->location, two);
  g_assert_true (g_str_has_suffix (fixture->trace->str, "b:awake "));
  g_assert_null (strstr (fixture->trace->str, "a:awake"));
  push_bucket_leave (first.ticket);
  push_bucket_leave (second.ticket);
}

static void
test_expiry (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Binding) early = register_phone (fixture, "alice", "t1", 1);
  g_autoptr (Binding) late = register_phone (fixture, "bob", "t2", 100);

  AWAIT (!location_has (fixture->location, early));
  g_assert_true (location_has (fixture->location, late));
  g_assert_null (location_find_record (fixture->location, fixture->pbx, early->aor));
  g_assert_true (location_find_flow (fixture->location, fixture->pbx, late->aor, fixture->flow) ==
                 late);
}

static void
test_renewal_takes_the_place (Fixture *fixture, gconstpointer data)
{
  gint64 before = counters_get (COUNTER_BINDINGS);
  g_autoptr (Binding) old = register_phone (fixture, "alice", "t1", 1);
  g_autoptr (Binding) new = register_phone (fixture, "alice", "t1", 100);

  g_assert_cmpint (counters_get (COUNTER_BINDINGS), ==, before + 1);
  turn (1100);
  g_assert_false (location_has (fixture->location, old));
  g_assert_true (location_find_token (fixture->location, "t1") == new);
  g_assert_true (record_is_stale (&(Binding){ .call_id = (gchar *) "x", .cseq = 5 }, "x", 5));
  g_assert_false (record_is_stale (&(Binding){ .call_id = (gchar *) "x", .cseq = 5 }, "x", 6));
  g_assert_false (record_is_stale (&(Binding){ .call_id = (gchar *) "x", .cseq = 5 }, "y", 1));
}

#define ADD(path, function)                                                                        \
  g_test_add ("/push-bucket/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  log_init ();
  ADD ("wake", test_wake);
  ADD ("second-joins", test_second_joins);
  ADD ("asleep-again", test_asleep_again_while_somebody_waits);
  ADD ("refused", test_refused);
  ADD ("a-dead-token-ends-the-push", test_a_dead_token_ends_the_push);
  ADD ("repeated-then-taken-back", test_repeated_then_taken_back);
  ADD ("push-ends-before-the-repetition", test_push_ends_before_the_repetition);
  ADD ("no-repetition-once-awake", test_no_repetition_once_awake);
  ADD ("a-repetition-may-do-better", test_a_repetition_may_do_better);
  ADD ("what-must-not-be-repeated-is-not", test_what_must_not_be_repeated_is_not);
  ADD ("timed-out", test_timed_out);
  ADD ("awake-before-answer", test_awake_before_the_push_is_answered);
  ADD ("binding-goes", test_binding_goes);
  ADD ("called-off", test_called_off);
  ADD ("two-phones", test_two_phones_are_apart);
  ADD ("expiry", test_expiry);
  ADD ("renewal", test_renewal_takes_the_place);
  return g_test_run ();
}
