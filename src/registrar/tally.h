/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

typedef struct _Tally Tally;

Tally *tally_new (void);
void tally_free (Tally *tally);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Tally, tally_free)

void tally_add (Tally *tally, const gchar *name, gint delta);
guint tally_count (const Tally *tally, const gchar *name);
