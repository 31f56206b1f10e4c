/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "config/settings.h"
#include "push/push-service.h"

PushService *push_setup_create (const Settings *settings, GError **error);
