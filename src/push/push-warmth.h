/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "push/push-http.h"

typedef struct _PushWarmth PushWarmth;

PushWarmth *push_warmth_new (PushHttp *http, const PushHttpRequest *request);
void push_warmth_stop (PushWarmth *warmth);
void push_warmth_free (PushWarmth *warmth);
