/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sip/sip-dialog.h"
#include "wake/push-bucket.h"

typedef struct _Message Message;
typedef void (*MessageOverFunc) (Message *message, gpointer user_data);

typedef struct {
  PushBucket *bucket;
  guint direct_try_ms;
} MessageOptions;

Message *message_new (SipRequest *request, const MessageOptions *options, MessageOverFunc over,
                      gpointer user_data);
void message_free (Message *message);

void message_add_phone (Message *message, Binding *binding);
void message_add_way (Message *message, SipFlow *way, const gchar *target,
                      const gchar *contact_user);
void message_start (Message *message);
