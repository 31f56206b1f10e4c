/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sip/sip-request.h"

typedef struct _SipReliable SipReliable;

/* @prack: to be answered; its RAck names the number that the answer had where it came from */
typedef void (*SipPrackFunc) (SipRequest *prack, gpointer user_data);

SipReliable *sip_reliable_new (SipRequest *invite, gboolean required, SipPrackFunc func,
                               gpointer user_data);
void sip_reliable_free (SipReliable *reliable);
void sip_reliable_reply (SipReliable *reliable, guint status, const gchar *phrase, msg_t *msg,
                         guint32 rseq);
void sip_reliable_reply_plain (SipReliable *reliable, guint status, const gchar *phrase,
                               msg_t *msg);
