/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sip/sofia.h"

#include <glib.h>

const gchar *sip_body_sdp (const sip_t *sip, gsize *size);
msg_t *sip_body_copy_message (const sip_t *sip);
const sip_t *sip_body_set (msg_t *msg, const gchar *body, gsize size);
