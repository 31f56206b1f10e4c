/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "config/config-file.h"
#include "config/settings-value.h"

gboolean settings_edge_read (const ConfigGroup *group, EdgeSettings *edge, GError **error);
gboolean
settings_edge_read_listen (const ConfigGroup *group, ListenSettings *listen, GError **error);
