/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sip/sip-dialog.h"

gboolean dialog_map_knows (const sip_t *sip, const SipListener *listener);
void dialog_map_copy (msg_t *msg, const sip_t *source, const SipListener *listener);
