/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "push/push-result.h"

typedef enum {
  FCM_REMEDY_NONE,
  FCM_REMEDY_PAUSE, /* once more after a while */
  FCM_REMEDY_TOKEN, /* once more, with another access token */
  FCM_REMEDY_DOUBT, /* the device token is bad, or what we sent: REFUSED until it is known */
} FcmRemedy;

FcmRemedy fcm_answer_read (guint status, const gchar *body, PushResult *result);
