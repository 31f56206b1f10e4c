/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sip-listener: one address at which SIP comes in and from which it goes out.
 *
 * Every listener has an identity in the stack (TPTAG_IDENT), and every message names the one by
 * which it leaves; left alone, the stack takes the first socket of the right protocol. The Via that
 * the stack writes is the listener's too: it carries the advertised address (RFC 3261 18.1.1).
 */
#include "sip/sip-listener.h"

#include "base/error.h"

#include <errno.h>

#define LOOPBACK "127.0.0.1:*" /* any port */
#define TCP_BACKLOG 1000
#define UDP_BUFFER (8 << 20)

static const gchar *const transport_names[] = {
  [SIP_TRANSPORT_UDP] = "udp", [SIP_TRANSPORT_TCP] = "tcp", [SIP_TRANSPORT_TLS] = "tls",
  [SIP_TRANSPORT_WS] = "ws",   [SIP_TRANSPORT_WSS] = "wss",
};

/**
 * sip_listener_url:
 * @listener: the listener
 * @user: (nullable): the user part
 *
 * Returns: the same as sip_listener_uri() in parts, which belong to @listener and @user
 */
url_t
sip_listener_url (const SipListener *listener, const gchar *user)
{
  url_t url = *listener->url;

  url.url_user = user;
  return url;
}

/**
 * sip_transport_name:
 * @transport: a transport
 *
 * Returns: (transfer none): its name as in `;transport=`
 */
const gchar *
sip_transport_name (SipTransport transport)
{
  return transport_names[transport];
}

/**
 * sip_transport_is_secure:
 * @transport: a transport
 *
 * Returns: whether it is encrypted
 */
gboolean
sip_transport_is_secure (SipTransport transport)
{
  return transport == SIP_TRANSPORT_TLS || transport == SIP_TRANSPORT_WSS;
}

/**
 * sip_transport_is_stream:
 * @transport: a transport
 *
 * Returns: whether it has connections
 */
gboolean
sip_transport_is_stream (SipTransport transport)
{
  return transport != SIP_TRANSPORT_UDP;
}

static gchar *
make_authority (const gchar *host, guint port)
{
  return strchr (host, ':') ? g_strdup_printf ("[%s]:%u", host, port)
                            : g_strdup_printf ("%s:%u", host, port);
}

static tport_t *
find_primary (nta_agent_t *agent, const gchar *name)
{
  tport_t *tport = tport_primaries (nta_agent_tports (agent));

  while (tport && g_strcmp0 (tport_ident (tport), name) != 0)
    tport = tport_next (tport);
  return tport;
}

/**
 * sip_listener_new:
 * @options: where and for whom
 * @loop: the loop that the stack runs in
 * @agent: the stack's agent
 * @siblings: where the stack keeps its listeners by name
 * @dialogs: where all of them keep the dialogs that the stack cannot find
 * @error: return location
 *
 * Opens the socket.
 *
 * Returns: (transfer full) (nullable): the listener
 */
SipListener *
sip_listener_new (const SipListenerOptions *options, SipLoop *loop, nta_agent_t *agent,
                  GHashTable *siblings, GHashTable *dialogs, GError **error)
{
  g_autofree gchar *authority = make_authority (options->host, options->port);
  /* The edge terminates TLS and WebSocket: what reaches the stack is a plain stream. */
  g_autofree gchar *uri =
    g_strdup_printf ("sip:%s;transport=%s", options->edge ? LOOPBACK : authority,
                     sip_transport_is_stream (options->transport) ? "tcp" : "udp");
  SipListener *listener;

  /* The stack's STUN server leaks memory with each malformed request that a stranger sends. */
  if (nta_agent_add_tport (agent, URL_STRING_MAKE (uri), TPTAG_IDENT (options->name),
                           TPTAG_SDWN_ERROR (1), TPTAG_PONG2PING (1), TPTAG_STUN_SERVER (0),
                           TPTAG_QUEUESIZE (TCP_BACKLOG), TPTAG_UDP_RMEM (UDP_BUFFER),
                           TPTAG_UDP_WMEM (UDP_BUFFER), TAG_END ()) < 0) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_FAILED, "[listen:%s] cannot listen on %s: %s",
                 options->name, uri, g_strerror (errno));
    return NULL;
  }

  listener = g_new0 (SipListener, 1);
  su_home_init (listener->home);
  listener->name = g_strdup (options->name);
  listener->side = options->side;
  listener->transport = options->transport;
  listener->family = strchr (options->host, ':') ? G_SOCKET_FAMILY_IPV6 : G_SOCKET_FAMILY_IPV4;
  listener->authority = make_authority (options->advertise_host, options->advertise_port);
  listener->loop = loop;
  listener->agent = agent;
  listener->edge = options->edge;
  listener->names_bind = options->names_bind;
  listener->flows = g_hash_table_new (NULL, NULL);
  listener->dialed = g_hash_table_new (g_str_hash, g_str_equal);
  listener->siblings = siblings;
  listener->dialogs = dialogs;
  return listener;
}

/**
 * sip_listener_free:
 * @listener: (transfer full): the listener, whose agent is gone
 */
void
sip_listener_free (SipListener *listener)
{
  su_home_deinit (listener->home);
  g_hash_table_unref (listener->flows);
  g_hash_table_unref (listener->dialed);
  g_free (listener->authority);
  g_free (listener->name);
  g_free (listener);
}

/**
 * sip_listener_of:
 * @siblings: the stack's listeners by name
 * @agent: the stack's agent
 * @irq: a request's transaction
 *
 * Returns: (transfer none) (nullable): the listener by which the request came in; %NULL for one
 * that came past the edge, whose connection is closed
 */
SipListener *
sip_listener_of (GHashTable *siblings, nta_agent_t *agent, nta_incoming_t *irq)
{
  msg_t *msg = nta_incoming_getrequest (irq);
  tport_t *tport = nta_incoming_transport (agent, irq, msg);
  const gchar *name = tport ? tport_ident (tport_parent (tport)) : NULL;
  SipListener *listener = name ? g_hash_table_lookup (siblings, name) : NULL;
  SipEdgePeer peer;

  if (listener && listener->edge && !sip_edge_identify (listener->edge, msg_addr (msg), &peer)) {
    sip_edge_refuse (tport_ref (tport));
    listener = NULL;
  }
  tport_unref (tport);
  msg_destroy (msg);
  return listener;
}

/**
 * sip_listener_speak:
 * @listener: the listener
 *
 * Gives the socket its Via. To be called once the agent has all its listeners, since each further
 * one makes it write the Vias anew.
 *
 * Returns: whether the stack knows the listener
 */
gboolean
sip_listener_speak (SipListener *listener)
{
  g_autofree gchar *protocol = g_ascii_strup (sip_transport_name (listener->transport), -1);
  g_autofree gchar *via = g_strdup_printf ("SIP/2.0/%s %s", protocol, listener->authority);
  g_autofree gchar *uri = sip_listener_uri (listener, NULL);

  listener->primary = find_primary (listener->agent, listener->name);
  if (!listener->primary)
    return FALSE;
  tport_set_magic (listener->primary, sip_via_make (listener->home, via));
  listener->url = url_make (listener->home, uri);
  return TRUE;
}

/**
 * sip_listener_port:
 * @listener: a listener
 *
 * Returns: the port that its socket has
 */
guint
sip_listener_port (const SipListener *listener)
{
  return (guint) g_ascii_strtoull (tport_name (listener->primary)->tpn_port, NULL, 10);
}

/**
 * sip_listener_uri:
 * @listener: the listener
 * @user: (nullable): the user part
 *
 * Returns: (transfer full): the SIP URI at which others reach @user through this listener
 */
gchar *
sip_listener_uri (const SipListener *listener, const gchar *user)
{
  const gchar *transport = sip_transport_name (listener->transport);
  gboolean stream = sip_transport_is_stream (listener->transport);

  return g_strconcat ("sip:", user ? user : "", user ? "@" : "", listener->authority,
                      stream ? ";transport=" : "", stream ? transport : "", NULL);
}
