/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

gboolean
test_certificate_make (const gchar *certificate_path, const gchar *key_path, GError **error);
gboolean test_certificate_make_with (const gchar *certificate_path,
                                     const gchar *key_path,
                                     const gchar *names,
                                     gint64 end,
                                     GError **error);
