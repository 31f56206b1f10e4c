/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

gchar *ctl_password_read (const gchar *file, GError **error);
void ctl_password_free (gchar *password);
