/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "call/call-media.h"
#include "call/call-record.h"
#include "call/late-calls.h"

typedef struct _Fork Fork;

typedef struct {
  void (*held) (Fork *fork, gpointer user_data);
  void (*ringing) (Fork *fork, Leg *leg, const sip_t *response, gpointer user_data);
  void (*answered) (Fork *fork, Leg *leg, const sip_t *response, gpointer user_data);
  /* nobody is left; @response is NULL where no answer stands behind it */
  void (*failed) (Fork *fork, guint status, const gchar *phrase, const sip_t *response,
                  gpointer user_data);
  void (*ended) (Fork *fork, Leg *leg, const sip_t *bye, gpointer user_data);
  void (*request) (Fork *fork, Leg *leg, SipRequest *request, gpointer user_data);
  void (*left) (Fork *fork, Leg *leg, gpointer user_data); /* it and its media go next */
} ForkFuncs;

/* What one phone's refusal means for the others: whether it ends the call for all. */
typedef struct {
  gboolean busy_ends;    /* 486 */
  gboolean decline_ends; /* 603 */
  gboolean failure_ends; /* any other 6xx */
} ForkPolicy;

typedef struct {
  SipRequest *invite;    /* that is @original */
  const sip_t *original; /* the INVITE that is continued; outlives the fork */
  const gchar *tag;
  guint wake_seconds;
  guint direct_try_ms;
  const CallMedia *media; /* outlives the fork */
  SipFlow *caller;        /* likewise */
  MediaParty caller_party;
  guint breadth; /* Max-Breadth for each branch */
  ForkPolicy policy;
  LateCalls *late; /* nullable: phones that come too late get nothing */
} ForkOptions;

Fork *fork_new (const ForkOptions *options, PushBucket *bucket, CallRecord *record,
                const ForkFuncs *funcs, gpointer user_data);
void fork_free (Fork *fork);

void fork_add_phone (Fork *fork, Binding *binding);
void fork_add_pbx (Fork *fork, Pbx *pbx, const gchar *target, const gchar *user);
void fork_set_credentials (Fork *fork, Credentials *credentials);
void fork_offer_reliable (Fork *fork);
void fork_start (Fork *fork);
void fork_join_phone (Fork *fork, Binding *binding, gboolean newcomers);
void fork_hang_up (Fork *fork, const sip_t *because);

guint fork_size (const Fork *fork);
Leg *fork_only_leg (const Fork *fork);
MediaSession *fork_only_media (const Fork *fork);
