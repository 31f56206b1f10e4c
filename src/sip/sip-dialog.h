/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sip/sip-leg.h"
#include "sip/sip-request.h"
#include "sip/sip-transaction.h"

typedef struct _SipDialog SipDialog;

/* The last 2xx that was acknowledged, for sip-ack. */
typedef struct {
  guint32 cseq;
  msg_t *words; /* nullable: what the ACK said beside its dialog */
} SipAcked;

typedef void (*SipDialogFunc) (SipDialog *dialog, SipRequest *request, gpointer user_data);

/* Returns: (transfer none) (nullable): a better flow than @flow, on which the peer was heard last
 * @since, in monotonic microseconds */
typedef SipFlow *(*SipDialogWayFunc) (SipFlow *flow, gint64 since, gpointer user_data);

SipDialog *
sip_dialog_new_uas (SipRequest *request, const gchar *contact_user, SipDialogFunc func,
                    gpointer user_data);
SipDialog *sip_dialog_new_uac (SipFlow *flow, const SipDialogIdentity *identity, SipDialogFunc func,
                               gpointer user_data);
gboolean sip_dialog_take (SipRequest *request);
void sip_dialog_take_tag (SipDialog *dialog, const gchar *tag);
void sip_dialog_free (SipDialog *dialog);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SipDialog, sip_dialog_free)

SipDialog *sip_dialog_find (const SipListener *listener, const gchar *call_id, const gchar *tag,
                            const gchar *other_tag);
SipDialog *sip_dialog_of_peer (const SipListener *listener, const gchar *call_id,
                               const gchar *tag);
void sip_dialog_join (SipDialog *dialog, SipDialog *peer);
SipDialog *sip_dialog_peer (const SipDialog *dialog);
const gchar *sip_dialog_call_id (const SipDialog *dialog);
const gchar *sip_dialog_local_tag (SipDialog *dialog);
SipFlow *sip_dialog_flow (SipDialog *dialog);
void sip_dialog_set_flow (SipDialog *dialog, SipFlow *flow);
void sip_dialog_set_way (SipDialog *dialog, SipDialogWayFunc func, gpointer user_data);
const gchar *sip_dialog_remote_tag (SipDialog *dialog);
void sip_dialog_establish (SipDialog *dialog, const sip_t *response);
void sip_dialog_establish_by_request (SipDialog *dialog, const sip_t *request);
void sip_dialog_refresh (SipDialog *dialog, const sip_t *request);
SipAcked *sip_dialog_acked (SipDialog *dialog);
void sip_dialog_add_contact (SipDialog *dialog, msg_t *msg);

msg_t *sip_dialog_create_request (SipDialog *dialog);
gchar *sip_dialog_aim (SipDialog *dialog, const gchar *target);
gboolean sip_dialog_complete (SipDialog *dialog, msg_t *msg, sip_method_t method,
                              const gchar *method_name, const gchar *target);
