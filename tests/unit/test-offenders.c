/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/clock.h"
#include "registrar/offenders.h"

#define LIMIT 3
#define SECONDS 600

static void
note (Offenders *offenders, const gchar *who, guint times)
{
  for (guint i = 0; i < times; i++)
    offenders_note (offenders, who);
}

static void
test_blocked_at_the_limit (void)
{
  Offenders *offenders = offenders_new (LIMIT, SECONDS);

  note (offenders, "192.0.2.1", LIMIT - 1);
  g_assert_cmpuint (offenders_blocked (offenders, "192.0.2.1"), ==, 0);
  note (offenders, "192.0.2.1", 1);
  g_assert_cmpuint (offenders_blocked (offenders, "192.0.2.1"), >, SECONDS - 10);
  g_assert_cmpuint (offenders_blocked (offenders, "192.0.2.2"), ==, 0);
  offenders_free (offenders);
}

static void
test_time_passes (void)
{
  Offenders *offenders = offenders_new (LIMIT, SECONDS);

  note (offenders, "a", LIMIT);
  clock_test_advance ((SECONDS - 10) * CLOCK_SECOND);
  g_assert_cmpuint (offenders_blocked (offenders, "a"), >, 0);
  g_assert_cmpuint (offenders_blocked (offenders, "a"), <=, 11);
  clock_test_advance (11 * CLOCK_SECOND);
  g_assert_cmpuint (offenders_blocked (offenders, "a"), ==, 0);
  note (offenders, "a", LIMIT - 1);
  g_assert_cmpuint (offenders_blocked (offenders, "a"), ==, 0);
  offenders_free (offenders);
}

static void
test_forgiven (void)
{
  Offenders *offenders = offenders_new (LIMIT, SECONDS);

  note (offenders, "a", LIMIT);
  offenders_forgive (offenders, "a");
  g_assert_cmpuint (offenders_blocked (offenders, "a"), ==, 0);
  offenders_forgive (offenders, "never seen");
  offenders_free (offenders);
}

static void
note_many (Offenders *offenders, guint first, guint count)
{
  for (guint i = first; i < first + count; i++) {
    g_autofree gchar *who = g_strdup_printf ("%u", i);

    offenders_note (offenders, who);
  }
}

static void
test_a_flood (void)
{
  Offenders *offenders = offenders_new (1, SECONDS);
  gint64 began;

  note_many (offenders, 0, 100000);
  g_assert_cmpuint (offenders_blocked (offenders, "99999"), >, 0);
  began = g_get_monotonic_time ();
  note_many (offenders, 100000, 20000);
  g_assert_cmpint (g_get_monotonic_time () - began, <, 5 * G_TIME_SPAN_SECOND);
  g_assert_cmpuint (offenders_blocked (offenders, "119999"), ==, 0);
  clock_test_advance (SECONDS * CLOCK_SECOND);
  note_many (offenders, 120000, 1);
  g_assert_cmpuint (offenders_blocked (offenders, "120000"), >, 0);
  offenders_free (offenders);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/offenders/blocked-at-the-limit", test_blocked_at_the_limit);
  g_test_add_func ("/offenders/time-passes", test_time_passes);
  g_test_add_func ("/offenders/forgiven", test_forgiven);
  g_test_add_func ("/offenders/flood", test_a_flood);
  return g_test_run ();
}
