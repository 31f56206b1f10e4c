/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

typedef struct _Offenders Offenders;

Offenders *offenders_new (guint limit, guint seconds);
void offenders_free (Offenders *offenders);

guint offenders_failures (Offenders *offenders, const gchar *who);
guint offenders_blocked (Offenders *offenders, const gchar *who);
void offenders_note (Offenders *offenders, const gchar *who);
void offenders_forgive (Offenders *offenders, const gchar *who);
