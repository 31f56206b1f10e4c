/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "config/config-file.h"
#include "config/settings-value.h"

#include <glib.h>

typedef struct {
  gchar *host;
  guint port;
  SettingsTransport transport;
  GSocketFamily family;
} SettingsAddress;

void settings_address_clear (SettingsAddress *address);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (SettingsAddress, settings_address_clear)

gboolean settings_address_read_uri (SettingsAddress *address,
                                    const gchar *uri,
                                    const ConfigGroup *group,
                                    const gchar *key,
                                    GError **error);
gboolean settings_address_read_pair (SettingsAddress *address,
                                     const gchar *text,
                                     const ConfigGroup *group,
                                     const gchar *key,
                                     GError **error);
gboolean settings_address_is_wildcard (const gchar *host);
guint settings_address_default_port (SettingsTransport transport);
