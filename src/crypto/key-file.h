/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

GBytes *key_file_load (const gchar *path, GError **error);
gboolean key_file_create (const gchar *path, GBytes *content, GError **error);
