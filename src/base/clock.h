/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#define CLOCK_SECOND ((gint64) G_USEC_PER_SEC)

gint64 clock_now (void);
gint64 clock_wall (void);
guint clock_jitter (guint span);

void clock_test_advance (gint64 microseconds);
