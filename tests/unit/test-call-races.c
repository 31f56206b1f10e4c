/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "call/crossing.h"
#include "call/leg-state.h"

/* A race as the tables see it: what happens to the caller and to the phones, in this order. */
typedef enum { CALLER, PHONE, OTHER_PHONE, N_PARTIES } Party;

typedef struct {
  Party party;
  guint event;
  guint next;
  CallActions actions;
} Row;

static void
assert_row (const Row *row, gsize number, guint states[N_PARTIES])
{
  gboolean is_caller = row->party == CALLER;
  guint before = states[row->party];
  CallActions actions;
  guint next = is_caller ? (guint) caller_state_next (before, row->event, &actions)
                         : (guint) leg_state_next (before, row->event, &actions);

  if (next != row->next || actions != row->actions)
    g_error ("row %zu: %s at %s goes to %s and does 0x%x, not 0x%x", number,
             is_caller ? caller_event_name (row->event) : leg_event_name (row->event),
             is_caller ? caller_state_name (before) : leg_state_name (before),
             is_caller ? caller_state_name (next) : leg_state_name (next), actions, row->actions);
  states[row->party] = next;
}

static void
walk (const Row *rows, gsize n)
{
  guint states[N_PARTIES] = { CALLER_TRYING, LEG_IDLE, LEG_IDLE };

  for (gsize i = 0; i < n; i++)
    assert_row (&rows[i], i, states);
  for (Party party = CALLER; party < N_PARTIES; party++)
    if (party == CALLER)
      g_assert_cmpint (states[party], ==, CALLER_DEAD);
    else
      g_assert_true (states[party] == LEG_DEAD || states[party] == LEG_IDLE);
}

#define RINGS(phone) \
  { phone, LEG_EVENT_INVITE, LEG_CALLING, CALL_SEND_INVITE }, \
  { phone, LEG_EVENT_PROVISIONAL, LEG_PROCEEDING, CALL_TELL_RINGING }, \
  { CALLER, CALLER_EVENT_RING, CALLER_RINGING, CALL_SEND_PROVISIONAL }
#define ANSWERS(phone) \
  { phone, LEG_EVENT_SUCCESS, LEG_ANSWERED, CALL_TELL_ANSWERED }, \
  { CALLER, CALLER_EVENT_ANSWER, CALLER_ANSWERED, CALL_SEND_FINAL }
#define ACKNOWLEDGES(phone) \
  { CALLER, CALLER_EVENT_ACK, CALLER_UP, CALL_TELL_ACKED }, \
  { phone, LEG_EVENT_ACK, LEG_UP, CALL_SEND_ACK }
#define IS_NOT_CALLED_AGAIN(phone, state) { phone, LEG_EVENT_INVITE, state, CALL_DO_NOTHING }
#define HANGS_UP_ON_CALLER(phone) \
  { phone, LEG_EVENT_BYE, LEG_DEAD, CALL_TELL_ENDED }, \
  { CALLER, CALLER_EVENT_HANG_UP, CALLER_DEAD, CALL_SEND_BYE }
#define GIVES_UP { CALLER, CALLER_EVENT_CANCEL, CALLER_DEAD, CALL_SEND_487 | CALL_TELL_CANCELLED }
#define CALLER_HANGS_UP(phone) \
  { CALLER, CALLER_EVENT_BYE, CALLER_DEAD, CALL_TELL_ENDED }, \
  { phone, LEG_EVENT_HANG_UP, LEG_DEAD, CALL_SEND_BYE }

/* Before the push is accepted, during the 401, between REGISTER and INVITE: no phone is called yet,
 * and what its wake-up brings about afterwards moves nothing any more. */
static void
test_cancel_before_the_invite (void)
{
  static const Row rows[] = {
    { CALLER, CALLER_EVENT_RING, CALLER_RINGING, CALL_SEND_PROVISIONAL },
    GIVES_UP,
    { PHONE, LEG_EVENT_HANG_UP, LEG_DEAD, CALL_DO_NOTHING },
    { PHONE, LEG_EVENT_INVITE, LEG_DEAD, CALL_DO_NOTHING },
    { CALLER, CALLER_EVENT_RING, CALLER_DEAD, CALL_DO_NOTHING },
  };

  walk (rows, G_N_ELEMENTS (rows));
}

/* RFC 3261 9.1: the stack keeps the CANCEL until there is a provisional answer, and one is enough. */
static void
test_cancel_before_any_answer (void)
{
  static const Row answered[] = {
    { PHONE, LEG_EVENT_INVITE, LEG_CALLING, CALL_SEND_INVITE },
    GIVES_UP,
    { PHONE, LEG_EVENT_HANG_UP, LEG_CANCELLING, CALL_SEND_CANCEL },
    { PHONE, LEG_EVENT_HANG_UP, LEG_CANCELLING, CALL_DO_NOTHING },
    { PHONE, LEG_EVENT_SUCCESS, LEG_DEAD, CALL_SEND_ACK | CALL_SEND_BYE },
    { PHONE, LEG_EVENT_SUCCESS, LEG_DEAD, CALL_DO_NOTHING },
  };
  static const Row ends[] = {
    { PHONE, LEG_EVENT_INVITE, LEG_CALLING, CALL_SEND_INVITE },
    GIVES_UP,
    { PHONE, LEG_EVENT_HANG_UP, LEG_CANCELLING, CALL_SEND_CANCEL },
    { PHONE, LEG_EVENT_PROVISIONAL, LEG_CANCELLING, CALL_DO_NOTHING },
    { PHONE, LEG_EVENT_FAILURE, LEG_DEAD, CALL_DO_NOTHING },
  };

  walk (answered, G_N_ELEMENTS (answered));
  walk (ends, G_N_ELEMENTS (ends));
}

/* The phone says no at the very moment in which the caller gives up. */
static void
test_cancel_crosses_refusal (void)
{
  static const Row rows[] = {
    RINGS (PHONE),
    { PHONE, LEG_EVENT_FAILURE, LEG_DEAD, CALL_TELL_FAILED },
    GIVES_UP,
    { PHONE, LEG_EVENT_HANG_UP, LEG_DEAD, CALL_DO_NOTHING },
    { CALLER, CALLER_EVENT_REJECT, CALLER_DEAD, CALL_DO_NOTHING },
  };

  walk (rows, G_N_ELEMENTS (rows));
}

/* RFC 3261 15: before it was answered an early BYE of the caller is a CANCEL. */
static void
test_early_bye (void)
{
  static const Row rows[] = {
    RINGS (PHONE),
    { CALLER, CALLER_EVENT_BYE, CALLER_DEAD, CALL_SEND_487 | CALL_TELL_CANCELLED },
    { PHONE, LEG_EVENT_HANG_UP, LEG_CANCELLING, CALL_SEND_CANCEL },
    { CALLER, CALLER_EVENT_CANCEL, CALLER_DEAD, CALL_DO_NOTHING },
    { PHONE, LEG_EVENT_FAILURE, LEG_DEAD, CALL_DO_NOTHING },
  };

  walk (rows, G_N_ELEMENTS (rows));
}

/* RFC 3261 9.1: the phone's 200 and our CANCEL pass each other. */
static void
test_cancel_crosses_the_answer_of_the_phone (void)
{
  static const Row rows[] = {
    RINGS (PHONE),
    GIVES_UP,
    { PHONE, LEG_EVENT_HANG_UP, LEG_CANCELLING, CALL_SEND_CANCEL },
    { PHONE, LEG_EVENT_SUCCESS, LEG_DEAD, CALL_SEND_ACK | CALL_SEND_BYE },
    { PHONE, LEG_EVENT_FAILURE, LEG_DEAD, CALL_DO_NOTHING },
  };

  walk (rows, G_N_ELEMENTS (rows));
}

/* RFC 3261 9.2: our 200 and the caller's CANCEL pass each other, and the call is up. */
static void
test_cancel_crosses_the_answer_to_the_caller (void)
{
  static const Row rows[] = {
    RINGS (PHONE),
    ANSWERS (PHONE),
    { CALLER, CALLER_EVENT_CANCEL, CALLER_ANSWERED, CALL_DO_NOTHING },
    ACKNOWLEDGES (PHONE),
    CALLER_HANGS_UP (PHONE),
  };

  walk (rows, G_N_ELEMENTS (rows));
}

/* The loser has answered, too: ACK and BYE; and its late words move the winner's call in nothing. */
static void
test_two_phones_answer_at_once (void)
{
  static const Row rows[] = {
    RINGS (PHONE),
    RINGS (OTHER_PHONE),
    ANSWERS (PHONE),
    { OTHER_PHONE, LEG_EVENT_SUCCESS, LEG_ANSWERED, CALL_TELL_ANSWERED },
    { OTHER_PHONE, LEG_EVENT_HANG_UP, LEG_DEAD, CALL_SEND_ACK | CALL_SEND_BYE },
    { CALLER, CALLER_EVENT_ANSWER, CALLER_ANSWERED, CALL_DO_NOTHING },
    ACKNOWLEDGES (PHONE),
    { OTHER_PHONE, LEG_EVENT_BYE, LEG_DEAD, CALL_DO_NOTHING },
    CALLER_HANGS_UP (PHONE),
  };

  walk (rows, G_N_ELEMENTS (rows));
}

/* The same when the loser's CANCEL was on its way already. */
static void
test_the_loser_answers_instead_of_ending (void)
{
  static const Row rows[] = {
    RINGS (PHONE),
    RINGS (OTHER_PHONE),
    ANSWERS (PHONE),
    { OTHER_PHONE, LEG_EVENT_HANG_UP, LEG_CANCELLING, CALL_SEND_CANCEL },
    { OTHER_PHONE, LEG_EVENT_SUCCESS, LEG_DEAD, CALL_SEND_ACK | CALL_SEND_BYE },
    ACKNOWLEDGES (PHONE),
    CALLER_HANGS_UP (PHONE),
  };

  walk (rows, G_N_ELEMENTS (rows));
}

/* A re-INVITE is under way meanwhile, which is no matter of the legs: the BYE ends both at once, and
 * neither a BYE that comes from the other side nor an answer revives one. */
static void
test_bye_crosses_a_re_invite (void)
{
  static const Row rows[] = {
    RINGS (PHONE),
    ANSWERS (PHONE),
    ACKNOWLEDGES (PHONE),
    HANGS_UP_ON_CALLER (PHONE),
    { CALLER, CALLER_EVENT_BYE, CALLER_DEAD, CALL_DO_NOTHING },
    { PHONE, LEG_EVENT_SUCCESS, LEG_DEAD, CALL_DO_NOTHING },
    { PHONE, LEG_EVENT_FAILURE, LEG_DEAD, CALL_DO_NOTHING },
  };

  walk (rows, G_N_ELEMENTS (rows));
}

/* RFC 3261 14.2: who tries while the other's is under way tries again; a BYE waits for nobody. */
static void
test_glare (void)
{
  g_assert_cmpint (crossing_judge (TRUE, CROSSING_NOBODYS, 0), ==, CROSSING_GOES);
  g_assert_cmpint (crossing_judge (TRUE, CROSSING_OTHER_SIDES, 1), ==, CROSSING_GLARE);
  g_assert_cmpint (crossing_judge (TRUE, CROSSING_SAME_SIDES, 1), ==, CROSSING_WAITS);
  g_assert_cmpint (crossing_judge (FALSE, CROSSING_OTHER_SIDES, 1), ==, CROSSING_GOES);
}

/* RFC 3261 15: whoever was called sends no BYE before the ACK came or is out of time; whoever calls
 * may send one instead of it. */
static void
test_bye_before_the_ack (void)
{
  static const Row of_phone[] = {
    RINGS (PHONE),
    ANSWERS (PHONE),
    { PHONE, LEG_EVENT_BYE, LEG_DEAD, CALL_SEND_ACK | CALL_TELL_ENDED },
    { CALLER, CALLER_EVENT_HANG_UP, CALLER_ENDING, CALL_DO_NOTHING },
    { CALLER, CALLER_EVENT_HANG_UP, CALLER_ENDING, CALL_DO_NOTHING },
    { CALLER, CALLER_EVENT_ACK, CALLER_DEAD, CALL_SEND_BYE },
    { PHONE, LEG_EVENT_ACK, LEG_DEAD, CALL_DO_NOTHING },
  };
  static const Row without_ack[] = {
    RINGS (PHONE),
    ANSWERS (PHONE),
    { PHONE, LEG_EVENT_BYE, LEG_DEAD, CALL_SEND_ACK | CALL_TELL_ENDED },
    { CALLER, CALLER_EVENT_HANG_UP, CALLER_ENDING, CALL_DO_NOTHING },
    { CALLER, CALLER_EVENT_NO_ACK, CALLER_DEAD, CALL_SEND_BYE },
  };
  static const Row of_caller[] = {
    RINGS (PHONE),
    ANSWERS (PHONE),
    { CALLER, CALLER_EVENT_BYE, CALLER_DEAD, CALL_TELL_ENDED },
    { PHONE, LEG_EVENT_HANG_UP, LEG_DEAD, CALL_SEND_ACK | CALL_SEND_BYE },
    { CALLER, CALLER_EVENT_NO_ACK, CALLER_DEAD, CALL_DO_NOTHING },
  };

  walk (of_phone, G_N_ELEMENTS (of_phone));
  walk (without_ack, G_N_ELEMENTS (without_ack));
  walk (of_caller, G_N_ELEMENTS (of_caller));
}

/* Both hang up at once. */
static void
test_byes_cross (void)
{
  static const Row rows[] = {
    RINGS (PHONE),
    ANSWERS (PHONE),
    ACKNOWLEDGES (PHONE),
    CALLER_HANGS_UP (PHONE),
    { PHONE, LEG_EVENT_BYE, LEG_DEAD, CALL_DO_NOTHING },
    { CALLER, CALLER_EVENT_HANG_UP, CALLER_DEAD, CALL_DO_NOTHING },
  };

  walk (rows, G_N_ELEMENTS (rows));
}

/* However often the PBX repeats its INVITE, no phone is called twice, and there is one final answer;
 * the stack repeats what was said last. */
static void
test_repeated_invite (void)
{
  static const Row rows[] = {
    RINGS (PHONE),
    IS_NOT_CALLED_AGAIN (PHONE, LEG_PROCEEDING),
    { CALLER, CALLER_EVENT_RING, CALLER_RINGING, CALL_SEND_PROVISIONAL },
    ANSWERS (PHONE),
    IS_NOT_CALLED_AGAIN (PHONE, LEG_ANSWERED),
    { CALLER, CALLER_EVENT_RING, CALLER_ANSWERED, CALL_DO_NOTHING },
    { CALLER, CALLER_EVENT_ANSWER, CALLER_ANSWERED, CALL_DO_NOTHING },
    ACKNOWLEDGES (PHONE),
    IS_NOT_CALLED_AGAIN (PHONE, LEG_UP),
    { CALLER, CALLER_EVENT_ANSWER, CALLER_UP, CALL_DO_NOTHING },
    CALLER_HANGS_UP (PHONE),
    IS_NOT_CALLED_AGAIN (PHONE, LEG_DEAD),
  };

  walk (rows, G_N_ELEMENTS (rows));
}

/* The wait is over and the caller has its 480 when the phone answers. */
static void
test_late_answer_after_the_time_out (void)
{
  static const Row rang[] = {
    RINGS (PHONE),
    { CALLER, CALLER_EVENT_REJECT, CALLER_DEAD, CALL_SEND_FINAL },
    { PHONE, LEG_EVENT_HANG_UP, LEG_CANCELLING, CALL_SEND_CANCEL },
    { PHONE, LEG_EVENT_SUCCESS, LEG_DEAD, CALL_SEND_ACK | CALL_SEND_BYE },
    { CALLER, CALLER_EVENT_ANSWER, CALLER_DEAD, CALL_DO_NOTHING },
  };
  /* Nobody is left to take this one: the stack acknowledges it and hangs up. */
  static const Row silent[] = {
    { PHONE, LEG_EVENT_INVITE, LEG_CALLING, CALL_SEND_INVITE },
    { CALLER, CALLER_EVENT_REJECT, CALLER_DEAD, CALL_SEND_FINAL },
    { PHONE, LEG_EVENT_ABANDON, LEG_DEAD, CALL_DO_NOTHING },
    { PHONE, LEG_EVENT_HANG_UP, LEG_DEAD, CALL_DO_NOTHING },
    { PHONE, LEG_EVENT_SUCCESS, LEG_DEAD, CALL_DO_NOTHING },
  };
  static const Row given_up[] = {
    RINGS (PHONE),
    { CALLER, CALLER_EVENT_HANG_UP, CALLER_DEAD, CALL_SEND_480 },
    { PHONE, LEG_EVENT_HANG_UP, LEG_CANCELLING, CALL_SEND_CANCEL },
    { PHONE, LEG_EVENT_GIVE_UP, LEG_DEAD, CALL_DO_NOTHING },
    { PHONE, LEG_EVENT_SUCCESS, LEG_DEAD, CALL_DO_NOTHING },
  };

  static const Row says_nothing_more[] = {
    RINGS (PHONE),
    { PHONE, LEG_EVENT_GIVE_UP, LEG_CANCELLING, CALL_SEND_CANCEL | CALL_TELL_FAILED },
    { CALLER, CALLER_EVENT_REJECT, CALLER_DEAD, CALL_SEND_FINAL },
    { PHONE, LEG_EVENT_HANG_UP, LEG_CANCELLING, CALL_DO_NOTHING },
    { PHONE, LEG_EVENT_SUCCESS, LEG_DEAD, CALL_SEND_ACK | CALL_SEND_BYE },
  };

  walk (says_nothing_more, G_N_ELEMENTS (says_nothing_more));
  walk (rang, G_N_ELEMENTS (rang));
  walk (silent, G_N_ELEMENTS (silent));
  walk (given_up, G_N_ELEMENTS (given_up));
}

/* An ACK was lost: a 200 that is repeated is no second answer, an ACK no second one. */
static void
test_lost_ack (void)
{
  static const Row comes[] = {
    RINGS (PHONE),
    ANSWERS (PHONE),
    { PHONE, LEG_EVENT_SUCCESS, LEG_ANSWERED, CALL_DO_NOTHING },
    ACKNOWLEDGES (PHONE),
    { PHONE, LEG_EVENT_SUCCESS, LEG_UP, CALL_DO_NOTHING },
    { CALLER, CALLER_EVENT_ACK, CALLER_UP, CALL_DO_NOTHING },
    { PHONE, LEG_EVENT_ACK, LEG_UP, CALL_DO_NOTHING },
    CALLER_HANGS_UP (PHONE),
  };
  static const Row never_comes[] = {
    RINGS (PHONE),
    ANSWERS (PHONE),
    { CALLER, CALLER_EVENT_NO_ACK, CALLER_DEAD, CALL_SEND_BYE | CALL_TELL_ENDED },
    { PHONE, LEG_EVENT_HANG_UP, LEG_DEAD, CALL_SEND_ACK | CALL_SEND_BYE },
    { CALLER, CALLER_EVENT_ACK, CALLER_DEAD, CALL_DO_NOTHING },
  };

  walk (comes, G_N_ELEMENTS (comes));
  walk (never_comes, G_N_ELEMENTS (never_comes));
}

/* RFC 3262 3: nobody acknowledges a reliable provisional answer. */
static void
test_no_prack (void)
{
  static const Row rows[] = {
    RINGS (PHONE),
    { CALLER, CALLER_EVENT_NO_ACK, CALLER_DEAD, CALL_SEND_504 | CALL_TELL_CANCELLED },
    { PHONE, LEG_EVENT_HANG_UP, LEG_CANCELLING, CALL_SEND_CANCEL },
    { PHONE, LEG_EVENT_FAILURE, LEG_DEAD, CALL_DO_NOTHING },
    { CALLER, CALLER_EVENT_ANSWER, CALLER_DEAD, CALL_DO_NOTHING },
  };

  walk (rows, G_N_ELEMENTS (rows));
}

/* The connection closes under the phone at each step; the phone comes back on another one. */
static void
test_flow_closes_and_the_phone_comes_back (void)
{
  static const Row while_calling[] = {
    { PHONE, LEG_EVENT_INVITE, LEG_CALLING, CALL_SEND_INVITE },
    { PHONE, LEG_EVENT_FAILURE, LEG_DEAD, CALL_TELL_FAILED },
    RINGS (OTHER_PHONE),
    ANSWERS (OTHER_PHONE),
    ACKNOWLEDGES (OTHER_PHONE),
    CALLER_HANGS_UP (OTHER_PHONE),
  };
  static const Row while_ringing[] = {
    RINGS (PHONE),
    { PHONE, LEG_EVENT_FAILURE, LEG_DEAD, CALL_TELL_FAILED },
    RINGS (OTHER_PHONE),
    ANSWERS (OTHER_PHONE),
    ACKNOWLEDGES (OTHER_PHONE),
    CALLER_HANGS_UP (OTHER_PHONE),
  };
  static const Row while_cancelling[] = {
    RINGS (PHONE),
    GIVES_UP,
    { PHONE, LEG_EVENT_HANG_UP, LEG_CANCELLING, CALL_SEND_CANCEL },
    { PHONE, LEG_EVENT_FAILURE, LEG_DEAD, CALL_DO_NOTHING },
  };
  static const Row before_the_ack[] = {
    RINGS (PHONE),
    ANSWERS (PHONE),
    { PHONE, LEG_EVENT_FAILURE, LEG_ANSWERED, CALL_DO_NOTHING },
    ACKNOWLEDGES (PHONE),
    { PHONE, LEG_EVENT_FAILURE, LEG_UP, CALL_DO_NOTHING },
    CALLER_HANGS_UP (PHONE),
    { PHONE, LEG_EVENT_FAILURE, LEG_DEAD, CALL_DO_NOTHING },
  };

  walk (while_calling, G_N_ELEMENTS (while_calling));
  walk (while_ringing, G_N_ELEMENTS (while_ringing));
  walk (while_cancelling, G_N_ELEMENTS (while_cancelling));
  walk (before_the_ack, G_N_ELEMENTS (before_the_ack));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/call-races/cancel-before-invite", test_cancel_before_the_invite);
  g_test_add_func ("/call-races/cancel-before-any-answer", test_cancel_before_any_answer);
  g_test_add_func ("/call-races/cancel-crosses-refusal", test_cancel_crosses_refusal);
  g_test_add_func ("/call-races/early-bye", test_early_bye);
  g_test_add_func ("/call-races/cancel-crosses-answer", test_cancel_crosses_the_answer_of_the_phone);
  g_test_add_func ("/call-races/cancel-too-late", test_cancel_crosses_the_answer_to_the_caller);
  g_test_add_func ("/call-races/two-answers", test_two_phones_answer_at_once);
  g_test_add_func ("/call-races/loser-answers", test_the_loser_answers_instead_of_ending);
  g_test_add_func ("/call-races/bye-crosses-re-invite", test_bye_crosses_a_re_invite);
  g_test_add_func ("/call-races/glare", test_glare);
  g_test_add_func ("/call-races/bye-before-ack", test_bye_before_the_ack);
  g_test_add_func ("/call-races/byes-cross", test_byes_cross);
  g_test_add_func ("/call-races/repeated-invite", test_repeated_invite);
  g_test_add_func ("/call-races/late-answer", test_late_answer_after_the_time_out);
  g_test_add_func ("/call-races/lost-ack", test_lost_ack);
  g_test_add_func ("/call-races/no-prack", test_no_prack);
  g_test_add_func ("/call-races/flow-closes", test_flow_closes_and_the_phone_comes_back);
  return g_test_run ();
}
