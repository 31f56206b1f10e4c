/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

gint64 pace_refresh_ms (gint64 granted);
guint pace_left_ms (guint granted);
gint64 pace_retry_ms (guint failures, gulong retry_after);
guint pace_spread_ms (guint count);
