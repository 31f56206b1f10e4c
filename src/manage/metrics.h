/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "call/router.h"
#include "manage/wake-times.h"

typedef struct {
  Router *router;
  Location *location;
  GPtrArray *pbxes;
  AccountBook *accounts;
  const WakeTimes *wake_times;
} MetricsSources;

gchar *metrics_text (const MetricsSources *sources);
