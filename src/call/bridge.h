/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sip/sip-dialog.h"

typedef struct _Bridge Bridge;

Bridge *bridge_new (SipDialog *one, SipDialog *other);
void bridge_free (Bridge *bridge);

void bridge_take (Bridge *bridge, SipDialog *from, SipRequest *request);
