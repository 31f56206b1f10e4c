/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* The names of a test, which GResolver then knows instead of those of the system. */
void zone_install (void);
void zone_clear (void);

void zone_add_host (const gchar *host, const gchar *addresses);
void zone_add_service (const gchar *rrname, const gchar *host, guint port, guint priority);
void zone_fail (gboolean services, gboolean hosts);
guint zone_questions (void);
