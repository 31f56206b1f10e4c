/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sip/sip-flow.h"

typedef struct _PbxHop PbxHop;

typedef enum {
  PBX_HOP_UNKNOWN, /* nobody has tried it yet */
  PBX_HOP_UP,
  PBX_HOP_SUSPECT, /* a request had no answer; a probe is on its way */
  PBX_HOP_DOWN,
} PbxHopState;

typedef enum {
  PBX_HOP_CHANGED, /* its state, or whether it is paused */
  PBX_HOP_LOST,    /* its connection closed */
} PbxHopEvent;

typedef void (*PbxHopFunc) (PbxHopEvent event, const gchar *why, gpointer user_data);

PbxHop *pbx_hop_new (const gchar *pbx, SipFlow *way, PbxHopFunc func, gpointer user_data);
void pbx_hop_free (PbxHop *hop);

SipFlow *pbx_hop_way (const PbxHop *hop);
PbxHopState pbx_hop_state (const PbxHop *hop);
gboolean pbx_hop_is_paused (const PbxHop *hop);
gboolean pbx_hop_is_good (const PbxHop *hop);

void pbx_hop_heard (PbxHop *hop);
void pbx_hop_pause (PbxHop *hop, guint seconds);
void pbx_hop_failed (PbxHop *hop);
void pbx_hop_hurry (PbxHop *hop);
