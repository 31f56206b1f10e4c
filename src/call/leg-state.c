/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * leg-state: what a leg does next, as two tables without sockets.
 *
 * The races of RFC 3261 are rows here: CANCEL against 2xx, BYE against ACK, a late 2xx. What a table
 * does not name leaves the state as it is and does nothing. Drawn in docs/states/leg.dot and
 * docs/states/caller.dot.
 */
#include "call/leg-state.h"

typedef struct {
  guint8 next;
  guint16 actions;
  gboolean known;
} Row;

#define ROW(state, actions) { (state), (actions), TRUE }

static const Row leg_table[N_LEG_STATES][N_LEG_EVENTS] = {
  [LEG_IDLE] = {
    [LEG_EVENT_INVITE] = ROW (LEG_CALLING, CALL_SEND_INVITE),
    [LEG_EVENT_HANG_UP] = ROW (LEG_DEAD, CALL_DO_NOTHING),
    [LEG_EVENT_ABANDON] = ROW (LEG_DEAD, CALL_DO_NOTHING),
  },
  [LEG_CALLING] = {
    [LEG_EVENT_PROVISIONAL] = ROW (LEG_PROCEEDING, CALL_TELL_RINGING),
    [LEG_EVENT_SUCCESS] = ROW (LEG_ANSWERED, CALL_TELL_ANSWERED),
    [LEG_EVENT_FAILURE] = ROW (LEG_DEAD, CALL_TELL_FAILED),
    [LEG_EVENT_HANG_UP] = ROW (LEG_CANCELLING, CALL_SEND_CANCEL),
    [LEG_EVENT_ABANDON] = ROW (LEG_DEAD, CALL_DO_NOTHING),
    [LEG_EVENT_GIVE_UP] = ROW (LEG_CANCELLING, CALL_SEND_CANCEL | CALL_TELL_FAILED),
  },
  [LEG_PROCEEDING] = {
    [LEG_EVENT_PROVISIONAL] = ROW (LEG_PROCEEDING, CALL_TELL_RINGING),
    [LEG_EVENT_SUCCESS] = ROW (LEG_ANSWERED, CALL_TELL_ANSWERED),
    [LEG_EVENT_FAILURE] = ROW (LEG_DEAD, CALL_TELL_FAILED),
    [LEG_EVENT_HANG_UP] = ROW (LEG_CANCELLING, CALL_SEND_CANCEL),
    [LEG_EVENT_ABANDON] = ROW (LEG_CANCELLING, CALL_SEND_CANCEL),
    [LEG_EVENT_GIVE_UP] = ROW (LEG_CANCELLING, CALL_SEND_CANCEL | CALL_TELL_FAILED),
  },
  [LEG_CANCELLING] = {
    [LEG_EVENT_SUCCESS] = ROW (LEG_DEAD, CALL_SEND_ACK | CALL_SEND_BYE),
    [LEG_EVENT_FAILURE] = ROW (LEG_DEAD, CALL_DO_NOTHING),
    [LEG_EVENT_GIVE_UP] = ROW (LEG_DEAD, CALL_DO_NOTHING),
  },
  [LEG_ANSWERED] = {
    [LEG_EVENT_ACK] = ROW (LEG_UP, CALL_SEND_ACK),
    [LEG_EVENT_HANG_UP] = ROW (LEG_DEAD, CALL_SEND_ACK | CALL_SEND_BYE),
    [LEG_EVENT_ABANDON] = ROW (LEG_DEAD, CALL_SEND_ACK | CALL_SEND_BYE),
    [LEG_EVENT_BYE] = ROW (LEG_DEAD, CALL_SEND_ACK | CALL_TELL_ENDED),
  },
  [LEG_UP] = {
    [LEG_EVENT_HANG_UP] = ROW (LEG_DEAD, CALL_SEND_BYE),
    [LEG_EVENT_ABANDON] = ROW (LEG_DEAD, CALL_SEND_BYE),
    [LEG_EVENT_BYE] = ROW (LEG_DEAD, CALL_TELL_ENDED),
  },
};

static const Row caller_table[N_CALLER_STATES][N_CALLER_EVENTS] = {
  [CALLER_TRYING] = {
    [CALLER_EVENT_RING] = ROW (CALLER_RINGING, CALL_SEND_PROVISIONAL),
    [CALLER_EVENT_ANSWER] = ROW (CALLER_ANSWERED, CALL_SEND_FINAL),
    [CALLER_EVENT_REJECT] = ROW (CALLER_DEAD, CALL_SEND_FINAL),
    [CALLER_EVENT_CANCEL] = ROW (CALLER_DEAD, CALL_SEND_487 | CALL_TELL_CANCELLED),
    [CALLER_EVENT_HANG_UP] = ROW (CALLER_DEAD, CALL_SEND_480),
    [CALLER_EVENT_BYE] = ROW (CALLER_DEAD, CALL_SEND_487 | CALL_TELL_CANCELLED),
  },
  [CALLER_RINGING] = {
    [CALLER_EVENT_RING] = ROW (CALLER_RINGING, CALL_SEND_PROVISIONAL),
    [CALLER_EVENT_ANSWER] = ROW (CALLER_ANSWERED, CALL_SEND_FINAL),
    [CALLER_EVENT_REJECT] = ROW (CALLER_DEAD, CALL_SEND_FINAL),
    [CALLER_EVENT_CANCEL] = ROW (CALLER_DEAD, CALL_SEND_487 | CALL_TELL_CANCELLED),
    [CALLER_EVENT_NO_ACK] = ROW (CALLER_DEAD, CALL_SEND_504 | CALL_TELL_CANCELLED),
    [CALLER_EVENT_HANG_UP] = ROW (CALLER_DEAD, CALL_SEND_480),
    [CALLER_EVENT_BYE] = ROW (CALLER_DEAD, CALL_SEND_487 | CALL_TELL_CANCELLED),
  },
  /* A called party sends no BYE before the ACK came or is out of time (RFC 3261 15). */
  [CALLER_ANSWERED] = {
    [CALLER_EVENT_ACK] = ROW (CALLER_UP, CALL_TELL_ACKED),
    [CALLER_EVENT_NO_ACK] = ROW (CALLER_DEAD, CALL_SEND_BYE | CALL_TELL_ENDED),
    [CALLER_EVENT_HANG_UP] = ROW (CALLER_ENDING, CALL_DO_NOTHING),
    [CALLER_EVENT_BYE] = ROW (CALLER_DEAD, CALL_TELL_ENDED),
  },
  [CALLER_ENDING] = {
    [CALLER_EVENT_ACK] = ROW (CALLER_DEAD, CALL_SEND_BYE),
    [CALLER_EVENT_NO_ACK] = ROW (CALLER_DEAD, CALL_SEND_BYE),
    [CALLER_EVENT_BYE] = ROW (CALLER_DEAD, CALL_DO_NOTHING),
  },
  [CALLER_UP] = {
    [CALLER_EVENT_HANG_UP] = ROW (CALLER_DEAD, CALL_SEND_BYE),
    [CALLER_EVENT_BYE] = ROW (CALLER_DEAD, CALL_TELL_ENDED),
  },
};

/**
 * leg_state_next:
 * @state: where the leg is
 * @event: what happened
 * @actions: (out): what is to be done, in the order of their bits
 *
 * Returns: where the leg is then
 */
LegState
leg_state_next (LegState state, LegEvent event, CallActions *actions)
{
  const Row *row = &leg_table[state][event];

  *actions = row->actions;
  return row->known ? (LegState) row->next : state;
}

/**
 * caller_state_next:
 * @state: where the caller is
 * @event: what happened
 * @actions: (out): what is to be done, in the order of their bits
 *
 * Returns: where the caller is then
 */
CallerState
caller_state_next (CallerState state, CallerEvent event, CallActions *actions)
{
  const Row *row = &caller_table[state][event];

  *actions = row->actions;
  return row->known ? (CallerState) row->next : state;
}

/**
 * leg_state_name:
 * @state: a state
 *
 * Returns: (transfer none): its name, as in the drawing
 */
const gchar *
leg_state_name (LegState state)
{
  static const gchar *const names[N_LEG_STATES] = {
    "idle", "calling", "proceeding", "cancelling", "answered", "up", "dead",
  };

  return names[state];
}

/**
 * leg_event_name:
 * @event: an event
 *
 * Returns: (transfer none): its name, as in the drawing
 */
const gchar *
leg_event_name (LegEvent event)
{
  static const gchar *const names[N_LEG_EVENTS] = {
    "invite", "provisional", "success", "failure", "ack", "hang-up", "abandon", "bye", "give-up",
  };

  return names[event];
}

/**
 * caller_state_name:
 * @state: a state
 *
 * Returns: (transfer none): its name, as in the drawing
 */
const gchar *
caller_state_name (CallerState state)
{
  static const gchar *const names[N_CALLER_STATES] = {
    "trying", "ringing", "answered", "ending", "up", "dead",
  };

  return names[state];
}

/**
 * caller_event_name:
 * @event: an event
 *
 * Returns: (transfer none): its name, as in the drawing
 */
const gchar *
caller_event_name (CallerEvent event)
{
  static const gchar *const names[N_CALLER_EVENTS] = {
    "ring", "answer", "reject", "cancel", "ack", "no-ack", "hang-up", "bye",
  };

  return names[event];
}
