/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "config/config-file.h"
#include "config/settings-value.h"

#include <glib.h>

PushSettings *settings_push_read (const ConfigGroup *group, const gchar *name, GError **error);
