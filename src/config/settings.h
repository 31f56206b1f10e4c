/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "config/settings-value.h"

#include <glib.h>

typedef struct {
  gatomicrefcount references;
  DaemonSettings daemon;
  EndpointSettings metrics;
  WakeSettings wake;
  RegistrarSettings registrar;
  EdgeSettings edge;
  CallSettings call;
  GPtrArray *listens;
  GPtrArray *pbxes;
  GPtrArray *pushes;
  GPtrArray *medias;
} Settings;

Settings *settings_load (const gchar *file, GError **error);
Settings *settings_load_with_directory (const gchar *file, const gchar *directory, GError **error);
Settings *settings_ref (Settings *settings);
void settings_unref (Settings *settings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Settings, settings_unref)
