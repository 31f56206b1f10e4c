/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sip/sip-dialog.h"

void sip_ack_send (SipDialog *dialog, guint32 cseq, const sip_t *ack);
void sip_ack_repeat (const SipListener *listener, const sip_t *response);
