/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sip/sip-request.h"
#include "sip/sip-transaction.h"

typedef struct _SipDialog SipDialog;
typedef void (*SipDialogFunc) (SipDialog *dialog, SipRequest *request, gpointer user_data);

typedef struct {
  const sip_from_t *from; /* its tag is replaced by @tag */
  const sip_to_t *to;     /* its tag is dropped */
  const gchar *call_id;
  const gchar *tag;
  guint32 cseq;          /* of the first request */
  const gchar *contact;  /* our URI */
} SipDialogIdentity;

SipDialog *
sip_dialog_new_uas (SipRequest *request, const gchar *contact, SipDialogFunc func, gpointer user_data);
SipDialog *sip_dialog_new_uac (SipFlow *flow, const SipDialogIdentity *identity, SipDialogFunc func,
                               gpointer user_data);
void sip_dialog_free (SipDialog *dialog);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SipDialog, sip_dialog_free)

SipFlow *sip_dialog_flow (SipDialog *dialog);
void sip_dialog_set_flow (SipDialog *dialog, SipFlow *flow);
const gchar *sip_dialog_remote_tag (SipDialog *dialog);
void sip_dialog_establish (SipDialog *dialog, const sip_t *response);
void sip_dialog_refresh (SipDialog *dialog, const sip_t *request);
void sip_dialog_add_contact (SipDialog *dialog, msg_t *msg);

msg_t *sip_dialog_create_request (SipDialog *dialog);
SipTransaction *sip_dialog_send (SipDialog *dialog, sip_method_t method, const gchar *method_name,
                                 const gchar *target, msg_t *msg, SipResponseFunc func,
                                 gpointer user_data);
void sip_dialog_ack (SipDialog *dialog, guint32 cseq, const gchar *branch, const sip_t *ack);
void sip_dialog_bye (SipDialog *dialog, msg_t *msg);
