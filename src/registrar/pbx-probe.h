/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sip/sip-flow.h"

typedef struct _PbxProbe PbxProbe;

typedef enum {
  PBX_PROBE_ANSWERED,
  PBX_PROBE_FAILED,
  PBX_PROBE_LOST, /* the connection closed */
} PbxProbeEvent;

/* @why: nullable: what went wrong */
typedef void (*PbxProbeFunc) (PbxProbeEvent event, const gchar *why, gpointer user_data);

PbxProbe *pbx_probe_new (SipFlow *way, PbxProbeFunc func, gpointer user_data);
void pbx_probe_free (PbxProbe *probe);
void pbx_probe_hurry (PbxProbe *probe);
