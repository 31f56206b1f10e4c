/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

gchar *push_url_parse (const gchar *url, gchar **origin, GError **error);
