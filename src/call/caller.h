/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "call/leg-state.h"
#include "call/reach.h"

typedef struct _Caller Caller;

typedef struct {
  void (*cancelled) (Caller *caller, const sip_t *cancel, gpointer user_data);
  void (*acked) (Caller *caller, const sip_t *ack, gpointer user_data);
  /* @bye is NULL when no ACK came */
  void (*ended) (Caller *caller, const sip_t *bye, gpointer user_data);
  void (*request) (Caller *caller, SipRequest *request, gpointer user_data);
} CallerFuncs;

Caller *caller_new (SipRequest *invite, const gchar *contact_user, const CallerFuncs *funcs,
                    gpointer user_data);
void caller_release (Caller *caller);
void caller_set_reach (Caller *caller, Reach *reach);

void caller_hold (Caller *caller, guint status);
void caller_ring (Caller *caller, const sip_t *response, gboolean with_body);
void caller_answer (Caller *caller, const sip_t *response);
void caller_reject (Caller *caller, guint status, const gchar *phrase, const sip_t *response);
void caller_hang_up (Caller *caller, const sip_t *bye);

SipRequest *caller_invite (const Caller *caller);
SipDialog *caller_dialog (const Caller *caller);
Reach *caller_reach (const Caller *caller);
