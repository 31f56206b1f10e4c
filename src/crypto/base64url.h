/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

gchar *base64url_encode (gconstpointer data, gsize size);
gchar *base64url_encode_bytes (GBytes *bytes);
GBytes *base64url_decode (const gchar *text, gssize length);
