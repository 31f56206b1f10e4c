/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "media/media-session.h"
#include "sip/sip-dialog.h"

typedef struct _Bridge Bridge;

Bridge *bridge_new (SipDialog *one, SipDialog *other, MediaSession *media, MediaParty party_of_one);
void bridge_free (Bridge *bridge);

void bridge_take (Bridge *bridge, SipDialog *from, SipRequest *request);
