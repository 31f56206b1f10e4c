/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "registrar/pbx.h"
#include "sip/sip-transaction.h"

typedef struct _PbxAttempt PbxAttempt;

/* Sends the request by @way, and has @func told of its answers. NULL: it cannot be sent. */
typedef SipTransaction *(*PbxSendFunc) (SipFlow *way,
                                        SipResponseFunc func,
                                        gpointer func_data,
                                        gpointer user_data);
/* @response: nullable, as in SipResponseFunc */
typedef void (*PbxOutcomeFunc) (guint status, const sip_t *response, gpointer user_data);

PbxAttempt *pbx_attempt_new (
    Pbx *pbx, const gchar *call_id, PbxSendFunc send, PbxOutcomeFunc outcome, gpointer user_data);
void pbx_attempt_free (PbxAttempt *attempt);
