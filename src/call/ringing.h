/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "call/call.h"

typedef struct _Ringing Ringing;

Ringing *ringing_new (Location *location);
void ringing_free (Ringing *ringing);

void ringing_add (Ringing *ringing, const Binding *binding, Call *call);
void ringing_remove (Ringing *ringing, Call *call);
gboolean ringing_is_loop (const Ringing *ringing, CallLog *log, GPtrArray *pbxes,
                          SipRequest *request);
