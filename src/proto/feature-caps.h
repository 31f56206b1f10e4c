/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

gchar *
feature_caps_push (const gchar *provider, const gchar *vapid, guint pnsreg, const gchar *purr);
gboolean feature_caps_has_pns (const gchar *value);
