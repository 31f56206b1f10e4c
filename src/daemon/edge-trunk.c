/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * edge-trunk: the one TLS connection to an address of a PBX, which the edge dials and the stack uses.
 *
 *   dialing -> joining -> up -> waiting -> dialing
 *
 * It is held open whether anybody talks or not, since a PBX may forget what was registered over a
 * connection when that closes, and is dialed again when it is lost.
 */
#include "daemon/edge-trunk.h"

#include "base/clock.h"
#include "base/log.h"

#define JOIN_POLL_MS 5
#define JOIN_POLLS 400
#define FIRST_WAIT_MS 500
#define LONGEST_WAIT_MS 30000

struct _EdgeTrunk {
  guint refs; /* the owner and a dialing that is on its way */
  Edge *edge;
  SipListener *listener;
  EdgeDialOptions *options;
  EdgePeer *peer;
  SipFlow *flow;
  guint timer;
  guint polls;
  guint wait_ms;
  gint64 dialed_at;
  gboolean dialing;
  gboolean gone;
};

static void dial (EdgeTrunk *trunk);

static void
trunk_unref (EdgeTrunk *trunk)
{
  if (--trunk->refs > 0)
    return;
  g_object_unref (trunk->edge);
  edge_dial_options_free (trunk->options);
  g_free (trunk);
}

static gboolean
on_wait_over (gpointer user_data)
{
  EdgeTrunk *trunk = user_data;

  trunk->timer = 0;
  dial (trunk);
  return G_SOURCE_REMOVE;
}

static void
dial_later (EdgeTrunk *trunk)
{
  guint wait = trunk->wait_ms;

  g_clear_pointer (&trunk->peer, edge_peer_unref);
  trunk->wait_ms = MIN (wait * 2, LONGEST_WAIT_MS);
  trunk->timer = g_timeout_add (wait + clock_jitter (wait / 4 + 1), on_wait_over, trunk);
}

static void
on_lost (SipFlow *flow, gpointer user_data)
{
  EdgeTrunk *trunk = user_data;

  log_warning (LOG_FIELDS ("LISTENER", trunk->listener->name), "the TLS connection to %s is lost",
               sip_flow_address (flow));
  g_clear_pointer (&trunk->flow, sip_flow_unref);
  dial_later (trunk);
}

/* The edge has connected to the stack, which accepts when its turn comes. */
static gboolean
on_join (gpointer user_data)
{
  EdgeTrunk *trunk = user_data;

  trunk->flow =
    sip_flow_dialed (trunk->listener, trunk->peer->loopback_address, trunk->peer->loopback_port);
  if (!trunk->flow && ++trunk->polls < JOIN_POLLS)
    return G_SOURCE_CONTINUE;
  trunk->timer = 0;
  if (!trunk->flow) {
    edge_close_connection (trunk->edge, trunk->peer->id);
    dial_later (trunk);
    return G_SOURCE_REMOVE;
  }
  trunk->wait_ms = FIRST_WAIT_MS;
  sip_flow_watch (trunk->flow, on_lost, trunk);
  log_info (LOG_FIELDS ("LISTENER", trunk->listener->name), "%s to %s is up, verified as %s",
            trunk->peer->tls_version, sip_flow_address (trunk->flow), edge_peer_name (trunk->peer));
  return G_SOURCE_REMOVE;
}

static void
on_dialed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  EdgeTrunk *trunk = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (EdgePeer) peer = edge_dial_finish (EDGE_EDGE (source), result, &error);

  trunk->dialing = FALSE;
  if (trunk->gone) {
    trunk_unref (trunk);
    return;
  }
  trunk_unref (trunk);
  if (!peer) {
    log_warning (LOG_FIELDS ("LISTENER", trunk->listener->name), "no TLS to the PBX: %s",
                 error->message);
    dial_later (trunk);
    return;
  }
  trunk->peer = g_steal_pointer (&peer);
  trunk->polls = 0;
  trunk->timer = g_timeout_add (JOIN_POLL_MS, on_join, trunk);
}

static void
dial (EdgeTrunk *trunk)
{
  trunk->dialing = TRUE;
  trunk->dialed_at = clock_now ();
  trunk->refs++;
  edge_dial_async (trunk->edge, trunk->options, on_dialed, trunk);
}

/**
 * edge_trunk_new:
 * @edge: the edge
 * @listener: the stack's listener that the connection goes to
 * @options: (transfer full): whom to dial
 *
 * Returns: (transfer full): a trunk that is being dialed
 */
EdgeTrunk *
edge_trunk_new (Edge *edge, SipListener *listener, EdgeDialOptions *options)
{
  EdgeTrunk *trunk = g_new0 (EdgeTrunk, 1);

  trunk->refs = 1;
  trunk->edge = g_object_ref (edge);
  trunk->listener = listener;
  trunk->options = options;
  trunk->wait_ms = FIRST_WAIT_MS;
  dial (trunk);
  return trunk;
}

/**
 * edge_trunk_free:
 * @trunk: (transfer full): a trunk; its connection is left to the edge, which closes it
 */
void
edge_trunk_free (EdgeTrunk *trunk)
{
  trunk->gone = TRUE;
  g_clear_handle_id (&trunk->timer, g_source_remove);
  if (trunk->flow)
    sip_flow_unwatch (trunk->flow, on_lost, trunk);
  g_clear_pointer (&trunk->flow, sip_flow_unref);
  g_clear_pointer (&trunk->peer, edge_peer_unref);
  trunk_unref (trunk);
}

/**
 * edge_trunk_leads_to:
 * @trunk: a trunk
 * @listener: name of a listener
 * @host: a numeric address
 * @port: its port
 *
 * Returns: whether the trunk goes from there to there
 */
gboolean
edge_trunk_leads_to (const EdgeTrunk *trunk, const gchar *listener, const gchar *host, guint port)
{
  return trunk->options->port == port && g_str_equal (trunk->options->host, host) &&
         g_str_equal (trunk->listener->name, listener);
}

/**
 * edge_trunk_hurry:
 * @trunk: a trunk that somebody wants to use
 *
 * Dials now instead of later, though not without pause.
 */
void
edge_trunk_hurry (EdgeTrunk *trunk)
{
  if (trunk->dialing || trunk->peer ||
      clock_now () - trunk->dialed_at < FIRST_WAIT_MS * (gint64) G_TIME_SPAN_MILLISECOND)
    return;
  g_clear_handle_id (&trunk->timer, g_source_remove);
  dial (trunk);
}
