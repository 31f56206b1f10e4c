/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sip/sip-stack.h"

typedef struct _LonePhone LonePhone;

LonePhone *lone_phone_new (SipStack *stack);
void lone_phone_free (LonePhone *phone);

SipRequest *lone_phone_register (LonePhone *phone, const gchar *user, const gchar *call_id,
                                 const gchar *lines);
gboolean lone_phone_is_answered (LonePhone *phone);
gchar *lone_phone_answer (LonePhone *phone);
