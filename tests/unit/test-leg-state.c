/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "call/leg-state.h"

#include <string.h>

static const struct {
  CallActions action;
  const gchar *word;
} words[] = {
  { CALL_SEND_INVITE, "INVITE" },
  { CALL_SEND_CANCEL, "CANCEL" },
  { CALL_SEND_ACK, "ACK" },
  { CALL_SEND_BYE, "BYE" },
  { CALL_SEND_PROVISIONAL, "1xx" },
  { CALL_SEND_FINAL, "final" },
  { CALL_SEND_487, "487" },
  { CALL_SEND_480, "480" },
  { CALL_SEND_504, "504" },
  { CALL_TELL_RINGING, "tell ringing" },
  { CALL_TELL_ANSWERED, "tell answered" },
  { CALL_TELL_FAILED, "tell failed" },
  { CALL_TELL_ENDED, "tell ended" },
  { CALL_TELL_CANCELLED, "tell cancelled" },
  { CALL_TELL_ACKED, "tell acked" },
};

static gchar *
arrow (const gchar *from, const gchar *to, const gchar *event, CallActions actions)
{
  GString *text = g_string_new (NULL);
  const gchar *joint = " / ";

  g_string_printf (text, "%s -> %s [label=\"%s", from, to, event);
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++) {
    if (!(actions & words[i].action))
      continue;
    g_string_append_printf (text, "%s%s", joint, words[i].word);
    joint = ", ";
  }
  g_string_append (text, "\"];");
  return g_string_free (text, FALSE);
}

static GHashTable *
read_drawing (const gchar *name)
{
  g_autofree gchar *file = g_test_build_filename (G_TEST_DIST, "..", "docs", "states", name, NULL);
  g_autofree gchar *text = NULL;
  GHashTable *arrows = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_auto (GStrv) lines = NULL;

  g_assert_true (g_file_get_contents (file, &text, NULL, NULL));
  lines = g_strsplit (text, "\n", -1);
  for (gsize i = 0; lines[i]; i++)
    if (strstr (lines[i], " -> "))
      g_assert_true (g_hash_table_add (arrows, g_strdup (g_strstrip (lines[i]))));
  return arrows;
}

static void
take (GHashTable *arrows, gchar *wanted)
{
  if (!g_hash_table_remove (arrows, wanted))
    g_error ("the drawing lacks: %s", wanted);
  g_free (wanted);
}

static void
assert_all_taken (GHashTable *arrows)
{
  GHashTableIter iter;
  gpointer left;

  g_hash_table_iter_init (&iter, arrows);
  if (g_hash_table_iter_next (&iter, &left, NULL))
    g_error ("the table lacks: %s", (const gchar *) left);
}

static void
test_leg_drawing (void)
{
  g_autoptr (GHashTable) arrows = read_drawing ("leg.dot");

  for (guint state = 0; state < N_LEG_STATES; state++) {
    for (guint event = 0; event < N_LEG_EVENTS; event++) {
      CallActions actions;
      LegState next = leg_state_next (state, event, &actions);

      if (next != state || actions)
        take (arrows, arrow (leg_state_name (state), leg_state_name (next),
                             leg_event_name (event), actions));
    }
  }
  assert_all_taken (arrows);
}

static void
test_caller_drawing (void)
{
  g_autoptr (GHashTable) arrows = read_drawing ("caller.dot");

  for (guint state = 0; state < N_CALLER_STATES; state++) {
    for (guint event = 0; event < N_CALLER_EVENTS; event++) {
      CallActions actions;
      CallerState next = caller_state_next (state, event, &actions);

      if (next != state || actions)
        take (arrows, arrow (caller_state_name (state), caller_state_name (next),
                             caller_event_name (event), actions));
    }
  }
  assert_all_taken (arrows);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/leg-state/leg-drawing", test_leg_drawing);
  g_test_add_func ("/leg-state/caller-drawing", test_caller_drawing);
  return g_test_run ();
}
