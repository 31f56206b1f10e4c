/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/deadline.h"
#include "registrar/account-book.h"
#include "registrar/pbx-attempt.h"
#include "registrar/upstream.h"

typedef struct _Kept Kept;

typedef struct {
  Upstream *upstream;
  AccountBook *accounts;
  GHashTable *all; /* token -> Kept */
  void (*resumed) (const Kept *kept, guint granted, gpointer user_data);
  gpointer user_data; /* for what is told when one of the last run is renewed for the first time */
} KeptRooms;

/* @status: 200, or why the PBX does not register it; @phrase may be NULL */
typedef void (*KeptFunc) (guint status, const gchar *phrase, gpointer user_data);

struct _Kept {
  const KeptRooms *rooms;
  Pbx *pbx;
  Account *account; /* nullable: of a phone without one, or not any more, that is sent away */
  gchar *aor;
  gchar *token;
  GPtrArray *replaces; /* utf8, nullable: Contacts that go when this one comes */
  guint asked;   /* seconds */
  guint granted; /* seconds; at most, until the PBX has said it */
  gint64 ends;   /* at the PBX, monotonic; 0: not known */
  gboolean held;
  gboolean leaving; /* the binding is gone: what is under way removes it */
  gboolean again;   /* it came back meanwhile */
  guint challenges;
  guint failures;
  gchar *authorization; /* nullable: what answers the last challenge */
  PbxAttempt *attempt;
  Deadline *timer;
  GSList *waiters;
};

Kept *kept_new (const KeptRooms *rooms, Pbx *pbx, Account *account, const gchar *aor,
                const gchar *token);
void kept_free (Kept *kept);

void kept_register (Kept *kept);
void kept_resume (Kept *kept, gint64 milliseconds);
void kept_schedule (Kept *kept, gint64 milliseconds);
void kept_add_waiter (Kept *kept, KeptFunc func, gpointer user_data);
void kept_retry (Kept *kept);
void kept_leave (Kept *kept);
void kept_let_go (Kept *kept);
