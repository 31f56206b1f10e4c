/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sip/sip-request.h"

typedef struct _SipStack SipStack;
typedef void (*SipStackFunc) (SipRequest *request, gpointer user_data);

SipStack *sip_stack_new (GPtrArray *listener_options, GMainContext *context, GError **error);
void sip_stack_free (SipStack *stack);

void sip_stack_set_handler (SipStack *stack, SipStackFunc func, gpointer user_data);
GPtrArray *sip_stack_listeners (SipStack *stack);
SipListener *sip_stack_find_listener (SipStack *stack, SipSide side, SipTransport transport,
                                      GSocketFamily family);
