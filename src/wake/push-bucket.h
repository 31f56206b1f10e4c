/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "registrar/location.h"
#include "wake/push-target.h"

typedef struct _PushBucket PushBucket;
typedef struct _PushTicket PushTicket;

typedef enum {
  PUSH_BUCKET_PUSHED,    /* the push service took the push; the wait goes on */
  PUSH_BUCKET_AWAKE,     /* the phone registered, maybe not for the last time; the wait goes on */
  PUSH_BUCKET_REFUSED,   /* the push failed, or the binding is gone: nobody will come */
  PUSH_BUCKET_TIMED_OUT, /* nobody came */
} PushBucketEvent;

/* @binding: the phone's newest one; @reason: for the record of the call */
typedef void (*PushBucketFunc) (PushTicket *ticket, PushBucketEvent event, Binding *binding,
                                const gchar *reason, gpointer user_data);

/* A wake-up is over: @provider's push brought @binding back in @microseconds, or did not (-1). */
typedef void (*PushBucketWatchFunc) (Binding *binding, const gchar *provider, gint64 microseconds,
                                     gpointer user_data);

typedef struct {
  PushKind kind;        /* what the phone is woken for */
  const gchar *call_id; /* nullable: of the INVITE that will reach the phone */
  PushCaller caller;    /* for payload templates that ask for it */
  guint seconds;        /* how long to wait at most */
} PushBucketCall;

PushBucket *push_bucket_new (Location *location, PushService *service);
void push_bucket_free (PushBucket *bucket);
void push_bucket_watch (PushBucket *bucket, PushBucketWatchFunc func, gpointer user_data);
Location *push_bucket_location (PushBucket *bucket);

void push_bucket_set_repeat (PushBucket *bucket, const guint *repeat);

PushTicket *push_bucket_enter (PushBucket *bucket, Binding *binding, const PushBucketCall *call,
                               PushBucketFunc func, gpointer user_data);
void push_bucket_leave (PushTicket *ticket);
