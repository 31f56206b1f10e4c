/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sip/sip-headers.h"

void header_policy_copy (msg_t *msg, const sip_t *source);
void header_policy_copy_without_body (msg_t *msg, const sip_t *source);
gboolean header_policy_offers_reliable (const sip_t *invite);
gboolean header_policy_requires (const sip_t *sip, const gchar *option);
