/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sip/sip-edge.h"
#include "sip/sip-loop.h"

#include <gio/gio.h>

typedef enum { SIP_SIDE_PHONES, SIP_SIDE_PBX } SipSide;

typedef enum {
  SIP_TRANSPORT_UDP,
  SIP_TRANSPORT_TCP,
  SIP_TRANSPORT_TLS,
  SIP_TRANSPORT_WS,
  SIP_TRANSPORT_WSS,
} SipTransport;

typedef struct {
  const gchar *name;
  SipSide side;
  SipTransport transport;
  const gchar *host;           /* numeric, without brackets */
  guint port;
  const gchar *advertise_host; /* likewise */
  guint advertise_port;
  const SipEdge *edge; /* for TLS and WebSocket: it has the socket, the stack listens on loopback */
  gboolean names_bind; /* a phone's certificate says for whom it may register */
} SipListenerOptions;

typedef struct _SipListener {
  gchar *name;
  SipSide side;
  SipTransport transport;
  GSocketFamily family;
  gchar *authority; /* what others are told: host:port, IPv6 in brackets */
  url_t *url;       /* the same as a URI */
  SipLoop *loop;
  nta_agent_t *agent;
  tport_t *primary;
  const SipEdge *edge;  /* nullable: who stands before it */
  gboolean names_bind;  /* a phone's certificate says for whom it may register */
  GHashTable *flows;    /* tport_t -> SipFlow, of the open connections */
  GHashTable *dialed;   /* host:port -> SipFlow, of the connections that the edge dialed */
  GHashTable *siblings; /* name -> SipListener, all of the stack's; not owned */
  /* Our tag -> SipDialog, of those that the stack does not know of yet; Call-ID and the peer's tag
   * -> SipDialog, of those in which we were answered. Likewise. */
  GHashTable *dialogs;
  su_home_t home[1];
} SipListener;

SipListener *sip_listener_new (const SipListenerOptions *options, SipLoop *loop,
                               nta_agent_t *agent, GHashTable *siblings, GHashTable *dialogs,
                               GError **error);
void sip_listener_free (SipListener *listener);
SipListener *sip_listener_of (GHashTable *siblings, nta_agent_t *agent, nta_incoming_t *irq);

gboolean sip_listener_speak (SipListener *listener);
guint sip_listener_port (const SipListener *listener);
gchar *sip_listener_uri (const SipListener *listener, const gchar *user);
url_t sip_listener_url (const SipListener *listener, const gchar *user);
const gchar *sip_transport_name (SipTransport transport);
gboolean sip_transport_is_secure (SipTransport transport);
gboolean sip_transport_is_stream (SipTransport transport);
