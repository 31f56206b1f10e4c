/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sip/sofia.h"

#include <glib.h>

typedef struct {
  const sip_from_t *from; /* its tag is replaced by @tag */
  const sip_to_t *to;     /* its tag is dropped */
  const gchar *call_id;
  const gchar *tag;
  guint32 cseq;              /* of the first request */
  const gchar *contact_user; /* nullable: the user part of our Contact */
} SipDialogIdentity;

nta_leg_t *sip_leg_new_uas (nta_leg_magic_t *dialog, nta_request_f *func, nta_agent_t *agent,
                            const sip_t *request, const gchar *tag, guint32 sent,
                            guint32 received);
nta_leg_t *sip_leg_new_uac (nta_leg_magic_t *dialog, nta_request_f *func, nta_agent_t *agent,
                            const SipDialogIdentity *identity);
nta_leg_t *sip_leg_new_fork (nta_leg_magic_t *dialog, nta_request_f *func, nta_agent_t *agent,
                             const sip_t *response, guint32 sent);
nta_leg_magic_t *sip_leg_find (nta_agent_t *agent, nta_request_f *func, const gchar *call_id,
                               const gchar *tag, const gchar *other_tag);
gboolean sip_leg_would_take (const sip_t *opening, const sip_t *request);
gchar *sip_leg_next_hop (nta_leg_t *leg, guint *port);
void sip_leg_free (nta_leg_t *leg, nta_request_f *func);
