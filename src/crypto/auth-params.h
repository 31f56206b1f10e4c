/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

const gchar *auth_params_skip_space (const gchar *at);
gboolean auth_params_check_length (const gchar *text, GError **error);
gchar *auth_params_read_scheme (const gchar **at, GError **error);
GHashTable *auth_params_read (const gchar **at, GError **error);
void auth_params_append (GString *text, const gchar *name, const gchar *value);
