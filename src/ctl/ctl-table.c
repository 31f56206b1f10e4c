/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ctl-table: columns for people, in colour on a terminal, and the words that stand in them.
 */
#include "ctl/ctl-table.h"

#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

typedef struct {
  CtlStyle style;
  gchar *text;
} Cell;

struct _CtlTable {
  guint columns;
  GArray *cells;
};

/* What the daemon says of phones, accounts, calls and pushes, and what becomes of an object. */
/* clang-format off */
static const gchar *const words[] = {
  NC_ ("state", "awake"), NC_ ("state", "asleep"), NC_ ("state", "unknown"),
  NC_ ("state", "new"), NC_ ("state", "ready"), NC_ ("state", "trouble"),
  NC_ ("state", "calling"), NC_ ("state", "held"), NC_ ("state", "ringing"),
  NC_ ("state", "talking"), NC_ ("state", "over"),
  NC_ ("state", "to-phone"), NC_ ("state", "to-pbx"),
  NC_ ("state", "accepted"), NC_ ("state", "token-dead"), NC_ ("state", "credentials"),
  NC_ ("state", "refused"), NC_ ("state", "unreachable"), NC_ ("state", "timed-out"),
  NC_ ("state", "rate-limited"), NC_ ("state", "queue-full"), NC_ ("state", "cancelled"),
  NC_ ("state", "added"), NC_ ("state", "changed"), NC_ ("state", "removed"),
  NC_ ("state", "good"), NC_ ("state", "bad"),
  NC_ ("state", "key"), NC_ ("state", "certificate"), NC_ ("state", "service"),
  NC_ ("state", "clock"),
};
/* clang-format on */

static gboolean colors;

/**
 * ctl_table_choose_colors:
 * @when: (nullable): "always", "never", or NULL and "auto": on a terminal
 *
 * Returns: whether @when is one of them
 */
gboolean
ctl_table_choose_colors (const gchar *when)
{
  const gchar *none = g_getenv ("NO_COLOR");

  if (!when || g_str_equal (when, "auto"))
    colors =
        isatty (STDOUT_FILENO) && !(none && *none) && g_strcmp0 (g_getenv ("TERM"), "dumb") != 0;
  else if (g_str_equal (when, "always"))
    colors = TRUE;
  else if (g_str_equal (when, "never"))
    colors = FALSE;
  else
    return FALSE;
  return TRUE;
}

/**
 * ctl_table_style:
 * @style: how text shall look; CTL_PLAIN ends what was begun
 *
 * Returns: (transfer none): what to print before it
 */
const gchar *
ctl_table_style (CtlStyle style)
{
  if (!colors)
    return "";
  switch (style) {
  case CTL_PLAIN:
    return "\033[0m";
  case CTL_GOOD:
    return "\033[32m";
  case CTL_BAD:
    return "\033[31m";
  case CTL_DIM:
    return "\033[2m";
  case CTL_BOLD:
    return "\033[1m";
  }
  g_return_val_if_reached ("");
}

static void
clear_cell (gpointer cell)
{
  g_free (((Cell *) cell)->text);
}

/**
 * ctl_table_new:
 * @first: the title of the first column
 * @...: the other titles
 *
 * Returns: (transfer full): a table without rows
 */
CtlTable *
ctl_table_new (const gchar *first, ...)
{
  CtlTable *table = g_new0 (CtlTable, 1);
  va_list titles;

  table->cells = g_array_new (FALSE, FALSE, sizeof (Cell));
  g_array_set_clear_func (table->cells, clear_cell);
  va_start (titles, first);
  for (const gchar *title = first; title; title = va_arg (titles, const gchar *)) {
    ctl_table_add (table, CTL_BOLD, g_strdup (title));
    table->columns++;
  }
  va_end (titles);
  return table;
}

/* What others named must not steer the terminal. */
static void
defuse (gchar *text)
{
  for (gchar *c = text; *c; c = g_utf8_next_char (c))
    if (g_unichar_iscntrl (g_utf8_get_char (c)))
      memset (c, '?', (gsize) (g_utf8_next_char (c) - c));
}

/**
 * ctl_table_add:
 * @table: a table
 * @style: how it looks
 * @cell: (transfer full): the next cell, from left to right and from top to bottom
 */
void
ctl_table_add (CtlTable *table, CtlStyle style, gchar *cell)
{
  Cell added = { style, cell };

  defuse (cell);
  g_array_append_val (table->cells, added);
}

/**
 * ctl_table_width:
 * @text: a text in UTF-8
 *
 * Returns: how many columns of a terminal it takes
 */
gint
ctl_table_width (const gchar *text)
{
  gint width = 0;

  for (const gchar *c = text; *c; c = g_utf8_next_char (c)) {
    gunichar character = g_utf8_get_char (c);

    if (!g_unichar_iszerowidth (character))
      width += g_unichar_iswide (character) ? 2 : 1;
  }
  return width;
}

static gint *
widths_of (const CtlTable *table)
{
  gint *widths = g_new0 (gint, table->columns);

  for (guint i = 0; i < table->cells->len; i++) {
    gint width = ctl_table_width (g_array_index (table->cells, Cell, i).text);

    widths[i % table->columns] = MAX (widths[i % table->columns], width);
  }
  return widths;
}

/**
 * ctl_table_print:
 * @table: a table with whole rows
 */
void
ctl_table_print (CtlTable *table)
{
  g_autofree gint *widths = widths_of (table);

  for (guint i = 0; i < table->cells->len; i++) {
    const Cell *cell = &g_array_index (table->cells, Cell, i);
    gboolean last = (i + 1) % table->columns == 0;
    gint fill = widths[i % table->columns] - ctl_table_width (cell->text);

    g_print ("%s%s%s%*s%s", ctl_table_style (cell->style), cell->text, ctl_table_style (CTL_PLAIN),
             last ? 0 : fill + 2, "", last ? "\n" : "");
  }
}

/**
 * ctl_table_free:
 * @table: (transfer full): a table
 */
void
ctl_table_free (CtlTable *table)
{
  g_array_unref (table->cells);
  g_free (table);
}

/**
 * ctl_table_span:
 * @seconds: how long
 *
 * Returns: (transfer full): that in the unit that fits
 */
gchar *
ctl_table_span (guint64 seconds)
{
  if (seconds < 120)
    return g_strdup_printf (_ ("%u s"), (guint) seconds);
  if (seconds < 120 * 60)
    return g_strdup_printf (_ ("%u min"), (guint) (seconds / 60));
  if (seconds < 48 * 3600)
    return g_strdup_printf (_ ("%u h"), (guint) (seconds / 3600));
  return g_strdup_printf (_ ("%u d"), (guint) (seconds / 86400));
}

/**
 * ctl_table_ago:
 * @wall: seconds since the epoch, or 0
 *
 * Returns: (transfer full): how long ago that was
 */
gchar *
ctl_table_ago (guint64 wall)
{
  guint64 now = (guint64) (g_get_real_time () / G_USEC_PER_SEC);
  g_autofree gchar *span = ctl_table_span (now > wall ? now - wall : 0);

  return wall ? g_strdup_printf (_ ("%s ago"), span) : g_strdup (_ ("never"));
}

/**
 * ctl_table_word:
 * @word: a state or another word of the daemon
 *
 * Returns: (transfer none): the word for people; one that is not known stays as it is
 */
const gchar *
ctl_table_word (const gchar *word)
{
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    if (g_str_equal (word, words[i]))
      return g_dpgettext2 (NULL, "state", word);
  return word;
}

/**
 * ctl_table_string:
 * @dictionary: an a{sv}
 * @key: a key
 *
 * Returns: (transfer none): its string, or "" where there is none
 */
const gchar *
ctl_table_string (GVariant *dictionary, const gchar *key)
{
  const gchar *value = "";

  if (!g_variant_lookup (dictionary, key, "&s", &value))
    g_variant_lookup (dictionary, key, "&o", &value);
  return value;
}

/**
 * ctl_table_number:
 * @dictionary: an a{sv}
 * @key: a key
 *
 * Returns: its number, or 0 where there is none
 */
guint64
ctl_table_number (GVariant *dictionary, const gchar *key)
{
  guint64 wide = 0;
  guint32 narrow = 0;

  if (g_variant_lookup (dictionary, key, "t", &wide))
    return wide;
  g_variant_lookup (dictionary, key, "u", &narrow);
  return narrow;
}
