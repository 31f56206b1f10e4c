/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

typedef struct _PushOrigins PushOrigins;

PushOrigins *push_origins_new (guint max_in_flight);
void push_origins_free (PushOrigins *origins);

gboolean push_origins_enter (PushOrigins *origins, const gchar *name, gboolean trusted);
void push_origins_leave (PushOrigins *origins, const gchar *name);
gboolean push_origins_renew (PushOrigins *origins, const gchar *name, gint64 now);
gboolean push_origins_were_trusted (PushOrigins *origins, const gchar *name);
