/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

const gchar *sip_map_phrase (guint status);
guint sip_map_error (const GError *error);
