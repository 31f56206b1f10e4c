/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ctl-ladder: the record of a call as a ladder: who said what to whom, and after how long.
 *
 * The record is text for people; the words by which its steps begin tell who spoke. What is not
 * recognized stands beside the ladder, so that nothing is lost when a newer daemon says more.
 */
#include "ctl/ctl-ladder.h"

#include "ctl/ctl-table.h"

#include <glib/gi18n.h>
#include <string.h>

#define SPACING 15 /* from one rail to the next */

typedef enum { LANE_PBX, LANE_SIPWAKE, LANE_SERVICE, LANE_PHONE, N_LANES } Lane;

/* CALLER and CALLEE are the PBX and the phone, or the other way round. */
typedef enum { END_PBX, END_SIPWAKE, END_SERVICE, END_PHONE, END_CALLER, END_CALLEE } End;

typedef struct {
  const gchar *words; /* by which a step begins; '#' is a digit */
  End from;
  End to;
  const gchar *label; /* NULL: the first words of the step itself */
} Pattern;

static const Pattern patterns[] = {
  { "INVITE from the PBX", END_PBX, END_SIPWAKE, "INVITE" },
  { "INVITE from the phone", END_PHONE, END_SIPWAKE, "INVITE" },
  { "INVITE to the phone", END_SIPWAKE, END_PHONE, "INVITE" },
  { "INVITE to the PBX", END_SIPWAKE, END_PBX, "INVITE" },
  { "push to the phone", END_SIPWAKE, END_SERVICE, N_ ("push") },
  { "push accepted", END_SERVICE, END_SIPWAKE, N_ ("accepted") },
  { "phone registered", END_PHONE, END_SIPWAKE, "REGISTER" },
  { "### to the PBX", END_SIPWAKE, END_PBX, NULL },
  { "answered: ", END_CALLEE, END_SIPWAKE, NULL },
  { "failed: ", END_CALLEE, END_SIPWAKE, NULL },
  { "### ", END_CALLEE, END_SIPWAKE, NULL },
  { "ACK", END_CALLER, END_SIPWAKE, "ACK" },
  { "CANCEL from", END_CALLER, END_SIPWAKE, "CANCEL" },
};

typedef struct {
  const gchar *rail;
  const gchar *line;
  const gchar *left;
  const gchar *right;
} Strokes;

static const Strokes unicode = { "│", "─", "◀", "▶" };
static const Strokes ascii = { "|", "-", "<", ">" };

static gboolean
begins_with (const gchar *text, const gchar *words)
{
  for (; *words; words++, text++)
    if (*words == '#' ? !g_ascii_isdigit (*text) : *text != *words)
      return FALSE;
  return TRUE;
}

static const Pattern *
find_pattern (const gchar *text)
{
  for (gsize i = 0; i < G_N_ELEMENTS (patterns); i++)
    if (begins_with (text, patterns[i].words))
      return &patterns[i];
  return NULL;
}

static Lane
lane_of (End end, gboolean to_phone)
{
  switch (end) {
  case END_PBX:
    return LANE_PBX;
  case END_SIPWAKE:
    return LANE_SIPWAKE;
  case END_SERVICE:
    return LANE_SERVICE;
  case END_PHONE:
    return LANE_PHONE;
  case END_CALLER:
    return to_phone ? LANE_PBX : LANE_PHONE;
  case END_CALLEE:
    return to_phone ? LANE_PHONE : LANE_PBX;
  }
  g_return_val_if_reached (LANE_SIPWAKE);
}

/* An answer's status and phrase, where the pattern has no label. */
static gchar *
label_of (const Pattern *pattern, const gchar *text, gint room)
{
  const gchar *begin = text;
  g_autofree gchar *label = NULL;

  if (pattern->label)
    return g_strdup (_ (pattern->label));
  while (*begin && !g_ascii_isdigit (*begin))
    begin++;
  if (g_str_has_suffix (text, " to the PBX"))
    return g_strndup (begin, 3);
  label = g_strdup (begin);
  while (ctl_table_width (label) > room)
    *g_utf8_prev_char (label + strlen (label)) = '\0';
  return g_steal_pointer (&label);
}

static void
print_rails (const Strokes *strokes, Lane from, Lane to)
{
  for (Lane lane = from; lane < to; lane++)
    g_print ("%s%*s", strokes->rail, SPACING - 1, "");
}

/* One arrow between two rails, with its label in the middle. */
static void
print_arrow (const Strokes *strokes, Lane from, Lane to, const gchar *label)
{
  Lane first = MIN (from, to), last = MAX (from, to);
  gint room = (gint) (last - first) * SPACING - 1 - 1; /* without the rail and the head */
  gint rest = room - ctl_table_width (label);
  g_autoptr (GString) text = g_string_new (NULL);

  for (gint i = 0; i < rest / 2; i++)
    g_string_append (text, strokes->line);
  g_string_append (text, label);
  for (gint i = rest / 2; i < rest; i++)
    g_string_append (text, strokes->line);
  print_rails (strokes, LANE_PBX, first);
  g_print ("%s%s%s%s%s%s", strokes->rail, ctl_table_style (CTL_BOLD),
           from > to ? strokes->left : "", text->str, from < to ? strokes->right : "",
           ctl_table_style (CTL_PLAIN));
  print_rails (strokes, last, LANE_PHONE);
}

static void
print_step (const Strokes *strokes, gint64 at, const gchar *text, gboolean to_phone)
{
  const Pattern *pattern = find_pattern (text);
  g_autofree gchar *label = NULL;

  g_print ("%10.1f  ", (gdouble) at / 1000);
  if (pattern) {
    Lane from = lane_of (pattern->from, to_phone), to = lane_of (pattern->to, to_phone);

    label = label_of (pattern, text, ABS ((gint) from - (gint) to) * SPACING - 4);
    print_arrow (strokes, from, to, label);
  } else
    print_rails (strokes, LANE_PBX, LANE_PHONE);
  g_print ("%s  %s%s%s\n", strokes->rail, ctl_table_style (CTL_DIM), text,
           ctl_table_style (CTL_PLAIN));
}

static void
print_title (const gchar *title, gboolean last)
{
  g_print ("%s%*s", title, last ? 0 : MAX (SPACING - ctl_table_width (title), 1), "");
}

/**
 * ctl_ladder_print:
 * @steps: an a(xs): microseconds and what happened
 * @to_phone: whether the PBX calls the phone
 */
void
ctl_ladder_print (GVariant *steps, gboolean to_phone)
{
  const Strokes *strokes = g_get_charset (NULL) ? &unicode : &ascii;
  GVariantIter iter;
  const gchar *text;
  gint64 at;

  g_print ("%*s%s  ", 10 - ctl_table_width (_ ("ms")), "", _ ("ms"));
  print_title (_ ("PBX"), FALSE);
  print_title ("sipwake", FALSE);
  print_title (_ ("push service"), FALSE);
  print_title (_ ("phone"), TRUE);
  g_print ("\n");
  g_variant_iter_init (&iter, steps);
  while (g_variant_iter_next (&iter, "(x&s)", &at, &text)) {
    g_autofree gchar *shown = g_strdelimit (g_strdup (text), "\033\r\n\t", '?');

    print_step (strokes, at, shown, to_phone);
  }
}
