/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/deadline.h"
#include "call/attempt.h"
#include "call/call-record.h"
#include "call/late-calls.h"

typedef struct _Branch Branch;

typedef enum { BRANCH_ANSWERED_ELSEWHERE, BRANCH_CALL_IS_OVER } BranchEnd;

/* Who said no is not called again; who was not reached may still come. */
typedef enum { BRANCH_LIVES, BRANCH_UNREACHED, BRANCH_REFUSED } BranchFailure;

typedef struct {
  void (*held) (Branch *branch, gpointer user_data);
  void (*ringing) (Branch *branch, const sip_t *response, gpointer user_data);
  void (*answered) (Branch *branch, const sip_t *response, gpointer user_data);
  void (*failed) (Branch *branch, guint status, const gchar *phrase, const sip_t *response,
                  gpointer user_data);
  void (*ended) (Branch *branch, const sip_t *bye, gpointer user_data);
  void (*request) (Branch *branch, SipRequest *request, gpointer user_data);
  void (*left) (Branch *branch, Leg *leg, gpointer user_data); /* it and its media go next */
} BranchFuncs;

/* What the branches of one fork have in common. */
typedef struct {
  const sip_t *original;
  const gchar *caller_id; /* the Call-ID of @original */
  SipRequest *invite; /* that is @original */
  const gchar *call_id;
  const gchar *tag;
  PushBucketCall push;
  guint direct_try_ms;
  guint breadth;
  gboolean reliable; /* provisional answers of the only phone may be */
  PushBucket *bucket;
  Credentials *credentials; /* nullable: of the caller, toward a PBX */
  LateCalls *late; /* nullable: phones that come too late get nothing */
  CallRecord *record;
  const CallMedia *media;
  SipFlow *caller; /* its way */
  MediaParty caller_party;
} BranchCall;

/* For branch and branch-pbx alone. */
struct _Branch {
  const BranchCall *call;
  const BranchFuncs *funcs;
  gpointer user_data;
  Binding *binding;  /* NULL: not a phone of ours */
  Pbx *pbx;          /* NULL: a phone */
  gchar *pbx_target; /* of the PBX: the Request-URI */
  gchar *user;       /* what the PBX knows our phone by */
  Attempt *attempt, *older; /* the newest, and the one before, which may yet show that it lives */
  PushTicket *ticket;
  Deadline *direct; /* for a first answer on the open flow, or on this route */
  gint64 until;     /* monotonic microseconds: when the wait for it is over; 0: it has not begun */
  guint wakes, ways; /* pushes that were sent; routes of the PBX that were tried */
  gboolean came;        /* the phone has registered since it was woken last */
  gboolean rings, over; /* the phone has answered provisionally; nobody is to be told any more */
  BranchFailure failure;
};

void branch_send_invite (Branch *branch, SipFlow *flow, const LegInvite *whom);
void branch_fail (Branch *branch, guint status, const gchar *phrase, const sip_t *response);
gboolean branch_pbx_goes_on (Branch *branch, const sip_t *response);
void branch_call_pbx (Branch *branch, Pbx *pbx, const gchar *target, const gchar *user);
