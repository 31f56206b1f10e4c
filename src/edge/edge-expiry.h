/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

gboolean edge_expiry_is_near (const gchar *path, gint64 *end);
