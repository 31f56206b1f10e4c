/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "push/push-request.h"

typedef struct {
  guint per_second;      /* to the service */
  guint per_minute;      /* to one device */
  guint silent_per_hour; /* to one device, of pushes that show nothing */
} PushLimitsOptions;

typedef struct _PushLimits PushLimits;

PushLimits *push_limits_new (const PushLimitsOptions *options);
void push_limits_free (PushLimits *limits);

const gchar *push_limits_take (PushLimits *limits, const PushRequest *request, guint *wait);
void push_limits_give_back (PushLimits *limits, const PushRequest *request);
