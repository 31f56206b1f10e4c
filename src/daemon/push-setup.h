/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "config/settings.h"
#include "push/push-service.h"

typedef struct _PushSetup PushSetup;

PushSetup *push_setup_new (void);
void push_setup_free (PushSetup *setup);

PushService *push_setup_create (PushSetup *setup, const Settings *settings, GError **error);
