/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#define MULTIPART_MAX_DEPTH 4

const gchar *multipart_find (const gchar *body, gsize size, const gchar *type,
                             const gchar *wanted, gsize *part_size);
