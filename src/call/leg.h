/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "call/leg-state.h"
#include "call/reach.h"
#include "registrar/credentials.h"

/* The Reason of a CANCEL to whom another one was faster than (RFC 3326). */
#define LEG_ELSEWHERE "SIP;cause=200;text=\"Call completed elsewhere\""

typedef struct _Leg Leg;

typedef struct {
  void (*ringing) (Leg *leg, const sip_t *response, gpointer user_data);
  void (*answered) (Leg *leg, const sip_t *response, gpointer user_data);
  /* @response is NULL when nobody answered */
  void (*failed) (Leg *leg, guint status, const sip_t *response, gpointer user_data);
  void (*ended) (Leg *leg, const sip_t *bye, gpointer user_data);
  void (*request) (Leg *leg, SipRequest *request, gpointer user_data);
} LegFuncs;

/* Who is called, and on behalf of whom. */
typedef struct {
  SipRequest *request;   /* the INVITE that is continued */
  const sip_t *original; /* the same */
  const gchar *target;   /* the Request-URI */
  const gchar *route;    /* nullable: the proxies before the phone */
  const gchar *to;       /* nullable: the To URI, where it is not the original's */
  const gchar *call_id;
  const gchar *tag;
  const gchar *contact_user;
  Credentials *credentials; /* nullable: what answers a challenge in place of the caller */
  guint breadth; /* Max-Breadth; 0: not known */
  gboolean reliable; /* provisional answers may be (RFC 3262) */
  gboolean bare;     /* nothing is offered to who is called */
  Reach *reach; /* transfer full, nullable: how the phone is found again */
} LegInvite;

Leg *leg_new (const LegFuncs *funcs, gpointer user_data);
void leg_release (Leg *leg);

gboolean leg_invite (Leg *leg, SipFlow *flow, const LegInvite *invite);
void leg_ack (Leg *leg, const sip_t *ack);
void leg_hang_up (Leg *leg, const sip_t *because);
void leg_lose (Leg *leg);
void leg_abandon (Leg *leg);
void leg_forget_reliable (Leg *leg);

gboolean leg_is_silent (const Leg *leg);
SipDialog *leg_dialog (const Leg *leg);
msg_t *leg_response (const Leg *leg);
guint32 leg_cseq (const Leg *leg);
Reach *leg_reach (const Leg *leg);
