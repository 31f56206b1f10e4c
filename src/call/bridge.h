/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "call/call-record.h"
#include "call/reach.h"
#include "media/media-session.h"

typedef struct _Bridge Bridge;

/* One end of it; what stands here outlives the bridge. */
typedef struct {
  SipDialog *dialog;
  Reach *reach; /* nullable: how the phone of @dialog is found again */
  guint32 cseq; /* of the INVITE by which we opened it, 0: we did not */
} BridgeEnd;

Bridge *bridge_new (const BridgeEnd *one, const BridgeEnd *other, MediaSession *media,
                    MediaParty party_of_one, CallRecord *record);
void bridge_free (Bridge *bridge);

void bridge_take (Bridge *bridge, SipDialog *from, SipRequest *request);
