/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/clock.h"
#include "base/counters.h"

#include <glib.h>

#define ROUNDS 100000

static gpointer
count_up (gpointer data)
{
  for (int i = 0; i < ROUNDS; i++)
    counters_inc (COUNTER_CALLS_IN);
  return NULL;
}

static void
test_threads_lose_nothing (void)
{
  GThread *threads[4];

  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("count", count_up, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_assert_cmpint (counters_get (COUNTER_CALLS_IN), ==, 4 * ROUNDS);
}

static void
test_every_counter_has_its_own_name (void)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  for (int i = 0; i < N_COUNTERS; i++) {
    g_assert_nonnull (counters_name (i));
    g_assert_true (g_hash_table_add (seen, (gpointer) counters_name (i)));
  }
}

static void
test_clock_advances (void)
{
  gint64 before = clock_now (), wall = clock_wall ();

  clock_test_advance (3600 * CLOCK_SECOND);
  g_assert_cmpint (clock_now () - before, >=, 3600 * CLOCK_SECOND);
  g_assert_cmpint (clock_wall () - wall, >=, 3600);
  g_assert_cmpuint (clock_jitter (0), ==, 0);
  for (int i = 0; i < 100; i++)
    g_assert_cmpuint (clock_jitter (7), <, 7);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/counters/threads-lose-nothing", test_threads_lose_nothing);
  g_test_add_func ("/counters/every-counter-has-its-own-name", test_every_counter_has_its_own_name);
  g_test_add_func ("/clock/advances", test_clock_advances);
  return g_test_run ();
}
