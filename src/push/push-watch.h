/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-unix.h>

/* What is ready; the descriptor is -1 when only the time has come. */
typedef void (*PushWatchFunc) (int fd, GIOCondition condition, gpointer user_data);

typedef gboolean (*PushWatchTest) (int fd, gpointer user_data);

typedef struct _PushWatch PushWatch;

PushWatch *push_watch_new (PushWatchFunc func, gpointer user_data);
void push_watch_free (PushWatch *watch);

void push_watch_set (PushWatch *watch, int fd, GIOCondition condition);
int push_watch_find (PushWatch *watch, PushWatchTest test, gpointer user_data);
void push_watch_wake_at (PushWatch *watch, gint64 time);
