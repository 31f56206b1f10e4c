/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sip/sip-flow.h"

typedef struct _SipRequest SipRequest;

typedef enum {
  SIP_REQUEST_ACKED,     /* an INVITE's final answer was acknowledged */
  SIP_REQUEST_CANCELLED, /* an INVITE was given up by its sender */
  SIP_REQUEST_NO_ACK,    /* an INVITE's final answer was not acknowledged in time */
} SipRequestEvent;

/* @sip: the ACK or CANCEL, NULL for SIP_REQUEST_NO_ACK */
typedef void (*SipRequestFunc) (SipRequest *request, SipRequestEvent event, const sip_t *sip,
                                gpointer user_data);

SipRequest *sip_request_new (SipListener *listener, nta_incoming_t *irq, const sip_t *sip);
SipRequest *sip_request_ref (SipRequest *request);
void sip_request_unref (SipRequest *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SipRequest, sip_request_unref)

const sip_t *sip_request_sip (SipRequest *request);
msg_t *sip_request_msg (SipRequest *request);
msg_t *sip_request_ack (SipRequest *request);
sip_method_t sip_request_method (SipRequest *request);
const gchar *sip_request_method_name (SipRequest *request);
SipListener *sip_request_listener (SipRequest *request);
GInetAddress *sip_request_source (SipRequest *request);
SipFlow *sip_request_flow (SipRequest *request);

void sip_request_set_tag (SipRequest *request, const gchar *tag);
void sip_request_set_in_reply_to (SipRequest *request, const gchar *call_ids);
void sip_request_watch (SipRequest *request, SipRequestFunc func, gpointer user_data);
gboolean sip_request_is_answered (SipRequest *request);

void sip_request_reply (SipRequest *request, guint status, const gchar *phrase, tag_type_t tag,
                        tag_value_t value, ...);
nta_reliable_t *sip_request_reply_prackable (SipRequest *request, guint status,
                                             const gchar *phrase, msg_t *msg, nta_prack_f *func,
                                             struct _SipReliable *magic);
msg_t *sip_request_create_response (SipRequest *request);
void sip_request_reply_msg (SipRequest *request, guint status, const gchar *phrase, msg_t *msg);
void sip_request_reply_early (SipRequest *request, guint status, const gchar *phrase, msg_t *msg,
                              const gchar *tag);
