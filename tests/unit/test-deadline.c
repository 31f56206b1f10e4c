/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/clock.h"
#include "base/deadline.h"

#include <time.h>

typedef struct {
  GString *trace;
  GMainLoop *loop;
  Deadline *victim;
} Fixture;

static Fixture fixture;

static void
on_a (gpointer letter)
{
  g_string_append (fixture.trace, letter);
}

static void
on_end (gpointer letter)
{
  g_string_append (fixture.trace, letter);
  g_main_loop_quit (fixture.loop);
}

static void
on_call_off (gpointer letter)
{
  g_string_append (fixture.trace, letter);
  deadline_clear (&fixture.victim);
}

static void
on_another (gpointer letter)
{
  g_string_append (fixture.trace, letter);
  deadline_new (0, on_a, (gpointer) "z");
}

/* The seconds pass in a moment, one after the other, and then there is a little to wait for. */
static void
run (guint seconds, const gchar *expected)
{
  deadline_new (seconds * 1000 + 20, on_end, (gpointer) ".");
  for (guint second = 0; second < seconds; second++) {
    clock_test_advance (CLOCK_SECOND);
    while (g_main_context_iteration (NULL, FALSE))
      continue;
  }
  g_main_loop_run (fixture.loop);
  g_assert_cmpstr (fixture.trace->str, ==, expected);
  g_string_truncate (fixture.trace, 0);
}

static void
test_order (void)
{
  deadline_new (3000, on_a, (gpointer) "c");
  deadline_new (1000, on_a, (gpointer) "a");
  deadline_new (2000, on_a, (gpointer) "b");
  run (4, "abc.");
}

static void
test_called_off (void)
{
  Deadline *first = deadline_new (1000, on_a, (gpointer) "a");

  deadline_new (2000, on_a, (gpointer) "b");
  deadline_clear (&first);
  g_assert_null (first);
  deadline_clear (&first);
  run (4, "b.");
}

static void
test_called_off_by_another (void)
{
  deadline_new (1000, on_call_off, (gpointer) "x");
  fixture.victim = deadline_new (1000, on_a, (gpointer) "never");
  run (4, "x.");
}

static void
test_new_one_from_within (void)
{
  deadline_new (1000, on_another, (gpointer) "y");
  run (4, "yz.");
}

static void
on_number (gpointer number)
{
  static guint last;

  g_assert_cmpuint (GPOINTER_TO_UINT (number), >, last);
  last = GPOINTER_TO_UINT (number);
  g_string_append_c (fixture.trace, '+');
}

/* Six times, a hundred at each, in the order in which they were made; a third is called off. */
static void
test_order_of_many (void)
{
  Deadline *third[200];
  g_autofree gchar *left = g_strnfill (400, '+');
  g_autofree gchar *expected = g_strconcat (left, ".", NULL);

  for (guint i = 0; i < 600; i++) {
    guint time = (i * 5 + i / 6) % 6;
    Deadline *deadline =
      deadline_new (time * 1000, on_number, GUINT_TO_POINTER (time * 1000 + i + 1));

    if (i % 3 == 0)
      third[i / 3] = deadline;
  }
  for (guint i = 0; i < 200; i++)
    deadline_clear (&third[(i * 77) % 200]);
  run (6, expected);
}

static void
test_many_cost_one_source (void)
{
  Deadline *many[10000];
  clock_t begin;

  for (gsize i = 0; i < G_N_ELEMENTS (many); i++)
    many[i] = deadline_new (60000 + (guint) i, on_a, (gpointer) "never");
  begin = clock ();
  for (guint i = 0; i < 1000; i++)
    g_main_context_iteration (NULL, FALSE);
  /* 10,000 sources of GLib's own take seconds for this. */
  g_assert_cmpint (clock () - begin, <, CLOCKS_PER_SEC / 2);
  for (gsize i = 0; i < G_N_ELEMENTS (many); i++)
    deadline_clear (&many[i]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  fixture.trace = g_string_new (NULL);
  fixture.loop = g_main_loop_new (NULL, FALSE);
  g_test_add_func ("/deadline/order", test_order);
  g_test_add_func ("/deadline/called-off", test_called_off);
  g_test_add_func ("/deadline/called-off-by-another", test_called_off_by_another);
  g_test_add_func ("/deadline/new-one-from-within", test_new_one_from_within);
  g_test_add_func ("/deadline/order-of-many", test_order_of_many);
  g_test_add_func ("/deadline/many-cost-one-source", test_many_cost_one_source);
  return g_test_run ();
}
