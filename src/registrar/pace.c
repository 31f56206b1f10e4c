/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pace: when a registration at the PBX is renewed, and when it is tried again.
 *
 * The keeper asks; no two phones that came together are to come together again.
 */
#include "registrar/pace.h"

#include "base/clock.h"

#define MAX_BACK_OFF 300 /* seconds */
#define FIRST_BACK_OFF 5 /* seconds */
#define MAX_RETRY_AFTER 3600
#define PER_SECOND 50

/**
 * pace_refresh_ms:
 * @granted: what the PBX grants, in seconds
 *
 * Returns: the milliseconds until it is renewed: with a fifth of the time left, earlier by up to a
 *   tenth
 */
gint64
pace_refresh_ms (gint64 granted)
{
  return granted * 800 - clock_jitter ((guint) MIN (granted * 100 + 1, G_MAXINT));
}

/**
 * pace_left_ms:
 * @granted: what the PBX grants, in seconds
 *
 * Returns: the milliseconds that it is still registered for when it is renewed, at least
 */
guint
pace_left_ms (guint granted)
{
  return granted > G_MAXUINT / 200 ? G_MAXUINT : granted * 200;
}

/**
 * pace_retry_ms:
 * @failures: how often it failed before
 * @retry_after: the seconds that the PBX asked for, or 0
 *
 * Returns: the milliseconds until it is tried again
 */
gint64
pace_retry_ms (guint failures, gulong retry_after)
{
  gint64 seconds = MIN (MAX_BACK_OFF, FIRST_BACK_OFF << MIN (failures, 6));

  seconds = MAX (seconds, (gint64) MIN (retry_after, MAX_RETRY_AFTER));
  return seconds * 1000 + clock_jitter ((guint) seconds * 250 + 1);
}

/**
 * pace_spread_ms:
 * @count: how many are registered anew
 *
 * Returns: the milliseconds over which they are spread
 */
guint
pace_spread_ms (guint count)
{
  return count * 1000 / PER_SECOND + 5000;
}
