/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "crypto/digest-header.h"
#include "sip/sip-headers.h"

GPtrArray *sip_digest_challenges (const sip_t *response);
gboolean sip_digest_is_stale (const sip_t *response);
DigestCredentials *sip_digest_credentials (const sip_t *request, const gchar *realm);
gchar *sip_digest_line (guint status, const DigestCredentials *credentials);
