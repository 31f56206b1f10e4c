/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sip/sip-dialog.h"

nta_leg_t *sip_leg_new_uas (SipDialog *dialog, nta_request_f *func, nta_agent_t *agent,
                            const sip_t *request, const gchar *tag, guint32 sent);
nta_leg_t *sip_leg_new_uac (SipDialog *dialog, nta_request_f *func, nta_agent_t *agent,
                            const SipDialogIdentity *identity);
nta_leg_t *sip_leg_new_fork (SipDialog *dialog, nta_request_f *func, nta_agent_t *agent,
                             const sip_t *response, guint32 sent);
void sip_leg_free (nta_leg_t *leg, nta_request_f *func);
