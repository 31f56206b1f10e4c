/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

typedef enum { CTL_PLAIN, CTL_GOOD, CTL_BAD, CTL_DIM, CTL_BOLD } CtlStyle;

typedef struct _CtlTable CtlTable;

CtlTable *ctl_table_new (const gchar *first, ...) G_GNUC_NULL_TERMINATED;
void ctl_table_add (CtlTable *table, CtlStyle style, gchar *cell);
void ctl_table_print (CtlTable *table);
void ctl_table_free (CtlTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CtlTable, ctl_table_free)

gboolean ctl_table_choose_colors (const gchar *when);
const gchar *ctl_table_style (CtlStyle style);
gint ctl_table_width (const gchar *text);
const gchar *ctl_table_word (const gchar *word);
gchar *ctl_table_ago (guint64 wall);
gchar *ctl_table_span (guint64 seconds);

const gchar *ctl_table_string (GVariant *dictionary, const gchar *key);
guint64 ctl_table_number (GVariant *dictionary, const gchar *key);
