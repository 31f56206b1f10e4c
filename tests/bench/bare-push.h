/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

typedef struct _BarePush BarePush;

BarePush *bare_push_new (const gchar *url, const gchar *ca_file, const gchar *const *headers);
void bare_push_free (BarePush *bare);

guint bare_push_run (BarePush *bare, guint n, guint rate);
