/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sip/sip-listener.h"

typedef struct _SipFlow SipFlow;
typedef void (*SipFlowClosedFunc) (SipFlow *flow, gpointer user_data);

SipFlow *sip_flow_from_request (SipListener *listener, nta_incoming_t *irq);
SipFlow *sip_flow_from_outgoing (SipListener *listener, nta_outgoing_t *orq);
SipFlow *sip_flow_to_address (SipListener *listener, const gchar *host, guint port);
SipFlow *sip_flow_dialed (SipListener *listener, const gchar *loopback, guint port);
SipFlow *sip_flow_restore (SipListener *listener, const gchar *address);
SipFlow *sip_flow_ref (SipFlow *flow);
void sip_flow_unref (SipFlow *flow);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SipFlow, sip_flow_unref)

SipListener *sip_flow_listener (const SipFlow *flow);
gchar *sip_flow_host (const SipFlow *flow);
const gchar *sip_flow_address (const SipFlow *flow);
guint64 sip_flow_peer (const SipFlow *flow);
const gchar *const *sip_flow_names (const SipFlow *flow);
gboolean sip_flow_is_connection (const SipFlow *flow);
gboolean sip_flow_is_open (const SipFlow *flow);
gboolean sip_flow_can_send (const SipFlow *flow);
gboolean sip_flow_equal (const SipFlow *a, const SipFlow *b);

void sip_flow_shut (SipFlow *flow);
void sip_flow_verify (SipFlow *flow, const gchar *name);
void sip_flow_watch (SipFlow *flow, SipFlowClosedFunc func, gpointer user_data);
void sip_flow_unwatch (SipFlow *flow, SipFlowClosedFunc func, gpointer user_data);

tport_t *sip_flow_tport (const SipFlow *flow);
url_string_t *sip_flow_route (SipFlow *flow);

/* How the stack is told the way out: to be passed with every request that it sends. */
#define SIP_FLOW_TAGS(flow) NTATAG_TPORT (sip_flow_tport (flow))
