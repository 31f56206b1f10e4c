/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sip/sip-dialog.h"
#include "wake/push-bucket.h"

typedef struct _Reach Reach;

Reach *reach_new (PushBucket *bucket, Binding *binding);
void reach_free (Reach *reach);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Reach, reach_free)

void reach_serve (Reach *reach, SipDialog *dialog);
gboolean reach_needs_wait (const Reach *reach, SipDialog *dialog);
PushTicket *reach_wait (Reach *reach, guint seconds, PushBucketFunc func, gpointer user_data);
