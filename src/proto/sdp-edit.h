/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

gchar *sdp_edit_address (const gchar *sdp, gsize size, const gchar *const *patterns,
                         GInetAddress *address, gsize *new_size, GError **error);
