/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pbx-hop: one numeric address of a PBX: whether it answers.
 *
 * A request without an answer makes it a suspect, which new requests avoid; the probe that follows
 * at once decides, so that one slow request does not take a PBX away from everybody.
 */
#include "registrar/pbx-hop.h"

#include "base/counters.h"
#include "base/deadline.h"
#include "base/log.h"
#include "registrar/pbx-probe.h"

#define MAX_PAUSE_SECONDS 3600

struct _PbxHop {
  gchar *pbx;
  SipFlow *way;
  PbxHopState state;
  PbxProbe *probe;
  Deadline *pause;
  PbxHopFunc func;
  gpointer user_data;
};

static void
change (PbxHop *hop, PbxHopState state, const gchar *why)
{
  PbxHopState before = hop->state;

  if (state == before)
    return;
  hop->state = state;
  if (state == PBX_HOP_DOWN) {
    counters_inc (COUNTER_PBX_ROUTES_DOWN);
    log_warning (LOG_NONE, "[pbx:%s] %s is down: %s", hop->pbx, sip_flow_address (hop->way), why);
  }
  if (before == PBX_HOP_DOWN) {
    counters_dec (COUNTER_PBX_ROUTES_DOWN);
    log_info (LOG_NONE, "[pbx:%s] %s is back", hop->pbx, sip_flow_address (hop->way));
  }
  hop->func (PBX_HOP_CHANGED, why, hop->user_data);
}

static void
on_probe (PbxProbeEvent event, const gchar *why, gpointer user_data)
{
  PbxHop *hop = user_data;

  switch (event) {
  case PBX_PROBE_ANSWERED:
    change (hop, PBX_HOP_UP, NULL);
    break;
  case PBX_PROBE_FAILED:
    change (hop, PBX_HOP_DOWN, why);
    break;
  case PBX_PROBE_LOST:
    log_info (LOG_NONE, "[pbx:%s] the connection to %s is lost", hop->pbx,
              sip_flow_address (hop->way));
    hop->func (PBX_HOP_LOST, why, hop->user_data);
    break;
  }
}

/**
 * pbx_hop_new:
 * @pbx: the PBX's name, for the log
 * @way: the way to it
 * @func: told what changes
 * @user_data: for @func
 *
 * Returns: (transfer full): a hop, probed from now on
 */
PbxHop *
pbx_hop_new (const gchar *pbx, SipFlow *way, PbxHopFunc func, gpointer user_data)
{
  PbxHop *hop = g_new0 (PbxHop, 1);

  hop->pbx = g_strdup (pbx);
  hop->way = sip_flow_ref (way);
  hop->func = func;
  hop->user_data = user_data;
  hop->probe = pbx_probe_new (way, on_probe, hop);
  return hop;
}

/**
 * pbx_hop_free:
 * @hop: (transfer full): a hop
 */
void
pbx_hop_free (PbxHop *hop)
{
  if (hop->state == PBX_HOP_DOWN)
    counters_dec (COUNTER_PBX_ROUTES_DOWN);
  deadline_clear (&hop->pause);
  pbx_probe_free (hop->probe);
  sip_flow_unref (hop->way);
  g_free (hop->pbx);
  g_free (hop);
}

/**
 * pbx_hop_way:
 * @hop: a hop
 *
 * Returns: (transfer none): the way to it
 */
SipFlow *
pbx_hop_way (const PbxHop *hop)
{
  return hop->way;
}

/**
 * pbx_hop_state:
 * @hop: a hop
 *
 * Returns: what is known of it
 */
PbxHopState
pbx_hop_state (const PbxHop *hop)
{
  return hop->state;
}

/**
 * pbx_hop_is_paused:
 * @hop: a hop
 *
 * Returns: whether it asked to be left alone for now
 */
gboolean
pbx_hop_is_paused (const PbxHop *hop)
{
  return hop->pause != NULL;
}

/**
 * pbx_hop_is_good:
 * @hop: a hop
 *
 * Returns: whether nothing speaks against sending a new request there
 */
gboolean
pbx_hop_is_good (const PbxHop *hop)
{
  return !hop->pause && (hop->state == PBX_HOP_UNKNOWN || hop->state == PBX_HOP_UP);
}

/**
 * pbx_hop_heard:
 * @hop: a hop that answered a request, whatever it said
 */
void
pbx_hop_heard (PbxHop *hop)
{
  change (hop, PBX_HOP_UP, NULL);
}

static void
on_pause_over (gpointer user_data)
{
  PbxHop *hop = user_data;

  hop->pause = NULL;
  hop->func (PBX_HOP_CHANGED, NULL, hop->user_data);
}

/**
 * pbx_hop_pause:
 * @hop: a hop that answered 503 with Retry-After (RFC 3261 21.5.4)
 * @seconds: how long it wants no new requests; an hour at most is granted
 */
void
pbx_hop_pause (PbxHop *hop, guint seconds)
{
  gboolean paused = hop->pause != NULL;

  deadline_clear (&hop->pause);
  hop->pause = deadline_new (MIN (seconds, MAX_PAUSE_SECONDS) * 1000, on_pause_over, hop);
  if (paused)
    return;
  log_info (LOG_NONE, "[pbx:%s] %s asks for %u s without requests", hop->pbx,
            sip_flow_address (hop->way), seconds);
  hop->func (PBX_HOP_CHANGED, "503 with Retry-After", hop->user_data);
}

/**
 * pbx_hop_failed:
 * @hop: a hop that left a request without any answer
 */
void
pbx_hop_failed (PbxHop *hop)
{
  pbx_hop_hurry (hop);
  if (hop->state != PBX_HOP_DOWN)
    change (hop, PBX_HOP_SUSPECT, "a request had no answer");
}

/**
 * pbx_hop_hurry:
 * @hop: a hop that somebody wants to use
 *
 * Probes it soon.
 */
void
pbx_hop_hurry (PbxHop *hop)
{
  pbx_probe_hurry (hop->probe);
}
