/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "call/call-media.h"
#include "call/call-record.h"
#include "call/leg.h"

typedef struct _Attempt Attempt;

typedef struct {
  /* a 1xx or 2xx came; "ringing" or "answered" follows when its SDP is translated */
  void (*heard) (Attempt *attempt, const sip_t *response, gpointer user_data);
  void (*ringing) (Attempt *attempt, const sip_t *response, gpointer user_data);
  void (*answered) (Attempt *attempt, const sip_t *response, gpointer user_data);
  /* @problem: nullable: what is wrong on our side; @response: NULL when nobody answered */
  void (*failed) (Attempt *attempt, guint status, const gchar *problem, const sip_t *response,
                  gpointer user_data);
  void (*ended) (Attempt *attempt, const sip_t *bye, gpointer user_data);
  void (*request) (Attempt *attempt, SipRequest *request, gpointer user_data);
  void (*left) (Attempt *attempt, gpointer user_data); /* its leg and media go next */
} AttemptFuncs;

/* Whose call it is, and where its media comes from. */
typedef struct {
  const LegInvite *invite; /* without @reach; what it points to outlives the attempt */
  const CallMedia *media;
  const gchar *user; /* nullable: of the phone */
  SipFlow *caller;
  MediaParty caller_party;
  CallRecord *record; /* outlives the attempt */
} AttemptCall;

Attempt *attempt_new (const AttemptCall *call, SipFlow *flow, Reach *reach,
                      const AttemptFuncs *funcs, gpointer user_data);
void attempt_free (Attempt *attempt);

void attempt_start (Attempt *attempt);
void attempt_hang_up (Attempt *attempt, const sip_t *because);
void attempt_lose (Attempt *attempt);
void attempt_abandon (Attempt *attempt);

gboolean attempt_is_silent (const Attempt *attempt);
SipFlow *attempt_flow (const Attempt *attempt);
Leg *attempt_leg (const Attempt *attempt);
MediaSession *attempt_media (const Attempt *attempt);
