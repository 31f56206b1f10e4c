/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

typedef struct _LimitWatch LimitWatch;

LimitWatch *limit_watch_new (void);
void limit_watch_free (LimitWatch *watch);
