/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

gboolean address_pattern_is_valid (const gchar *pattern);
gboolean address_matches (const gchar *pattern, GInetAddress *address);
gboolean address_is_private (GInetAddress *address);
gchar *address_subscriber (GInetAddress *address);
GInetAddress *address_from_host (const gchar *host);
