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

typedef struct {
  LegEvent event;
  LegState next;
  CallActions actions;
} LegRow;

static void
walk_leg (const LegRow *rows, gsize n)
{
  LegState state = LEG_IDLE;

  for (gsize i = 0; i < n; i++) {
    CallActions actions;

    state = leg_state_next (state, rows[i].event, &actions);
    g_assert_cmpstr (leg_state_name (state), ==, leg_state_name (rows[i].next));
    g_assert_cmphex (actions, ==, rows[i].actions);
  }
}

/* RFC 3261 9.1: a 2xx that crosses our CANCEL is acknowledged and hung up. */
static void
test_cancel_crosses_answer (void)
{
  static const LegRow rows[] = {
    { LEG_EVENT_INVITE, LEG_CALLING, CALL_SEND_INVITE },
    { LEG_EVENT_PROVISIONAL, LEG_PROCEEDING, CALL_TELL_RINGING },
    { LEG_EVENT_HANG_UP, LEG_CANCELLING, CALL_SEND_CANCEL },
    { LEG_EVENT_SUCCESS, LEG_DEAD, CALL_SEND_ACK | CALL_SEND_BYE },
    { LEG_EVENT_SUCCESS, LEG_DEAD, CALL_DO_NOTHING },
  };

  walk_leg (rows, G_N_ELEMENTS (rows));
}

static void
test_nobody_hears_of_an_abandoned_invite (void)
{
  static const LegRow rows[] = {
    { LEG_EVENT_INVITE, LEG_CALLING, CALL_SEND_INVITE },
    { LEG_EVENT_ABANDON, LEG_DEAD, CALL_DO_NOTHING },
    { LEG_EVENT_HANG_UP, LEG_DEAD, CALL_DO_NOTHING },
  };

  walk_leg (rows, G_N_ELEMENTS (rows));
}

static void
test_hang_up_before_ack (void)
{
  static const LegRow rows[] = {
    { LEG_EVENT_INVITE, LEG_CALLING, CALL_SEND_INVITE },
    { LEG_EVENT_SUCCESS, LEG_ANSWERED, CALL_TELL_ANSWERED },
    { LEG_EVENT_HANG_UP, LEG_DEAD, CALL_SEND_ACK | CALL_SEND_BYE },
  };

  walk_leg (rows, G_N_ELEMENTS (rows));
}

static void
test_two_hang_ups_send_one_cancel (void)
{
  static const LegRow rows[] = {
    { LEG_EVENT_INVITE, LEG_CALLING, CALL_SEND_INVITE },
    { LEG_EVENT_HANG_UP, LEG_CANCELLING, CALL_SEND_CANCEL },
    { LEG_EVENT_HANG_UP, LEG_CANCELLING, CALL_DO_NOTHING },
    { LEG_EVENT_PROVISIONAL, LEG_CANCELLING, CALL_DO_NOTHING },
    { LEG_EVENT_FAILURE, LEG_DEAD, CALL_DO_NOTHING },
  };

  walk_leg (rows, G_N_ELEMENTS (rows));
}

/* The phone says no at the very moment in which the caller gives up. */
static void
test_cancel_crosses_refusal (void)
{
  static const LegRow rows[] = {
    { LEG_EVENT_INVITE, LEG_CALLING, CALL_SEND_INVITE },
    { LEG_EVENT_PROVISIONAL, LEG_PROCEEDING, CALL_TELL_RINGING },
    { LEG_EVENT_FAILURE, LEG_DEAD, CALL_TELL_FAILED },
    { LEG_EVENT_HANG_UP, LEG_DEAD, CALL_DO_NOTHING },
  };

  walk_leg (rows, G_N_ELEMENTS (rows));
}

/* RFC 3261 9.1: nothing may be cancelled before it was answered provisionally; the stack keeps the
 * CANCEL until then, so an answer may come without any 1xx before it. */
static void
test_cancel_before_any_answer (void)
{
  static const LegRow rows[] = {
    { LEG_EVENT_INVITE, LEG_CALLING, CALL_SEND_INVITE },
    { LEG_EVENT_HANG_UP, LEG_CANCELLING, CALL_SEND_CANCEL },
    { LEG_EVENT_SUCCESS, LEG_DEAD, CALL_SEND_ACK | CALL_SEND_BYE },
  };

  walk_leg (rows, G_N_ELEMENTS (rows));
}

static void
test_nobody_answers_the_cancel (void)
{
  static const LegRow rows[] = {
    { LEG_EVENT_INVITE, LEG_CALLING, CALL_SEND_INVITE },
    { LEG_EVENT_HANG_UP, LEG_CANCELLING, CALL_SEND_CANCEL },
    { LEG_EVENT_GIVE_UP, LEG_DEAD, CALL_DO_NOTHING },
    { LEG_EVENT_FAILURE, LEG_DEAD, CALL_DO_NOTHING },
  };

  walk_leg (rows, G_N_ELEMENTS (rows));
}

/* The one that answered second has lost: its 2xx is acknowledged and hung up. */
static void
test_second_answer_loses (void)
{
  static const LegRow rows[] = {
    { LEG_EVENT_INVITE, LEG_CALLING, CALL_SEND_INVITE },
    { LEG_EVENT_PROVISIONAL, LEG_PROCEEDING, CALL_TELL_RINGING },
    { LEG_EVENT_SUCCESS, LEG_ANSWERED, CALL_TELL_ANSWERED },
    { LEG_EVENT_HANG_UP, LEG_DEAD, CALL_SEND_ACK | CALL_SEND_BYE },
    { LEG_EVENT_BYE, LEG_DEAD, CALL_DO_NOTHING },
    { LEG_EVENT_ACK, LEG_DEAD, CALL_DO_NOTHING },
  };

  walk_leg (rows, G_N_ELEMENTS (rows));
}

/* The phone hangs up before the caller's ACK came: the phone still gets its ACK. */
static void
test_bye_before_ack (void)
{
  static const LegRow rows[] = {
    { LEG_EVENT_INVITE, LEG_CALLING, CALL_SEND_INVITE },
    { LEG_EVENT_SUCCESS, LEG_ANSWERED, CALL_TELL_ANSWERED },
    { LEG_EVENT_BYE, LEG_DEAD, CALL_SEND_ACK | CALL_TELL_ENDED },
    { LEG_EVENT_ACK, LEG_DEAD, CALL_DO_NOTHING },
  };

  walk_leg (rows, G_N_ELEMENTS (rows));
}

static void
test_byes_cross (void)
{
  static const LegRow rows[] = {
    { LEG_EVENT_INVITE, LEG_CALLING, CALL_SEND_INVITE },
    { LEG_EVENT_SUCCESS, LEG_ANSWERED, CALL_TELL_ANSWERED },
    { LEG_EVENT_ACK, LEG_UP, CALL_SEND_ACK },
    { LEG_EVENT_HANG_UP, LEG_DEAD, CALL_SEND_BYE },
    { LEG_EVENT_BYE, LEG_DEAD, CALL_DO_NOTHING },
  };

  walk_leg (rows, G_N_ELEMENTS (rows));
}

typedef struct {
  CallerEvent event;
  CallerState next;
  CallActions actions;
} CallerRow;

static void
walk_caller (const CallerRow *rows, gsize n)
{
  CallerState state = CALLER_TRYING;

  for (gsize i = 0; i < n; i++) {
    CallActions actions;

    state = caller_state_next (state, rows[i].event, &actions);
    g_assert_cmpstr (caller_state_name (state), ==, caller_state_name (rows[i].next));
    g_assert_cmphex (actions, ==, rows[i].actions);
  }
}

/* RFC 3261 15: the called party may not send BYE before the ACK came. */
static void
test_no_bye_before_ack (void)
{
  static const CallerRow rows[] = {
    { CALLER_EVENT_ANSWER, CALLER_ANSWERED, CALL_SEND_FINAL },
    { CALLER_EVENT_HANG_UP, CALLER_ENDING, CALL_DO_NOTHING },
    { CALLER_EVENT_ACK, CALLER_DEAD, CALL_SEND_BYE },
  };

  walk_caller (rows, G_N_ELEMENTS (rows));
}

static void
test_cancel_comes_too_late (void)
{
  static const CallerRow rows[] = {
    { CALLER_EVENT_RING, CALLER_RINGING, CALL_SEND_PROVISIONAL },
    { CALLER_EVENT_ANSWER, CALLER_ANSWERED, CALL_SEND_FINAL },
    { CALLER_EVENT_CANCEL, CALLER_ANSWERED, CALL_DO_NOTHING },
    { CALLER_EVENT_ACK, CALLER_UP, CALL_TELL_ACKED },
    { CALLER_EVENT_ACK, CALLER_UP, CALL_DO_NOTHING },
    { CALLER_EVENT_BYE, CALLER_DEAD, CALL_TELL_ENDED },
  };

  walk_caller (rows, G_N_ELEMENTS (rows));
}

static void
test_answer_comes_too_late (void)
{
  static const CallerRow rows[] = {
    { CALLER_EVENT_CANCEL, CALLER_DEAD, CALL_SEND_487 | CALL_TELL_CANCELLED },
    { CALLER_EVENT_ANSWER, CALLER_DEAD, CALL_DO_NOTHING },
    { CALLER_EVENT_REJECT, CALLER_DEAD, CALL_DO_NOTHING },
  };

  walk_caller (rows, G_N_ELEMENTS (rows));
}

static void
test_no_ack_ends_the_call (void)
{
  static const CallerRow rows[] = {
    { CALLER_EVENT_ANSWER, CALLER_ANSWERED, CALL_SEND_FINAL },
    { CALLER_EVENT_NO_ACK, CALLER_DEAD, CALL_SEND_BYE | CALL_TELL_ENDED },
  };

  walk_caller (rows, G_N_ELEMENTS (rows));
}

static void
test_bye_instead_of_ack (void)
{
  static const CallerRow rows[] = {
    { CALLER_EVENT_ANSWER, CALLER_ANSWERED, CALL_SEND_FINAL },
    { CALLER_EVENT_BYE, CALLER_DEAD, CALL_TELL_ENDED },
    { CALLER_EVENT_NO_ACK, CALLER_DEAD, CALL_DO_NOTHING },
  };

  walk_caller (rows, G_N_ELEMENTS (rows));
}

/* RFC 3262 3: nobody acknowledges a reliable provisional answer. */
static void
test_no_prack (void)
{
  static const CallerRow rows[] = {
    { CALLER_EVENT_RING, CALLER_RINGING, CALL_SEND_PROVISIONAL },
    { CALLER_EVENT_NO_ACK, CALLER_DEAD, CALL_SEND_504 | CALL_TELL_CANCELLED },
    { CALLER_EVENT_ANSWER, CALLER_DEAD, CALL_DO_NOTHING },
  };

  walk_caller (rows, G_N_ELEMENTS (rows));
}

static void
test_hung_up_and_no_ack (void)
{
  static const CallerRow rows[] = {
    { CALLER_EVENT_ANSWER, CALLER_ANSWERED, CALL_SEND_FINAL },
    { CALLER_EVENT_HANG_UP, CALLER_ENDING, CALL_DO_NOTHING },
    { CALLER_EVENT_HANG_UP, CALLER_ENDING, CALL_DO_NOTHING },
    { CALLER_EVENT_NO_ACK, CALLER_DEAD, CALL_SEND_BYE },
  };

  walk_caller (rows, G_N_ELEMENTS (rows));
}

static void
test_byes_of_caller_cross (void)
{
  static const CallerRow rows[] = {
    { CALLER_EVENT_ANSWER, CALLER_ANSWERED, CALL_SEND_FINAL },
    { CALLER_EVENT_ACK, CALLER_UP, CALL_TELL_ACKED },
    { CALLER_EVENT_HANG_UP, CALLER_DEAD, CALL_SEND_BYE },
    { CALLER_EVENT_BYE, CALLER_DEAD, CALL_DO_NOTHING },
  };

  walk_caller (rows, G_N_ELEMENTS (rows));
}

/* An early BYE of the caller is a CANCEL (RFC 3261 15). */
static void
test_early_bye_of_caller (void)
{
  static const CallerRow rows[] = {
    { CALLER_EVENT_RING, CALLER_RINGING, CALL_SEND_PROVISIONAL },
    { CALLER_EVENT_BYE, CALLER_DEAD, CALL_SEND_487 | CALL_TELL_CANCELLED },
    { CALLER_EVENT_CANCEL, CALLER_DEAD, CALL_DO_NOTHING },
    { CALLER_EVENT_RING, CALLER_DEAD, CALL_DO_NOTHING },
  };

  walk_caller (rows, G_N_ELEMENTS (rows));
}

/* The connection closes: whoever was called there is told once, and only while it matters. */
static void
test_flow_closes (void)
{
  static const LegRow calling[] = {
    { LEG_EVENT_INVITE, LEG_CALLING, CALL_SEND_INVITE },
    { LEG_EVENT_FAILURE, LEG_DEAD, CALL_TELL_FAILED },
    { LEG_EVENT_FAILURE, LEG_DEAD, CALL_DO_NOTHING },
  };
  static const LegRow ringing[] = {
    { LEG_EVENT_INVITE, LEG_CALLING, CALL_SEND_INVITE },
    { LEG_EVENT_PROVISIONAL, LEG_PROCEEDING, CALL_TELL_RINGING },
    { LEG_EVENT_FAILURE, LEG_DEAD, CALL_TELL_FAILED },
  };
  static const LegRow cancelled[] = {
    { LEG_EVENT_INVITE, LEG_CALLING, CALL_SEND_INVITE },
    { LEG_EVENT_PROVISIONAL, LEG_PROCEEDING, CALL_TELL_RINGING },
    { LEG_EVENT_HANG_UP, LEG_CANCELLING, CALL_SEND_CANCEL },
    { LEG_EVENT_FAILURE, LEG_DEAD, CALL_DO_NOTHING },
  };
  static const LegRow answered[] = {
    { LEG_EVENT_INVITE, LEG_CALLING, CALL_SEND_INVITE },
    { LEG_EVENT_SUCCESS, LEG_ANSWERED, CALL_TELL_ANSWERED },
    { LEG_EVENT_FAILURE, LEG_ANSWERED, CALL_DO_NOTHING },
    { LEG_EVENT_ACK, LEG_UP, CALL_SEND_ACK },
    { LEG_EVENT_FAILURE, LEG_UP, CALL_DO_NOTHING },
  };

  walk_leg (calling, G_N_ELEMENTS (calling));
  walk_leg (ringing, G_N_ELEMENTS (ringing));
  walk_leg (cancelled, G_N_ELEMENTS (cancelled));
  walk_leg (answered, G_N_ELEMENTS (answered));
}

/* While the phone is pushed, challenged or called: the caller does not wait for any of it. */
static void
test_cancel_while_held (void)
{
  static const CallerRow rows[] = {
    { CALLER_EVENT_RING, CALLER_RINGING, CALL_SEND_PROVISIONAL },
    { CALLER_EVENT_CANCEL, CALLER_DEAD, CALL_SEND_487 | CALL_TELL_CANCELLED },
    { CALLER_EVENT_RING, CALLER_DEAD, CALL_DO_NOTHING },
    { CALLER_EVENT_ANSWER, CALLER_DEAD, CALL_DO_NOTHING },
  };

  walk_caller (rows, G_N_ELEMENTS (rows));
}

/* A re-INVITE that is under way is no matter of the table: the BYE ends both legs at once. */
static void
test_bye_ends_the_other_leg (void)
{
  static const CallerRow caller[] = {
    { CALLER_EVENT_ANSWER, CALLER_ANSWERED, CALL_SEND_FINAL },
    { CALLER_EVENT_ACK, CALLER_UP, CALL_TELL_ACKED },
    { CALLER_EVENT_BYE, CALLER_DEAD, CALL_TELL_ENDED },
    { CALLER_EVENT_HANG_UP, CALLER_DEAD, CALL_DO_NOTHING },
  };
  static const LegRow leg[] = {
    { LEG_EVENT_INVITE, LEG_CALLING, CALL_SEND_INVITE },
    { LEG_EVENT_SUCCESS, LEG_ANSWERED, CALL_TELL_ANSWERED },
    { LEG_EVENT_ACK, LEG_UP, CALL_SEND_ACK },
    { LEG_EVENT_BYE, LEG_DEAD, CALL_TELL_ENDED },
    { LEG_EVENT_HANG_UP, LEG_DEAD, CALL_DO_NOTHING },
  };

  walk_caller (caller, G_N_ELEMENTS (caller));
  walk_leg (leg, G_N_ELEMENTS (leg));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/leg-state/leg-drawing", test_leg_drawing);
  g_test_add_func ("/leg-state/caller-drawing", test_caller_drawing);
  g_test_add_func ("/leg-state/cancel-crosses-answer", test_cancel_crosses_answer);
  g_test_add_func ("/leg-state/abandoned", test_nobody_hears_of_an_abandoned_invite);
  g_test_add_func ("/leg-state/hang-up-before-ack", test_hang_up_before_ack);
  g_test_add_func ("/leg-state/two-hang-ups", test_two_hang_ups_send_one_cancel);
  g_test_add_func ("/leg-state/no-bye-before-ack", test_no_bye_before_ack);
  g_test_add_func ("/leg-state/cancel-too-late", test_cancel_comes_too_late);
  g_test_add_func ("/leg-state/answer-too-late", test_answer_comes_too_late);
  g_test_add_func ("/leg-state/no-ack", test_no_ack_ends_the_call);
  g_test_add_func ("/leg-state/cancel-crosses-refusal", test_cancel_crosses_refusal);
  g_test_add_func ("/leg-state/cancel-before-any-answer", test_cancel_before_any_answer);
  g_test_add_func ("/leg-state/no-answer-to-cancel", test_nobody_answers_the_cancel);
  g_test_add_func ("/leg-state/second-answer", test_second_answer_loses);
  g_test_add_func ("/leg-state/bye-before-ack", test_bye_before_ack);
  g_test_add_func ("/leg-state/byes-cross", test_byes_cross);
  g_test_add_func ("/leg-state/bye-instead-of-ack", test_bye_instead_of_ack);
  g_test_add_func ("/leg-state/no-prack", test_no_prack);
  g_test_add_func ("/leg-state/hung-up-and-no-ack", test_hung_up_and_no_ack);
  g_test_add_func ("/leg-state/byes-of-caller-cross", test_byes_of_caller_cross);
  g_test_add_func ("/leg-state/early-bye-of-caller", test_early_bye_of_caller);
  g_test_add_func ("/leg-state/flow-closes", test_flow_closes);
  g_test_add_func ("/leg-state/cancel-while-held", test_cancel_while_held);
  g_test_add_func ("/leg-state/bye", test_bye_ends_the_other_leg);
  return g_test_run ();
}
