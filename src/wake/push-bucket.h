/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "push/push-service.h"
#include "registrar/location.h"

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

PushBucket *push_bucket_new (Location *location, PushService *service);
void push_bucket_free (PushBucket *bucket);

PushTicket *push_bucket_enter (PushBucket *bucket, Binding *binding, const gchar *call_id,
                               guint seconds, PushBucketFunc func, gpointer user_data);
void push_bucket_leave (PushTicket *ticket);
