/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * crossing: whether a request inside a call goes across while others are under way (RFC 3261 14.2,
 * RFC 3311 5.2).
 *
 * Pure; the bridge asks.
 */
#include "call/crossing.h"

#define MAX_UNDER_WAY 32 /* requests that cross at once in one call */

/**
 * crossing_judge:
 * @offers: whether the request is a re-INVITE, or an UPDATE with an offer
 * @pending: whose offer is under way
 * @under_way: how many requests are
 *
 * Returns: what becomes of the request
 */
Crossing
crossing_judge (gboolean offers, CrossingOffer pending, guint under_way)
{
  if (offers && pending == CROSSING_OTHER_SIDES)
    return CROSSING_GLARE;
  if ((offers && pending == CROSSING_SAME_SIDES) || under_way >= MAX_UNDER_WAY)
    return CROSSING_WAITS;
  return CROSSING_GOES;
}
