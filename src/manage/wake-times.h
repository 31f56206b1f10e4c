/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

typedef struct _WakeTimes WakeTimes;

WakeTimes *wake_times_new (void);
void wake_times_free (WakeTimes *times);

void wake_times_add (WakeTimes *times, const gchar *service, gint64 microseconds);
void wake_times_print (const WakeTimes *times, GString *text);
