/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * clock: what time it is.
 *
 * Everything that expires is kept in monotonic time; the wall clock is for what others read (JWT
 * claims, the disk). A test moves both forward without waiting.
 */
#include "base/clock.h"

static gint64 advanced;

/**
 * clock_now:
 *
 * Returns: monotonic time in microseconds
 */
gint64
clock_now (void)
{
  return g_get_monotonic_time () + advanced;
}

/**
 * clock_wall:
 *
 * Returns: seconds since the epoch
 */
gint64
clock_wall (void)
{
  return (g_get_real_time () + advanced) / CLOCK_SECOND;
}

/**
 * clock_jitter:
 * @span: how wide, in any unit
 *
 * Returns: a random number from 0 to @span - 1 (0 for a @span of 0), to spread timers
 */
guint
clock_jitter (guint span)
{
  return span ? (guint) g_random_int_range (0, (gint32) MIN (span, (guint) G_MAXINT32)) : 0;
}

/**
 * clock_test_advance:
 * @microseconds: how far
 *
 * For tests: moves the clocks forward. Deadlines follow, GLib's own timers do not.
 */
void
clock_test_advance (gint64 microseconds)
{
  advanced += microseconds;
}
