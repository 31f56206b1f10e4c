/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "config/config-file.h"
#include "config/settings-value.h"

#include <glib.h>

gboolean
settings_group_read_daemon (const ConfigGroup *group, DaemonSettings *daemon, GError **error);
gboolean
settings_group_read_metrics (const ConfigGroup *group, EndpointSettings *metrics, GError **error);
gboolean settings_group_read_call (const ConfigGroup *group, CallSettings *call, GError **error);
gboolean settings_group_read_wake (const ConfigGroup *group, WakeSettings *wake, GError **error);

gboolean settings_group_read_registrar (const ConfigGroup *group, RegistrarSettings *registrar,
                                        GError **error);

ListenSettings *
settings_group_read_listen (const ConfigGroup *group, const gchar *name, GError **error);
PbxSettings *settings_group_read_pbx (const ConfigGroup *group, const gchar *name, GError **error);
MediaSettings *
settings_group_read_media (const ConfigGroup *group, const gchar *name, GError **error);
