/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "call/call-log.h"
#include "sip/sip-request.h"

void call_names_translate (CallLog *log, SipRequest *request);
