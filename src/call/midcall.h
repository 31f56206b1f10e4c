/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sip/sip-dialog.h"

typedef struct _Midcall Midcall;
typedef void (*MidcallFunc) (Midcall *midcall, gpointer user_data);

Midcall *midcall_relay (SipRequest *request, SipDialog *from, SipDialog *to, MidcallFunc done,
                        gpointer user_data);
void midcall_free (Midcall *midcall);

gboolean midcall_is_invite (const Midcall *midcall);
SipDialog *midcall_from (const Midcall *midcall);
