/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "call/call-log.h"
#include "call/reach.h"

typedef struct _Subscription Subscription;
typedef void (*SubscriptionOverFunc) (Subscription *subscription, gpointer user_data);

/* Toward whom it goes. */
typedef struct {
  SipFlow *way;
  const gchar *target;
  const gchar *route;   /* nullable: the proxies before it */
  const gchar *to;      /* nullable: the To URI, where it is not the request's */
  const gchar *contact_user; /* nullable: the user part of our Contact toward it */
} SubscriptionPeer;

Subscription *subscription_new (SipRequest *request, const gchar *contact_user, CallLog *log,
                                SubscriptionOverFunc over, gpointer user_data);
void subscription_free (Subscription *subscription);

void subscription_set_reach (Subscription *subscription, Reach *subscriber, Reach *notifier);
gboolean subscription_start (Subscription *subscription, const SubscriptionPeer *peer);
