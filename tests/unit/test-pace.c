/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "registrar/pace.h"

#define TRIES 200

static void
test_refresh_comes_in_time (void)
{
  for (guint i = 0; i < TRIES; i++) {
    gint64 ms = pace_refresh_ms (3600);

    g_assert_cmpint (ms, >=, 3600 * 699);
    g_assert_cmpint (ms, <=, 3600 * 800);
  }
}

static void
test_retries_back_off (void)
{
  for (guint i = 0; i < TRIES; i++) {
    g_assert_cmpint (pace_retry_ms (0, 0), >=, 5000);
    g_assert_cmpint (pace_retry_ms (0, 0), <=, 6250);
    g_assert_cmpint (pace_retry_ms (3, 0), >=, 40000);
    g_assert_cmpint (pace_retry_ms (1000, 0), <=, 375000);
  }
}

static void
test_the_pbx_is_heard (void)
{
  g_assert_cmpint (pace_retry_ms (0, 60), >=, 60000);
  g_assert_cmpint (pace_retry_ms (0, G_MAXULONG), <=, 4500000);
}

static void
test_many_take_longer (void)
{
  g_assert_cmpuint (pace_spread_ms (0), ==, 5000);
  g_assert_cmpuint (pace_spread_ms (10000), ==, 205000);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/pace/refresh-comes-in-time", test_refresh_comes_in_time);
  g_test_add_func ("/pace/retries-back-off", test_retries_back_off);
  g_test_add_func ("/pace/the-pbx-is-heard", test_the_pbx_is_heard);
  g_test_add_func ("/pace/many-take-longer", test_many_take_longer);
  return g_test_run ();
}
