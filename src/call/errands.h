/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "call/message.h"
#include "call/subscription.h"

typedef struct _Errands Errands;

Errands *errands_new (PushBucket *bucket, CallLog *log);
void errands_free (Errands *errands);
void errands_set_direct_try (Errands *errands, guint milliseconds);

void errands_to_phones (Errands *errands, SipRequest *request, const GPtrArray *phones);
void errands_to_pbx (Errands *errands, SipRequest *request, Binding *phone, SipFlow *way,
                     const gchar *contact_user);
