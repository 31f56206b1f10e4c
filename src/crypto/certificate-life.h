/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

gboolean certificate_life_read (const gchar *path, gint64 *begin, gint64 *end);
