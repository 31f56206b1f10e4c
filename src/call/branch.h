/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "call/call-media.h"
#include "call/call-record.h"
#include "call/late-calls.h"
#include "call/leg.h"
#include "wake/push-bucket.h"

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
  PushBucket *bucket;
  Credentials *credentials; /* nullable: of the caller, toward a PBX */
  LateCalls *late; /* nullable: phones that come too late get nothing */
  CallRecord *record;
  const CallMedia *media;
  SipFlow *caller; /* its way */
  MediaParty caller_party;
} BranchCall;

Branch *branch_new (const BranchCall *call, const BranchFuncs *funcs, gpointer user_data);
void branch_free (Branch *branch);

void branch_call_phone (Branch *branch, Binding *binding);
void branch_refresh (Branch *branch, Binding *binding);
void branch_call_pbx (Branch *branch, Pbx *pbx, const gchar *target, const gchar *user);
void branch_hang_up (Branch *branch, BranchEnd end, const sip_t *because);

BranchFailure branch_failure (const Branch *branch);
gboolean branch_is_phone (const Branch *branch, const Binding *binding);
Leg *branch_leg (const Branch *branch, MediaSession **media);
