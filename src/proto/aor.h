/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

gchar *aor_new (const gchar *user, const gchar *host);
gchar *aor_from_uri (const gchar *uri, GError **error);
gchar *aor_user (const gchar *aor);
gchar *aor_host (const gchar *aor);
