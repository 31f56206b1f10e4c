/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Whose offer is under way in a call. */
typedef enum { CROSSING_NOBODYS, CROSSING_SAME_SIDES, CROSSING_OTHER_SIDES } CrossingOffer;

typedef enum {
  CROSSING_GOES,
  CROSSING_GLARE, /* 491: both tried at once, and both try again */
  CROSSING_WAITS, /* 500 with Retry-After: the sender has one under way */
} Crossing;

Crossing crossing_judge (gboolean offers, CrossingOffer pending, guint under_way);
