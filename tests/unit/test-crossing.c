/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "call/crossing.h"

static void
test_crossing (void)
{
  static const struct {
    gboolean offers;
    CrossingOffer pending;
    guint under_way;
    Crossing verdict;
  } rows[] = {
    { TRUE, CROSSING_NOBODYS, 0, CROSSING_GOES },
    { TRUE, CROSSING_NOBODYS, 31, CROSSING_GOES },
    { TRUE, CROSSING_NOBODYS, 32, CROSSING_WAITS },
    { TRUE, CROSSING_SAME_SIDES, 1, CROSSING_WAITS },
    { TRUE, CROSSING_OTHER_SIDES, 1, CROSSING_GLARE },
    { TRUE, CROSSING_OTHER_SIDES, 32, CROSSING_GLARE },
    { FALSE, CROSSING_NOBODYS, 0, CROSSING_GOES },
    { FALSE, CROSSING_SAME_SIDES, 1, CROSSING_GOES },
    { FALSE, CROSSING_OTHER_SIDES, 1, CROSSING_GOES },
    { FALSE, CROSSING_OTHER_SIDES, 32, CROSSING_WAITS },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpint (crossing_judge (rows[i].offers, rows[i].pending, rows[i].under_way), ==,
                     rows[i].verdict);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/crossing/verdicts", test_crossing);
  return g_test_run ();
}
