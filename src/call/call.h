/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "call/call-log.h"
#include "call/call-media.h"
#include "call/fork.h"

typedef struct _Call Call;

typedef struct {
  guint wake_seconds;
  guint hold_response; /* 180, 183, or 100 for silence */
  guint direct_try_ms;
  CallMedia *media;
  CallLog *log;
  guint breadth; /* Max-Breadth for each branch */
  ForkPolicy policy;
  LateCalls *late; /* nullable: phones that come too late get nothing */
  gboolean show_late_phones;
  gboolean only_registered; /* phones that have not registered may not call */
} CallOptions;

typedef void (*CallOverFunc) (Call *call, gpointer user_data);

Call *call_new (SipRequest *invite, CallDirection direction, const gchar *contact_user,
                const CallOptions *options, PushBucket *bucket, CallOverFunc over,
                gpointer user_data);
void call_free (Call *call);

void call_set_reach (Call *call, Reach *reach);
void call_expect_one_phone (Call *call);
void call_ring_phone (Call *call, Binding *binding);
void call_welcome_newcomers (Call *call);
void call_ring_pbx (Call *call, Pbx *pbx, const gchar *user);
void call_set_credentials (Call *call, Credentials *credentials);
void call_start (Call *call);
void call_join_phone (Call *call, Binding *binding);
void call_hang_up (Call *call, const gchar *why);

CallRecord *call_record (const Call *call);
