/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Phones that must renew their registration themselves, with hours that pass in a moment. */
#include "base/clock.h"
#include "base/log.h"
#include "push/provider-fake.h"
#include "wake/refresh.h"

#include "lone-stack.h"
#include "store-disk.h"

typedef struct {
  gchar *directory;
  Store *store;
  AccountBook *accounts;
  SipStack *stack;
  SipFlow *flow;
  Pbx *pbx;
  ProviderFake *fake;
  PushService *service;
  Location *location;
  Upstream *upstream;
  Keeper *keeper;
  Refresh *refresh;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  static const gchar *const domains[] = { "pbx.example.com", NULL };
  g_autoptr (GError) error = NULL;

  fixture->directory = disk_make_dir ();
  fixture->store = store_open (fixture->directory, &error);
  g_assert_no_error (error);
  fixture->accounts = account_book_new (fixture->store, fixture->directory, &error);
  g_assert_no_error (error);
  fixture->stack = lone_stack_new (SIP_SIDE_PHONES);
  fixture->flow = lone_flow_to_nobody (fixture->stack);
  fixture->pbx = pbx_new ("office", domains, 3600, NULL);
  fixture->fake = provider_fake_new ("fake");
  fixture->service = push_service_new ();
  push_service_add (fixture->service, PUSH_PROVIDER (fixture->fake));
  fixture->location = location_new ();
  fixture->upstream = upstream_new ();
  fixture->keeper = keeper_new (fixture->upstream, fixture->location, fixture->accounts);
  fixture->refresh = refresh_new (fixture->location, fixture->keeper, fixture->service);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  refresh_free (fixture->refresh);
  keeper_free (fixture->keeper);
  upstream_free (fixture->upstream);
  g_object_unref (fixture->location);
  g_object_unref (fixture->service);
  g_object_unref (fixture->fake);
  pbx_free (fixture->pbx);
  sip_flow_unref (fixture->flow);
  sip_stack_free (fixture->stack);
  account_book_free (fixture->accounts);
  disk_stop (fixture->store);
  disk_remove_dir (fixture->directory);
  g_free (fixture->directory);
}

static Binding *
register_at (Fixture *fixture, const gchar *provider, gint64 seconds, const gchar *voip_token)
{
  Binding *binding = binding_new (fixture->pbx, "t1", "sip:alice@pbx.example.com");

  binding->push = g_new0 (PnParams, 1);
  binding->push->kind = PN_PUSH;
  binding->push->provider = g_strdup (provider);
  binding->push->prid = g_strdup ("token");
  binding->push->voip_token = g_strdup (voip_token);
  binding->flow = sip_flow_ref (fixture->flow);
  binding->registered = clock_now ();
  binding->expires = binding->registered + seconds * CLOCK_SECOND;
  location_put (fixture->location, binding);
  location_refreshed (fixture->location, binding);
  return binding;
}

static Binding *
register_phone (Fixture *fixture, gint64 seconds, const gchar *voip_token)
{
  return register_at (fixture, voip_token ? "apns" : "fake", seconds, voip_token);
}

#define LATE_SEED 3 /* has the phones of a PBX that lost all woken late in their five seconds */
#define UNDER_WAY_MS 1000 /* until the answer: time enough for what comes before it */

static void
wait_for_answer (void)
{
  g_usleep ((UNDER_WAY_MS + 20) * 1000);
}

static guint
pushes_after (Fixture *fixture, gint64 seconds)
{
  clock_test_advance (seconds * CLOCK_SECOND);
  for (guint i = 0; i < 20; i++)
    g_main_context_iteration (NULL, FALSE);
  return provider_fake_requests (fixture->fake)->len;
}

static void
test_pushed_in_time (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Binding) binding = register_phone (fixture, 3600, NULL);
  const PushRequest *request;

  g_assert_null (binding->at_risk);
  g_assert_cmpuint (pushes_after (fixture, 3600 - 120 - 65), ==, 0);
  g_assert_cmpuint (pushes_after (fixture, 65), ==, 1);
  request = g_ptr_array_index (provider_fake_requests (fixture->fake), 0);
  g_assert_cmpint (request->kind, ==, PUSH_KIND_REFRESH);
  g_assert_cmpstr (request->pbx, ==, pbx_name (binding->pbx));
  g_assert_cmpuint (pushes_after (fixture, 100), ==, 1);
}

static void
test_woken_when_the_pbx_lost_all (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Binding) binding = register_phone (fixture, 3600, NULL);
  static const gchar *const domains[] = { "other.example.com", NULL };
  Pbx *other = pbx_new ("other", domains, 3600, NULL);

  refresh_pbx_lost (fixture->refresh, other);
  g_assert_cmpuint (pushes_after (fixture, 6), ==, 0);
  refresh_pbx_lost (fixture->refresh, fixture->pbx);
  g_assert_cmpuint (pushes_after (fixture, 6), ==, 1);
  pbx_free (other);
}

static void
test_calls_only_token_is_left_when_the_pbx_lost_all (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Binding) binding = register_phone (fixture, 3600, "voip");

  refresh_pbx_lost (fixture->refresh, fixture->pbx);
  g_assert_cmpuint (pushes_after (fixture, 6), ==, 0);
}

static void
test_renewed_phone_is_left_alone (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Binding) old = register_phone (fixture, 3600, NULL);
  g_autoptr (Binding) new = NULL;

  g_assert_cmpuint (pushes_after (fixture, 1800), ==, 0);
  new = register_phone (fixture, 3600, NULL);
  g_assert_cmpuint (pushes_after (fixture, 1800), ==, 0);
  g_assert_cmpuint (pushes_after (fixture, 1700), ==, 1);
}

/* The PBX grants less than the last time. */
static void
test_renewed_for_less (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Binding) old = register_phone (fixture, 3600, NULL);
  g_autoptr (Binding) new = register_phone (fixture, 600, NULL);

  g_assert_cmpuint (pushes_after (fixture, 600 - 120 - 65), ==, 0);
  g_assert_cmpuint (pushes_after (fixture, 65), ==, 1);
  g_assert_cmpuint (pushes_after (fixture, 3600), ==, 1);
}

static void
test_phone_that_left_is_left_alone (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Binding) binding = register_phone (fixture, 3600, NULL);

  location_remove (fixture->location, binding, "removed by the test");
  g_assert_cmpuint (pushes_after (fixture, 4000), ==, 0);
}

static void
test_never_rings_for_a_refresh (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Binding) binding = register_phone (fixture, 3600, "voip-token");

  g_assert_nonnull (binding->at_risk);
  g_assert_cmpuint (pushes_after (fixture, 3590), ==, 0);
}

static void
test_too_little_time (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Binding) binding = register_phone (fixture, 60, NULL);

  g_assert_nonnull (binding->at_risk);
  g_assert_cmpuint (pushes_after (fixture, 59), ==, 0);
}

/* Phones that a start has found on the disk, with so many seconds left of their hour. */
static void
resume (Fixture *fixture, guint count, gint64 left)
{
  for (guint i = 0; i < count; i++) {
    g_autofree gchar *token = g_strdup_printf ("t%u", i);
    g_autoptr (Binding) binding = binding_new (fixture->pbx, token, "sip:alice@pbx.example.com");

    binding->push = g_new0 (PnParams, 1);
    binding->push->kind = PN_PUSH;
    binding->push->provider = g_strdup ("fake");
    binding->push->prid = g_strdup (token);
    binding->flow = sip_flow_ref (fixture->flow);
    binding->expires = clock_now () + left * CLOCK_SECOND;
    binding->registered = binding->expires - 3600 * CLOCK_SECOND;
    location_put (fixture->location, binding);
  }
  refresh_resume (fixture->refresh);
}

static void
test_a_start_that_is_late (Fixture *fixture, gconstpointer data)
{
  resume (fixture, 1000, 100);
  g_assert_null (location_find_token (fixture->location, "t0")->at_risk);
  g_assert_cmpuint (pushes_after (fixture, 1), <, 100);
  g_assert_cmpuint (pushes_after (fixture, 24), >, 300);
  g_assert_cmpuint (pushes_after (fixture, 26), ==, 1000);
}

/* Those whose time ends are not to wait for the others of a PBX that lost all. */
static void
test_a_late_start_and_the_pbx_lost_all (Fixture *fixture, gconstpointer data)
{
  resume (fixture, 3000, 100);
  refresh_pbx_lost (fixture->refresh, fixture->pbx);
  g_assert_cmpuint (pushes_after (fixture, 51), ==, 3000);
}

static void
test_a_start_with_time_left (Fixture *fixture, gconstpointer data)
{
  resume (fixture, 1, 200);
  g_assert_cmpuint (pushes_after (fixture, 15), ==, 0);
  g_assert_cmpuint (pushes_after (fixture, 66), ==, 1);
}

/* It says so when the push would have been due, and no more once the phone has come by itself. */
static void
test_no_silent_push_is_left (Fixture *fixture, gconstpointer data)
{
  const PushLimitsOptions options = { .per_second = 9, .per_minute = 9, .silent_per_hour = 1 };
  g_autoptr (ProviderFake) limited = provider_fake_new ("limited");
  g_autoptr (Binding) binding = NULL, renewed = NULL;

  push_service_add_limited (fixture->service, "limited", PUSH_PROVIDER (limited),
                            push_limits_new (&options));
  binding = register_at (fixture, "limited", 300, NULL);
  pushes_after (fixture, 181);
  g_assert_cmpuint (provider_fake_requests (limited)->len, ==, 1);
  g_assert_null (binding->at_risk);
  renewed = register_at (fixture, "limited", 300, NULL);
  g_assert_null (renewed->at_risk);
  pushes_after (fixture, 181);
  g_assert_cmpuint (provider_fake_requests (limited)->len, ==, 1);
  g_assert_nonnull (strstr (renewed->at_risk, "no silent push"));
  binding_unref (register_at (fixture, "limited", 300, NULL));
  g_assert_null (location_find_token (fixture->location, "t1")->at_risk);
}

static void
test_a_dead_token (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Binding) binding = register_phone (fixture, 3600, NULL);

  provider_fake_set_outcome (fixture->fake, PUSH_TOKEN_DEAD, 0);
  g_assert_cmpuint (pushes_after (fixture, 3600 - 120), ==, 1);
  g_assert_false (binding_has_push (binding));
}

/* The phone has come with another token while the push was under way. */
static void
test_a_dead_token_of_before (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Binding) binding = register_phone (fixture, 3600, NULL), renewed = NULL;

  provider_fake_set_outcome (fixture->fake, PUSH_TOKEN_DEAD, UNDER_WAY_MS);
  g_assert_cmpuint (pushes_after (fixture, 3600 - 120), ==, 1);
  renewed = register_phone (fixture, 3600, NULL);
  wait_for_answer ();
  pushes_after (fixture, 0);
  g_assert_true (binding_has_push (renewed) && binding_has_push (binding));
}

/* With three minutes left: at once, after 15 to 19 seconds and after 30 to 38 more. */
static void
test_failed_push_is_tried_again (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Binding) binding = register_phone (fixture, 3600, NULL);

  provider_fake_set_outcome (fixture->fake, PUSH_UNREACHABLE, 0);
  g_assert_cmpuint (pushes_after (fixture, 3600 - 120), ==, 1);
  g_assert_cmpuint (pushes_after (fixture, 11), ==, 1);
  g_assert_cmpuint (pushes_after (fixture, 8), ==, 2);
  g_assert_null (binding->at_risk);
  provider_fake_set_outcome (fixture->fake, PUSH_ACCEPTED, 0);
  g_assert_cmpuint (pushes_after (fixture, 26), ==, 2);
  g_assert_cmpuint (pushes_after (fixture, 12), ==, 3);
  g_assert_cmpuint (pushes_after (fixture, 60), ==, 3);
  g_assert_null (binding->at_risk);
}

/* Why is the same in all these cases, from 120 seconds before the end on, and so is how often: at
 * once, at 15 to 19, at 45 to 56, and at 105 to 131, for which it may be too late. */
static void
test_no_push_gets_through (Fixture *fixture, gconstpointer data)
{
  static const PushOutcome outcomes[] = { PUSH_CREDENTIALS, PUSH_UNREACHABLE, PUSH_TIMED_OUT,
                                          PUSH_QUEUE_FULL };

  for (guint i = 0; i < G_N_ELEMENTS (outcomes); i++) {
    g_autoptr (Binding) binding = NULL;
    guint before = pushes_after (fixture, 0), sent;

    provider_fake_set_outcome (fixture->fake, outcomes[i], 0);
    binding = register_phone (fixture, 3600, NULL);
    g_assert_null (binding->at_risk);
    g_assert_cmpuint (pushes_after (fixture, 3600 - 120), ==, before + 1);
    for (guint second = 0; second < 109; second++)
      pushes_after (fixture, 1);
    sent = pushes_after (fixture, 0);
    g_assert_true (sent == before + 3 || sent == before + 4);
    g_assert_nonnull (strstr (binding->at_risk, "no push gets through"));
    g_assert_cmpuint (pushes_after (fixture, 10), ==, sent);
  }
}

static void
test_a_refused_push_is_not_tried_again (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Binding) binding = register_phone (fixture, 3600, NULL);

  provider_fake_set_outcome (fixture->fake, PUSH_REFUSED, 0);
  g_assert_cmpuint (pushes_after (fixture, 3600 - 120), ==, 1);
  g_assert_nonnull (strstr (binding->at_risk, "refuses"));
  g_assert_cmpuint (pushes_after (fixture, 110), ==, 1);
}

static void
test_follows_retry_after (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Binding) binding = register_phone (fixture, 3600, NULL);

  provider_fake_set_outcome (fixture->fake, PUSH_RATE_LIMITED, 0);
  provider_fake_set_retry_after (fixture->fake, 60);
  g_assert_cmpuint (pushes_after (fixture, 3600 - 120), ==, 1);
  g_assert_cmpuint (pushes_after (fixture, 56), ==, 1);
  g_assert_null (binding->at_risk);
  g_assert_cmpuint (pushes_after (fixture, 8), ==, 2);
  g_assert_nonnull (binding->at_risk);
  g_assert_cmpuint (pushes_after (fixture, 50), ==, 2);
}

/* Nor is it asked sooner because the PBX has forgotten the phone, before its answer or after. */
static void
test_follows_retry_after_though_the_pbx_lost_all (Fixture *fixture, gconstpointer data)
{
  gboolean before = GPOINTER_TO_INT (data);
  g_autoptr (Binding) binding = register_phone (fixture, 3600, NULL);

  provider_fake_set_outcome (fixture->fake, PUSH_RATE_LIMITED, before ? 50 : 0);
  provider_fake_set_retry_after (fixture->fake, 600);
  refresh_pbx_lost (fixture->refresh, fixture->pbx);
  g_assert_cmpuint (pushes_after (fixture, 6), ==, 1);
  g_random_set_seed (LATE_SEED);
  refresh_pbx_lost (fixture->refresh, fixture->pbx);
  g_usleep (60 * 1000);
  g_assert_cmpuint (pushes_after (fixture, 0), ==, 1);
  g_assert_cmpuint (pushes_after (fixture, 590), ==, 1);
  g_assert_cmpuint (pushes_after (fixture, 30), ==, 2);
  g_assert_null (binding->at_risk);
}

/* The service had its pushes for this second: that says nothing of the phone's own. */
static void
test_a_busy_second (Fixture *fixture, gconstpointer data)
{
  const PushLimitsOptions options = { .per_second = 1, .per_minute = 9, .silent_per_hour = 1 };
  g_autoptr (ProviderFake) limited = provider_fake_new ("limited");
  g_autoptr (PushRequest) other = push_request_new (PUSH_KIND_CALL, "limited");
  g_autoptr (Binding) binding = NULL;

  push_service_add_limited (fixture->service, "limited", PUSH_PROVIDER (limited),
                            push_limits_new (&options));
  binding = register_at (fixture, "limited", 3600, NULL);
  clock_test_advance ((3600 - 120) * CLOCK_SECOND);
  push_service_send_async (fixture->service, other, 1000, NULL, NULL, NULL);
  pushes_after (fixture, 0);
  g_assert_cmpuint (provider_fake_requests (limited)->len, ==, 1);
  g_assert_null (binding->at_risk);
  pushes_after (fixture, 19);
  g_assert_cmpuint (provider_fake_requests (limited)->len, ==, 2);
}

/* It renews while its push fails: what it has from then on is a plan of its own. */
static void
test_renewed_while_a_push_fails (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Binding) binding = register_phone (fixture, 3600, NULL), renewed = NULL;

  provider_fake_set_outcome (fixture->fake, PUSH_UNREACHABLE, UNDER_WAY_MS);
  g_assert_cmpuint (pushes_after (fixture, 3600 - 120), ==, 1);
  renewed = register_phone (fixture, 3600, NULL);
  wait_for_answer ();
  g_assert_cmpuint (pushes_after (fixture, 0), ==, 1);
  g_assert_cmpuint (pushes_after (fixture, 3600 - 120 - 65), ==, 1);
  g_assert_cmpuint (pushes_after (fixture, 65), ==, 2);
  g_assert_null (renewed->at_risk);
}

/* Woken early and not come, as when it had no network: its time comes nevertheless. */
static void
test_pushed_in_time_after_the_pbx_lost_all (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Binding) binding = register_phone (fixture, 3600, NULL);

  refresh_pbx_lost (fixture->refresh, fixture->pbx);
  g_assert_cmpuint (pushes_after (fixture, 6), ==, 1);
  g_assert_cmpuint (pushes_after (fixture, 3600 - 120 - 65 - 6), ==, 1);
  g_assert_cmpuint (pushes_after (fixture, 65), ==, 2);
  g_assert_cmpuint (pushes_after (fixture, 100), ==, 2);
}

static void
add_account (Fixture *fixture)
{
  g_autoptr (Account) account = account_new (fixture->pbx, "sip:alice@pbx.example.com", "alice");

  account->realm = g_strdup ("pbx");
  account->ha1 = digest_ha1 (DIGEST_MD5, "alice", "pbx", "secret");
  account_book_put_async (fixture->accounts, account, NULL, NULL);
}

static void
test_accounts_need_no_push (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Binding) binding = register_phone (fixture, 3600, "voip-token");

  g_assert_nonnull (binding->at_risk);
  add_account (fixture);
  keeper_resume (fixture->keeper);
  location_refreshed (fixture->location, binding);
  g_assert_null (binding->at_risk);
  refresh_pbx_lost (fixture->refresh, fixture->pbx);
  g_assert_cmpuint (pushes_after (fixture, 3590), ==, 0);
}

/* Until the phone has come and proved that it is the account's, nobody keeps its registration. */
static void
test_an_account_that_comes_later (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Binding) binding = NULL;

  add_account (fixture);
  binding = register_phone (fixture, 3600, NULL);
  refresh_pbx_lost (fixture->refresh, fixture->pbx);
  g_assert_cmpuint (pushes_after (fixture, 6), ==, 1);
  g_assert_cmpuint (pushes_after (fixture, 3590), ==, 2);
}

static void
test_woken_when_its_time_is_cut (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Binding) binding = register_phone (fixture, 86400, NULL);

  location_shorten (fixture->location, binding, clock_now () + 172800 * CLOCK_SECOND);
  g_assert_cmpuint (pushes_after (fixture, 6), ==, 0);
  location_shorten (fixture->location, binding, clock_now () + 3600 * CLOCK_SECOND);
  g_assert_cmpuint (pushes_after (fixture, 6), ==, 1);
}

static void
test_at_risk_when_its_time_is_cut (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Binding) binding = register_phone (fixture, 86400, "voip");

  binding->at_risk = NULL;
  location_shorten (fixture->location, binding, clock_now () + 3600 * CLOCK_SECOND);
  g_assert_cmpuint (pushes_after (fixture, 6), ==, 0);
  g_assert_nonnull (binding->at_risk);
}

#define ADD_FOR(data, path, function)                                                              \
  g_test_add ("/refresh/" path, Fixture, GINT_TO_POINTER (data), set_up, function, tear_down)
#define ADD(path, function) ADD_FOR (0, path, function)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  log_init ();
  ADD ("in-time", test_pushed_in_time);
  ADD ("renewed", test_renewed_phone_is_left_alone);
  ADD ("renewed-for-less", test_renewed_for_less);
  ADD ("left", test_phone_that_left_is_left_alone);
  ADD ("never-rings", test_never_rings_for_a_refresh);
  ADD ("too-little-time", test_too_little_time);
  ADD ("no-silent-push-is-left", test_no_silent_push_is_left);
  ADD ("dead-token", test_a_dead_token);
  ADD ("dead-token-of-before", test_a_dead_token_of_before);
  ADD ("tried-again", test_failed_push_is_tried_again);
  ADD ("no-push-gets-through", test_no_push_gets_through);
  ADD ("refused", test_a_refused_push_is_not_tried_again);
  ADD ("retry-after", test_follows_retry_after);
  ADD_FOR (FALSE, "retry-after-and-pbx-lost", test_follows_retry_after_though_the_pbx_lost_all);
  ADD_FOR (TRUE, "pbx-lost-and-retry-after", test_follows_retry_after_though_the_pbx_lost_all);
  ADD ("busy-second", test_a_busy_second);
  ADD ("renewed-while-a-push-fails", test_renewed_while_a_push_fails);
  ADD ("a-start-that-is-late", test_a_start_that_is_late);
  ADD ("a-start-that-is-late-and-pbx-lost", test_a_late_start_and_the_pbx_lost_all);
  ADD ("a-start-with-time-left", test_a_start_with_time_left);
  ADD ("cut", test_woken_when_its_time_is_cut);
  ADD ("cut-calls-only", test_at_risk_when_its_time_is_cut);
  ADD ("pbx-lost", test_woken_when_the_pbx_lost_all);
  ADD ("pbx-lost-and-not-come", test_pushed_in_time_after_the_pbx_lost_all);
  ADD ("pbx-lost-calls-only", test_calls_only_token_is_left_when_the_pbx_lost_all);
  ADD ("account", test_accounts_need_no_push);
  ADD ("account-that-comes-later", test_an_account_that_comes_later);
  return g_test_run ();
}
