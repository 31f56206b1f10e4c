/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

gchar *sdp_restore (const gchar *sdp, gsize size, const gchar *relayed, gsize relayed_size,
                    gsize *new_size, GError **error);
