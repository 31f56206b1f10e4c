/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "call/leg.h"

typedef struct _LateCalls LateCalls;

LateCalls *late_calls_new (PushBucket *bucket);
void late_calls_free (LateCalls *late);

gboolean late_calls_are_due (const Binding *binding);
void late_calls_add (LateCalls *late, SipRequest *invite, Binding *binding, const gchar *call_id,
                     const gchar *tag, gint64 until, const sip_t *because);
