/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

typedef struct _ConfigFile ConfigFile;

/* One group of one file; the file outlives it. */
typedef struct {
  ConfigFile *file;
  const gchar *name;
} ConfigGroup;

ConfigFile *config_file_load (const gchar *path, GError **error);
ConfigFile *config_file_parse (const gchar *path, const gchar *text, GError **error);
void config_file_free (ConfigFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ConfigFile, config_file_free)

const gchar *config_file_path (ConfigFile *file);
const gchar *const *config_file_groups (ConfigFile *file);
guint config_file_line (ConfigFile *file, const gchar *group, const gchar *key);

gboolean config_group_fail (const ConfigGroup *group,
                            const gchar *key,
                            GError **error,
                            const gchar *format,
                            ...) G_GNUC_PRINTF (4, 5);
gboolean
config_group_check_keys (const ConfigGroup *group, const gchar *const *known, GError **error);

gboolean
config_group_text (const ConfigGroup *group, const gchar *key, gchar **text, GError **error);
gboolean
config_group_path (const ConfigGroup *group, const gchar *key, gchar **path, GError **error);
gboolean config_group_number (const ConfigGroup *group,
                              const gchar *key,
                              guint min,
                              guint max,
                              guint *number,
                              GError **error);
gboolean config_group_choice (const ConfigGroup *group,
                              const gchar *key,
                              const gchar *const *words,
                              guint *choice,
                              GError **error);
gboolean
config_group_list (const ConfigGroup *group, const gchar *key, gchar ***list, GError **error);
