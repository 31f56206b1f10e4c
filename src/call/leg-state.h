/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The leg that we call: we are its client (RFC 3261 13.2). */
typedef enum {
  LEG_IDLE,
  LEG_CALLING,
  LEG_PROCEEDING,
  LEG_CANCELLING,
  LEG_ANSWERED,
  LEG_UP,
  LEG_DEAD,
  N_LEG_STATES,
} LegState;

typedef enum {
  LEG_EVENT_INVITE,      /* we call */
  LEG_EVENT_PROVISIONAL, /* 101 to 199 came */
  LEG_EVENT_SUCCESS,     /* 2xx came */
  LEG_EVENT_FAILURE,     /* 300 to 699 came, or nothing ever will */
  LEG_EVENT_ACK,         /* the caller has acknowledged the answer */
  LEG_EVENT_HANG_UP,     /* we want out */
  LEG_EVENT_ABANDON,     /* we want out and nobody has heard of the call yet */
  LEG_EVENT_BYE,         /* the peer went */
  LEG_EVENT_GIVE_UP,     /* no final answer came to our CANCEL */
  N_LEG_EVENTS,
} LegEvent;

/* The leg that calls us: we are its server (RFC 3261 13.3). */
typedef enum {
  CALLER_TRYING,
  CALLER_RINGING,
  CALLER_ANSWERED,
  CALLER_ENDING,
  CALLER_UP,
  CALLER_DEAD,
  N_CALLER_STATES,
} CallerState;

typedef enum {
  CALLER_EVENT_RING,    /* a provisional answer is to go */
  CALLER_EVENT_ANSWER,  /* the 2xx is to go */
  CALLER_EVENT_REJECT,  /* another final answer is to go */
  CALLER_EVENT_CANCEL,  /* the caller gave up */
  CALLER_EVENT_ACK,     /* the caller acknowledged the 2xx */
  CALLER_EVENT_NO_ACK,  /* and this one never did, or acknowledged no reliable 1xx */
  CALLER_EVENT_HANG_UP, /* we want out */
  CALLER_EVENT_BYE,     /* the caller went */
  N_CALLER_EVENTS,
} CallerEvent;

typedef enum {
  CALL_DO_NOTHING = 0,
  CALL_SEND_INVITE = 1 << 0,
  CALL_SEND_CANCEL = 1 << 1,
  CALL_SEND_ACK = 1 << 2,
  CALL_SEND_BYE = 1 << 3,
  CALL_SEND_PROVISIONAL = 1 << 4,
  CALL_SEND_FINAL = 1 << 5,
  CALL_SEND_487 = 1 << 6,
  CALL_SEND_480 = 1 << 7,
  CALL_SEND_504 = 1 << 14,
  CALL_TELL_RINGING = 1 << 8,
  CALL_TELL_ANSWERED = 1 << 9,
  CALL_TELL_FAILED = 1 << 10,
  CALL_TELL_ENDED = 1 << 11,
  CALL_TELL_CANCELLED = 1 << 12,
  CALL_TELL_ACKED = 1 << 13,
} CallActions;

LegState leg_state_next (LegState state, LegEvent event, CallActions *actions);
CallerState caller_state_next (CallerState state, CallerEvent event, CallActions *actions);

const gchar *leg_state_name (LegState state);
const gchar *leg_event_name (LegEvent event);
const gchar *caller_state_name (CallerState state);
const gchar *caller_event_name (CallerEvent event);
