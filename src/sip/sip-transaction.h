/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sip/sip-flow.h"

#define SIP_CANCEL_PATIENCE_MS 32000 /* 64*T1: nobody answers a CANCEL later */

typedef struct _SipTransaction SipTransaction;

/* @sip: the answer, or NULL when the stack itself gave up (408 no answer, 503 no way) */
typedef void (*SipResponseFunc) (SipTransaction *transaction, guint status, const sip_t *sip,
                                 gpointer user_data);

SipTransaction *
sip_transaction_send (SipFlow *flow, msg_t *msg, SipResponseFunc func, gpointer user_data);
void sip_transaction_free (SipTransaction *transaction);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SipTransaction, sip_transaction_free)

void sip_transaction_cancel (SipTransaction *transaction, const gchar *reason);
guint sip_transaction_status (SipTransaction *transaction);
guint32 sip_transaction_cseq (SipTransaction *transaction);
msg_t *sip_transaction_response (SipTransaction *transaction);
SipFlow *sip_transaction_connection (SipTransaction *transaction);
