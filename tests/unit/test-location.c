/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/clock.h"
#include "lone-stack.h"
#include "registrar/location.h"

typedef struct {
  SipStack *stack;
  SipFlow *flow;
  Pbx *office;
  Pbx *lab;
  Location *location;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  static const gchar *const office[] = { "pbx.example.com", NULL };
  static const gchar *const lab[] = { "lab.example.com", NULL };

  fixture->stack = lone_stack_new (SIP_SIDE_PHONES);
  fixture->flow = lone_flow_to_nobody (fixture->stack);
  fixture->office = pbx_new ("office", office, 3600, NULL);
  fixture->lab = pbx_new ("lab", lab, 3600, NULL);
  fixture->location = location_new ();
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_object_unref (fixture->location);
  pbx_free (fixture->lab);
  pbx_free (fixture->office);
  sip_flow_unref (fixture->flow);
  sip_stack_free (fixture->stack);
}

static Binding *
register_phone (Fixture *fixture, Pbx *pbx, const gchar *token, gint64 lifetime)
{
  Binding *binding = binding_new (pbx, token, "sip:alice@pbx.example.com");

  binding->push = g_new0 (PnParams, 1);
  binding->push->kind = PN_PUSH;
  binding->flow = sip_flow_ref (fixture->flow);
  binding->expires = clock_now () + lifetime;
  location_put (fixture->location, binding);
  binding_unref (binding); /* the location has it */
  return binding;
}

static void
assert_counts (Fixture *fixture, guint office, guint lab)
{
  g_assert_cmpuint (location_count_pbx (fixture->location, fixture->office), ==, office);
  g_assert_cmpuint (location_count_pbx (fixture->location, fixture->lab), ==, lab);
  g_assert_cmpuint (location_count (fixture->location), ==, office + lab);
  g_assert_cmpuint (location_count_source (fixture->location, "127.0.0.1"), ==, office + lab);
}

/* A phone counts where it is registered, once, however often it comes back, until it is gone. */
static void
test_counts (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Binding) binding = NULL;

  assert_counts (fixture, 0, 0);
  register_phone (fixture, fixture->lab, "brief", CLOCK_SECOND / 20);
  register_phone (fixture, fixture->office, "one", 60 * CLOCK_SECOND);
  register_phone (fixture, fixture->office, "two", 60 * CLOCK_SECOND);
  assert_counts (fixture, 2, 1);
  binding = binding_ref (register_phone (fixture, fixture->office, "one", 60 * CLOCK_SECOND));
  assert_counts (fixture, 2, 1);
  location_end_push (fixture->location, binding);
  assert_counts (fixture, 2, 1);
  location_remove (fixture->location, binding, "removed by the test");
  assert_counts (fixture, 1, 1);
  while (location_count_pbx (fixture->location, fixture->lab) > 0)
    g_main_context_iteration (NULL, TRUE);
  assert_counts (fixture, 1, 0);
}

/* Who comes later may well go earlier. */
static void
test_a_short_one_after_a_long_one (Fixture *fixture, gconstpointer data)
{
  gint64 limit = g_get_monotonic_time () + 5 * G_TIME_SPAN_SECOND;

  register_phone (fixture, fixture->office, "long", 60 * CLOCK_SECOND);
  register_phone (fixture, fixture->lab, "short", CLOCK_SECOND / 20);
  while (location_count_pbx (fixture->location, fixture->lab) > 0) {
    g_assert_cmpint (g_get_monotonic_time (), <, limit);
    g_main_context_iteration (NULL, FALSE);
    g_usleep (1000);
  }
  assert_counts (fixture, 1, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/location/counts", Fixture, NULL, set_up, test_counts, tear_down);
  g_test_add ("/location/a-short-one-after-a-long-one", Fixture, NULL, set_up,
              test_a_short_one_after_a_long_one, tear_down);
  return g_test_run ();
}
