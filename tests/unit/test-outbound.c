/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Phones with several flows, each of which was granted a time of its own. */
#include "base/clock.h"
#include "registrar/location.h"
#include "registrar/outbound.h"

#include "lone-stack.h"

typedef struct {
  SipStack *stack;
  Pbx *pbx;
  Location *location;
  guint refreshed;
  guint removed;
} Fixture;

static void
count (Location *location, Binding *binding, gpointer counter)
{
  ++*(guint *) counter;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  static const gchar *const domains[] = { "pbx.example.com", NULL };

  fixture->stack = lone_stack_new (SIP_SIDE_PHONES);
  fixture->pbx = pbx_new ("office", domains, 3600, NULL);
  fixture->location = location_new ();
  g_signal_connect (fixture->location, "refreshed", G_CALLBACK (count), &fixture->refreshed);
  g_signal_connect (fixture->location, "removed", G_CALLBACK (count), &fixture->removed);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_object_unref (fixture->location);
  pbx_free (fixture->pbx);
  sip_stack_free (fixture->stack);
}

static Binding *
make_way (Fixture *fixture, guint reg_id, gint64 milliseconds)
{
  SipListener *listener = g_ptr_array_index (sip_stack_listeners (fixture->stack), 0);
  Binding *way = binding_new (fixture->pbx, "t1", "sip:alice@pbx.example.com");

  way->flow = sip_flow_to_address (listener, "127.0.0.1", 9 + reg_id);
  outbound_set (way, NULL, reg_id, NULL);
  way->expires = clock_now () + milliseconds * G_TIME_SPAN_MILLISECOND;
  return way;
}

/* Makes the second flow of a phone from its first. */
static Binding *
add_way (Fixture *fixture, Binding *first, gint64 milliseconds)
{
  Binding *second = make_way (fixture, 2, milliseconds);

  outbound_inherit (second, first);
  return second;
}

static void
wait_until (const guint *counter)
{
  gint64 until = g_get_monotonic_time () + 5 * G_TIME_SPAN_SECOND;

  while (*counter == 0) {
    g_assert_cmpint (g_get_monotonic_time (), <, until);
    g_main_context_iteration (NULL, TRUE);
  }
}

static void
test_the_longer_flow_stays (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Binding) first = make_way (fixture, 1, 3600 * 1000);
  g_autoptr (Binding) second = add_way (fixture, first, 20);

  location_put (fixture->location, second);
  wait_until (&fixture->refreshed);
  g_assert_cmpuint (fixture->removed, ==, 0);
  g_assert_true (location_find_token (fixture->location, "t1") == first);
  g_assert_false (outbound_has_other (first, 1));
}

static void
test_flows_that_are_over_together_go_together (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Binding) first = make_way (fixture, 1, 20);
  g_autoptr (Binding) second = add_way (fixture, first, 20);

  second->expires = first->expires;
  location_put (fixture->location, second);
  wait_until (&fixture->removed);
  g_assert_cmpuint (fixture->refreshed, ==, 0);
  g_assert_cmpuint (location_count (fixture->location), ==, 0);
}

static void
test_a_flow_that_is_over_is_no_way (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Binding) first = make_way (fixture, 1, 100 * 1000);
  g_autoptr (Binding) second = add_way (fixture, first, 300 * 1000);

  g_assert_true (outbound_open (second, NULL) == second);
  g_assert_true (outbound_open (second, second->flow) == first);
  g_assert_true (outbound_has_other (second, 2));
  clock_test_advance (200 * CLOCK_SECOND);
  g_assert_true (outbound_open (second, NULL) == second);
  g_assert_null (outbound_open (second, second->flow));
  g_assert_false (outbound_has_other (second, 2));
  g_assert_true (outbound_has_other (second, 1));
  g_assert_null (outbound_drop (second, 2));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add ("/outbound/" name, Fixture, NULL, set_up, func, tear_down)
  ADD ("longer", test_the_longer_flow_stays);
  ADD ("together", test_flows_that_are_over_together_go_together);
  ADD ("over", test_a_flow_that_is_over_is_no_way);
  return g_test_run ();
}
