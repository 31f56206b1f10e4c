/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "registrar/pbx-hop.h"
#include "sip/sip-stack.h"

typedef struct _PbxRoute PbxRoute;

PbxRoute *pbx_route_new (
    SipStack *stack, const gchar *pbx, const gchar *host, guint port, SipTransport transport);
void pbx_route_free (PbxRoute *route);
void pbx_route_watch (PbxRoute *route, PbxHopFunc func, gpointer user_data);

GPtrArray *pbx_route_hops (PbxRoute *route);
gchar *pbx_route_to_string (const PbxRoute *route);
gboolean pbx_route_leads_to (PbxRoute *route, GInetAddress *address);
