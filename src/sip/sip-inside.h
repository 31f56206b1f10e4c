/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sip/sip-dialog.h"

gboolean sip_dialog_is_refreshed_by (sip_method_t method);
SipTransaction *sip_dialog_send (SipDialog *dialog, sip_method_t method, const gchar *method_name,
                                 const gchar *target, msg_t *msg, SipResponseFunc func,
                                 gpointer user_data);
void sip_dialog_bye (SipDialog *dialog, msg_t *msg);
