/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

typedef struct _Deadline Deadline;
typedef void (*DeadlineFunc) (gpointer user_data);

Deadline *deadline_new (guint milliseconds, DeadlineFunc func, gpointer user_data);
void deadline_clear (Deadline **deadline);
