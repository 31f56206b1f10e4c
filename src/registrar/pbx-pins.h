/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sip/sip-flow.h"

typedef struct _PbxPins PbxPins;

PbxPins *pbx_pins_new (void);
void pbx_pins_free (PbxPins *pins);

void pbx_pins_put (PbxPins *pins, const gchar *call_id, SipFlow *way);
void pbx_pins_drop (PbxPins *pins, const gchar *call_id);
SipFlow *pbx_pins_get (PbxPins *pins, const gchar *call_id);
