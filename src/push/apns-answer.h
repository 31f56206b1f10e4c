/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "push/push-result.h"

typedef enum {
  APNS_REMEDY_NONE,
  APNS_REMEDY_RECONNECT, /* once more, on another connection */
  APNS_REMEDY_TOKEN,     /* once more, with a newer provider token */
} ApnsRemedy;

ApnsRemedy apns_answer_read (guint status, const gchar *body, PushResult *result);
