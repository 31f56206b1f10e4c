/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * edge-setup: the listeners for TLS and WebSocket as the configuration names them.
 *
 * The edge has their sockets; behind each stands a listener of the stack on loopback that says in
 * Via and Contact what the peer speaks. Here the two, who do not know each other, are joined.
 */
#include "daemon/edge-setup.h"

#include "base/error.h"
#include "base/log.h"
#include "daemon/edge-registered.h"
#include "daemon/edge-renewal.h"
#include "daemon/edge-trunk.h"

#define LOOPBACK "127.0.0.1"
#define MAX_TRUNKS 64

struct _EdgeSetup {
  Settings *settings;
  Edge *edge; /* NULL when nobody speaks TLS or WebSocket */
  SipEdge sip;
  SipStack *stack;
  EdgeRegistered *registered;
  EdgeRenewal *renewal;
  GPtrArray *trunks; /* EdgeTrunk */
};

static gboolean
is_plain (SettingsTransport transport)
{
  return transport == SETTINGS_TRANSPORT_UDP || transport == SETTINGS_TRANSPORT_TCP;
}

static EdgeTransport
edge_transport (SettingsTransport transport)
{
  switch (transport) {
  case SETTINGS_TRANSPORT_WS:
    return EDGE_TRANSPORT_WS;
  case SETTINGS_TRANSPORT_WSS:
    return EDGE_TRANSPORT_WSS;
  case SETTINGS_TRANSPORT_UDP:
  case SETTINGS_TRANSPORT_TCP:
  case SETTINGS_TRANSPORT_TLS:
    return EDGE_TRANSPORT_TLS;
  }
  return EDGE_TRANSPORT_TLS;
}

static EdgeLimits
limits_of (const EdgeSettings *settings)
{
  EdgeLimits limits;

  edge_limits_init (&limits);
  limits.connections = settings->connections;
  limits.connections_per_source = settings->connections_per_source;
  limits.handshakes = settings->handshakes;
  limits.handshakes_per_source = MAX (settings->handshakes / 2, 1);
  limits.handshake_timeout = settings->handshake_timeout * 1000;
  limits.idle_timeout = settings->idle_timeout * 1000;
  limits.registered_timeout = settings->registered_timeout * 1000;
  return limits;
}

/* ---- what the stack asks ---- */

static gboolean
on_find_peer (const gchar *loopback, guint port, SipEdgePeer *found, gpointer user_data)
{
  EdgeSetup *setup = user_data;
  const EdgePeer *peer = edge_peer_of (setup->edge, loopback, (guint16) port);

  if (!peer)
    return FALSE;
  *found = (SipEdgePeer){
    .id = peer->id, .address = peer->address, .port = peer->port, .names = peer->names
  };
  return TRUE;
}

static const ListenSettings *
find_listen (const EdgeSetup *setup, const gchar *name)
{
  for (guint i = 0; i < setup->settings->listens->len; i++) {
    const ListenSettings *listen = g_ptr_array_index (setup->settings->listens, i);

    if (g_str_equal (listen->name, name))
      return listen;
  }
  return NULL;
}

static SipListener *
find_listener (const EdgeSetup *setup, const gchar *name)
{
  GPtrArray *listeners = sip_stack_listeners (setup->stack);

  for (guint i = 0; i < listeners->len; i++) {
    SipListener *listener = g_ptr_array_index (listeners, i);

    if (g_str_equal (listener->name, name))
      return listener;
  }
  return NULL;
}

/* The PBX proves the name that the administrator wrote, and by a numeric route its domain. */
static EdgeDialOptions *
dial_options (const EdgeSetup *setup, SipListener *listener, const gchar *host, guint port,
              const gchar *name)
{
  const ListenSettings *listen = find_listen (setup, listener->name);
  EdgeDialOptions *options = edge_dial_options_new (listener->name, host, (guint16) port, name,
                                                    LOOPBACK, (guint16) sip_listener_port (listener));

  options->key_pair = edge_key_pair_new (listen->certificates[0], listen->private_keys[0]);
  for (guint i = 0; i < setup->settings->pbxes->len; i++) {
    const PbxSettings *pbx = g_ptr_array_index (setup->settings->pbxes, i);

    for (guint j = 0; j < pbx->routes->len; j++) {
      const RouteSettings *route = g_ptr_array_index (pbx->routes, j);

      if (route->transport != SETTINGS_TRANSPORT_TLS || !g_str_equal (route->host, name))
        continue;
      options->ca_file = g_strdup (pbx->ca_file);
      if (route->is_numeric) {
        g_free (options->verify_name);
        options->verify_name = g_strdup (pbx->domains[0]);
      }
      return options;
    }
  }
  return options;
}

static void
on_dial (const gchar *name, const gchar *host, guint port, const gchar *proof, gpointer user_data)
{
  EdgeSetup *setup = user_data;
  SipListener *listener;

  for (guint i = 0; i < setup->trunks->len; i++) {
    EdgeTrunk *trunk = g_ptr_array_index (setup->trunks, i);

    if (edge_trunk_leads_to (trunk, name, host, port)) {
      edge_trunk_hurry (trunk);
      return;
    }
  }
  listener = find_listener (setup, name);
  if (!proof || listener->transport != SIP_TRANSPORT_TLS || setup->trunks->len >= MAX_TRUNKS)
    return;
  g_ptr_array_add (setup->trunks, edge_trunk_new (setup->edge, listener,
                                                  dial_options (setup, listener, host, port, proof)));
}

/* ---- up ---- */

static void
on_opened (Edge *edge, EdgePeer *peer, gpointer user_data)
{
  const gchar *name = edge_peer_name (peer);

  log_debug (LOG_FIELDS ("LISTENER", peer->listener), "%s port %u speaks %s%s%s%s%s", peer->address,
             peer->port, edge_transport_name (peer->transport), peer->tls_version ? ", " : "",
             peer->tls_version ? peer->tls_version : "", name ? ", verified as " : "",
             name ? log_mask_aor (name) : "");
}

/**
 * edge_setup_new:
 * @settings: (transfer none): the configuration
 * @error: return location
 *
 * Returns: (transfer full) (nullable): the edge, listening nowhere yet
 */
EdgeSetup *
edge_setup_new (Settings *settings, GError **error)
{
  EdgeSetup *setup = g_new0 (EdgeSetup, 1);
  EdgeLimits limits = limits_of (&settings->edge);
  gboolean needed = FALSE;

  setup->settings = settings_ref (settings);
  setup->sip = (SipEdge){ on_find_peer, on_dial, setup };
  setup->trunks = g_ptr_array_new_with_free_func ((GDestroyNotify) edge_trunk_free);
  for (guint i = 0; i < settings->listens->len; i++)
    needed |= !is_plain (((ListenSettings *) g_ptr_array_index (settings->listens, i))->transport);
  if (!needed)
    return setup;
  setup->edge = edge_new (&limits, error);
  if (!setup->edge) {
    edge_setup_free (setup);
    return NULL;
  }
  g_signal_connect (setup->edge, "connection-opened", G_CALLBACK (on_opened), NULL);
  setup->renewal = edge_renewal_new (setup->edge);
  return setup;
}

/**
 * edge_setup_sip:
 * @setup: the setup
 * @listen: a listener
 *
 * Returns: (transfer none) (nullable): what the stack's listener asks, NULL for one that has its
 * socket itself
 */
const SipEdge *
edge_setup_sip (EdgeSetup *setup, const ListenSettings *listen)
{
  return is_plain (listen->transport) ? NULL : &setup->sip;
}

/**
 * edge_setup_registered_timeout:
 * @setup: the setup
 *
 * What the edge was made with; a newer configuration does not change it.
 *
 * Returns: the seconds of silence after which a phone's connection is closed
 */
guint
edge_setup_registered_timeout (const EdgeSetup *setup)
{
  return setup->settings->edge.registered_timeout;
}

static gboolean
open_listener (EdgeSetup *setup, const ListenSettings *listen, GError **error)
{
  SipListener *listener = find_listener (setup, listen->name);
  g_autoptr (EdgeListenOptions) options =
    edge_listen_options_new (listen->name, edge_transport (listen->transport), listen->host,
                             (guint16) listen->port, LOOPBACK,
                             (guint16) sip_listener_port (listener));

  for (gsize i = 0; listen->certificates && listen->certificates[i]; i++)
    g_ptr_array_add (options->key_pairs,
                     edge_key_pair_new (listen->certificates[i], listen->private_keys[i]));
  options->client_ca = g_strdup (listen->client_ca);
  options->require_client_certificate = listen->require_client_certificate;
  options->path = g_strdup (listen->path);
  options->origins = g_strdupv (listen->origins);
  edge_renewal_watch (setup->renewal, (const gchar *const *) listen->certificates,
                      (const gchar *const *) listen->private_keys);
  edge_renewal_watch (setup->renewal, NULL, (const gchar *const[]){ listen->client_ca, NULL });
  if (edge_listen (setup->edge, options, NULL, error))
    return TRUE;
  g_prefix_error (error, "[listen:%s] ", listen->name);
  return FALSE;
}

/**
 * edge_setup_open:
 * @setup: the setup
 * @stack: the stack, with all its listeners
 * @location: where phones are registered
 * @error: return location, which names the listener
 *
 * Returns: whether everybody can come
 */
gboolean
edge_setup_open (EdgeSetup *setup, SipStack *stack, Location *location, GError **error)
{
  setup->stack = stack;
  if (!setup->edge)
    return TRUE;
  setup->registered = edge_registered_new (setup->edge, location);
  for (guint i = 0; i < setup->settings->listens->len; i++) {
    const ListenSettings *listen = g_ptr_array_index (setup->settings->listens, i);

    if (!is_plain (listen->transport) && !open_listener (setup, listen, error))
      return FALSE;
  }
  return TRUE;
}

/**
 * edge_setup_renew:
 * @setup: the setup
 *
 * Reads certificates and keys again.
 */
void
edge_setup_renew (EdgeSetup *setup)
{
  if (setup->edge)
    edge_renewal_now (setup->renewal);
}

/* ---- down ---- */

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  g_task_return_boolean (task, edge_stop_finish (EDGE_EDGE (source), result, NULL));
}

/**
 * edge_setup_stop_async:
 * @setup: the setup
 * @callback: called when all connections are closed; there is nothing to be finished
 * @user_data: for @callback
 */
void
edge_setup_stop_async (EdgeSetup *setup, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (NULL, NULL, callback, user_data);

  g_ptr_array_set_size (setup->trunks, 0);
  if (setup->edge) {
    edge_stop_async (setup->edge, on_stopped, task);
    return;
  }
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

/**
 * edge_setup_free:
 * @setup: (transfer full): the setup; the stack is still there
 */
void
edge_setup_free (EdgeSetup *setup)
{
  g_ptr_array_unref (setup->trunks);
  g_clear_pointer (&setup->registered, edge_registered_free);
  g_clear_pointer (&setup->renewal, edge_renewal_free);
  g_clear_object (&setup->edge);
  settings_unref (setup->settings);
  g_free (setup);
}
