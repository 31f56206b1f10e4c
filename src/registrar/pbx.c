/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pbx: a PBX as we see it: the domains that it serves, the routes to it, and the addresses whose
 * requests count as its own.
 *
 * Routes are tried in their order, and those that are known not to answer are passed over. Who
 * sends to the PBX asks for a way, and says afterwards what came of it.
 */
#include "registrar/pbx.h"

#include "base/clock.h"
#include "base/counters.h"
#include "base/log-ids.h"
#include "base/log.h"
#include "proto/address.h"
#include "registrar/pbx-pins.h"

typedef struct {
  PbxFunc func;
  gpointer user_data;
} Watcher;

struct _Pbx {
  gchar *name;
  gchar **domains;
  gchar **accept_from;
  guint register_expires; /* seconds */
  GPtrArray *routes;
  PbxPins *pins;
  SipFlow *preferred; /* where new requests went last time that something changed */
  gboolean reachable;
  gchar *last_error;
  GSList *watchers;
  gint64 last_answer; /* monotonic microseconds, 0: none yet */
};

/**
 * pbx_new:
 * @name: its name in the configuration
 * @domains: what phones use as their SIP domain, in lower case
 * @register_expires: what is asked of it when a phone does not say, in seconds
 * @accept_from: (nullable): patterns of addresses; without any, those of the routes count
 *
 * Returns: (transfer full): a PBX without routes
 */
Pbx *
pbx_new (const gchar *name,
         const gchar *const *domains,
         guint register_expires,
         const gchar *const *accept_from)
{
  Pbx *pbx = g_new0 (Pbx, 1);

  pbx->name = g_strdup (name);
  pbx->domains = g_strdupv ((gchar **) domains);
  pbx->accept_from = accept_from && accept_from[0] ? g_strdupv ((gchar **) accept_from) : NULL;
  pbx->register_expires = register_expires;
  pbx->routes = g_ptr_array_new_with_free_func ((GDestroyNotify) pbx_route_free);
  pbx->pins = pbx_pins_new ();
  return pbx;
}

/**
 * pbx_free:
 * @pbx: (transfer full): a PBX
 */
void
pbx_free (Pbx *pbx)
{
  g_ptr_array_unref (pbx->routes);
  pbx_pins_free (pbx->pins);
  g_clear_pointer (&pbx->preferred, sip_flow_unref);
  g_slist_free_full (pbx->watchers, g_free);
  g_free (pbx->last_error);
  g_strfreev (pbx->accept_from);
  g_strfreev (pbx->domains);
  g_free (pbx->name);
  g_free (pbx);
}

/* ---- the hops of all routes, in order ---- */

static guint
count_hops (const Pbx *pbx)
{
  guint count = 0;

  for (guint i = 0; i < pbx->routes->len; i++)
    count += pbx_route_hops (g_ptr_array_index (pbx->routes, i))->len;
  return count;
}

static PbxHop *
nth_hop (const Pbx *pbx, guint n)
{
  for (guint i = 0; i < pbx->routes->len; i++) {
    GPtrArray *hops = pbx_route_hops (g_ptr_array_index (pbx->routes, i));

    if (n < hops->len)
      return g_ptr_array_index (hops, n);
    n -= hops->len;
  }
  return NULL;
}

static PbxHop *
find_hop (const Pbx *pbx, const SipFlow *way)
{
  PbxHop *hop;

  for (guint i = 0; (hop = nth_hop (pbx, i)); i++)
    if (sip_flow_equal (pbx_hop_way (hop), way))
      return hop;
  return NULL;
}

/* The first good one; failing that, one that may be slow or wants a rest rather than none. */
static PbxHop *
best_hop (const Pbx *pbx)
{
  PbxHop *hop, *suspect = NULL, *paused = NULL;

  for (guint i = 0; (hop = nth_hop (pbx, i)); i++) {
    if (pbx_hop_is_good (hop))
      return hop;
    if (pbx_hop_state (hop) == PBX_HOP_DOWN)
      continue;
    if (pbx_hop_is_paused (hop) && !paused)
      paused = hop;
    if (!pbx_hop_is_paused (hop) && !suspect)
      suspect = hop;
  }
  return suspect ? suspect : paused;
}

/* ---- what changes ---- */

static void
emit (Pbx *pbx, PbxEvent event)
{
  for (GSList *link = pbx->watchers, *next; link; link = next) {
    const Watcher *watcher = link->data;

    next = link->next;
    watcher->func (pbx, event, watcher->user_data);
  }
}

static void
look_again (Pbx *pbx)
{
  PbxHop *hop = best_hop (pbx);
  SipFlow *way = hop ? pbx_hop_way (hop) : NULL;
  gboolean moved = way && pbx->preferred && !sip_flow_equal (way, pbx->preferred);
  gboolean turned = (hop != NULL) != pbx->reachable;

  pbx->reachable = hop != NULL;
  if (way && (moved || !pbx->preferred)) {
    g_clear_pointer (&pbx->preferred, sip_flow_unref);
    pbx->preferred = sip_flow_ref (way);
  }
  if (turned && pbx->reachable) {
    log_info (LOG_FIELDS ("MESSAGE_ID", LOG_ID_PBX_REACHABLE, "PBX", pbx->name),
              "[pbx:%s] is reachable", pbx->name);
    emit (pbx, PBX_EVENT_REACHABLE);
  }
  if (turned && !pbx->reachable) {
    log_warning (LOG_FIELDS ("MESSAGE_ID", LOG_ID_PBX_UNREACHABLE, "PBX", pbx->name),
                 "[pbx:%s] is not reachable by any route", pbx->name);
    emit (pbx, PBX_EVENT_UNREACHABLE);
  }
  if (moved) {
    log_info (LOG_NONE, "[pbx:%s] new requests go to %s", pbx->name, sip_flow_address (way));
    emit (pbx, PBX_EVENT_MOVED);
  }
}

static void
on_route (PbxHopEvent event, const gchar *why, gpointer user_data)
{
  Pbx *pbx = user_data;

  if (why) {
    g_free (pbx->last_error);
    pbx->last_error = g_strdup (why);
  }
  switch (event) {
  case PBX_HOP_CHANGED:
    look_again (pbx);
    break;
  case PBX_HOP_LOST:
    emit (pbx, PBX_EVENT_LOST);
    break;
  }
}

/**
 * pbx_watch:
 * @pbx: a PBX
 * @func: told of every event; it does not free @pbx
 * @user_data: for @func
 */
void
pbx_watch (Pbx *pbx, PbxFunc func, gpointer user_data)
{
  Watcher *watcher = g_new (Watcher, 1);

  *watcher = (Watcher){ func, user_data };
  pbx->watchers = g_slist_append (pbx->watchers, watcher);
}

/**
 * pbx_unwatch:
 * @pbx: a PBX
 * @func: what pbx_watch() was given
 * @user_data: likewise
 */
void
pbx_unwatch (Pbx *pbx, PbxFunc func, gpointer user_data)
{
  for (GSList *link = pbx->watchers; link; link = link->next) {
    Watcher *watcher = link->data;

    if (watcher->func == func && watcher->user_data == user_data) {
      pbx->watchers = g_slist_delete_link (pbx->watchers, link);
      g_free (watcher);
      return;
    }
  }
}

/**
 * pbx_is_reachable:
 * @pbx: a PBX
 *
 * Returns: whether a route is there that is not known to be down
 */
gboolean
pbx_is_reachable (const Pbx *pbx)
{
  return pbx->reachable;
}

/**
 * pbx_last_error:
 * @pbx: a PBX
 *
 * Returns: (transfer none) (nullable): what last went wrong with one of its routes
 */
const gchar *
pbx_last_error (const Pbx *pbx)
{
  return pbx->last_error;
}

/**
 * pbx_add_route:
 * @pbx: a PBX
 * @route: (transfer full): a way to it, tried after those added before
 */
void
pbx_add_route (Pbx *pbx, PbxRoute *route)
{
  g_ptr_array_add (pbx->routes, route);
  pbx_route_watch (route, on_route, pbx);
  pbx->reachable = best_hop (pbx) != NULL;
  look_again (pbx);
}

/**
 * pbx_name:
 * @pbx: a PBX
 *
 * Returns: (transfer none): its name
 */
const gchar *
pbx_name (const Pbx *pbx)
{
  return pbx->name;
}

/**
 * pbx_register_expires:
 * @pbx: a PBX
 *
 * Returns: what is asked of it, in seconds
 */
guint
pbx_register_expires (const Pbx *pbx)
{
  return pbx->register_expires;
}

/**
 * pbx_serves:
 * @pbx: a PBX
 * @domain: the host part of a SIP URI
 *
 * Returns: whether it is one of the PBX's domains
 */
gboolean
pbx_serves (const Pbx *pbx, const gchar *domain)
{
  for (gchar **own = pbx->domains; *own; own++)
    if (g_ascii_strcasecmp (*own, domain) == 0)
      return TRUE;
  return FALSE;
}

/**
 * pbx_accepts:
 * @pbx: a PBX
 * @source: where a request came from
 *
 * Returns: whether such a request counts as the PBX's
 */
gboolean
pbx_accepts (const Pbx *pbx, GInetAddress *source)
{
  for (gchar **pattern = pbx->accept_from; pattern && *pattern; pattern++)
    if (address_matches (*pattern, source))
      return TRUE;
  if (pbx->accept_from)
    return FALSE;
  for (guint i = 0; i < pbx->routes->len; i++)
    if (pbx_route_leads_to (g_ptr_array_index (pbx->routes, i), source))
      return TRUE;
  return FALSE;
}

/**
 * pbx_way:
 * @pbx: a PBX
 *
 * Returns: (transfer none) (nullable): the first route that is usable; without any, they are probed
 */
SipFlow *
pbx_way (Pbx *pbx)
{
  PbxHop *hop = best_hop (pbx);

  if (hop)
    return pbx_hop_way (hop);
  counters_inc (COUNTER_PBX_UNREACHABLE);
  for (guint i = 0; (hop = nth_hop (pbx, i)); i++)
    pbx_hop_hurry (hop);
  return NULL;
}

/**
 * pbx_way_for:
 * @pbx: a PBX
 * @call_id: of the phone's request
 *
 * Returns: (transfer none) (nullable): the route on which an earlier request of that Call-ID was
 * challenged, as long as it is not down; otherwise as pbx_way()
 */
SipFlow *
pbx_way_for (Pbx *pbx, const gchar *call_id)
{
  const SipFlow *pinned = pbx_pins_get (pbx->pins, call_id);
  PbxHop *hop = pinned ? find_hop (pbx, pinned) : NULL;

  if (hop && (pbx_hop_state (hop) == PBX_HOP_UP || pbx_hop_state (hop) == PBX_HOP_UNKNOWN))
    return pbx_hop_way (hop);
  return pbx_way (pbx);
}

/**
 * pbx_way_after:
 * @pbx: a PBX
 * @way: a way that a request took
 *
 * Returns: (transfer none) (nullable): where to send it should @way not answer: the first other
 * route against which nothing speaks
 */
SipFlow *
pbx_way_after (Pbx *pbx, const SipFlow *way)
{
  PbxHop *hop;

  for (guint i = 0; (hop = nth_hop (pbx, i)); i++)
    if (pbx_hop_is_good (hop) && !sip_flow_equal (pbx_hop_way (hop), way))
      return pbx_hop_way (hop);
  return NULL;
}

/**
 * pbx_refusal:
 * @pbx: a PBX to which there is no way
 *
 * Returns: (transfer none): the reason phrase of a 503 that says why
 */
const gchar *
pbx_refusal (const Pbx *pbx)
{
  return count_hops (pbx) ? "PBX Not Reachable" : "PBX Address Not Resolved";
}

/**
 * pbx_heard:
 * @pbx: a PBX
 * @way: the way that a request took
 * @call_id: of the phone's request
 * @response: the PBX's answer to it, provisional or final
 *
 * Returns: whether the answer is 503 with Retry-After, so that another route may take the request;
 * new requests avoid @way for that time (RFC 3261 21.5.4)
 */
gboolean
pbx_heard (Pbx *pbx, SipFlow *way, const gchar *call_id, const sip_t *response)
{
  PbxHop *hop = find_hop (pbx, way);
  gint status = response->sip_status->st_status;

  pbx->last_answer = clock_now ();
  if (!hop)
    return FALSE;
  pbx_hop_heard (hop);
  if ((status == 401 || status == 407) && count_hops (pbx) > 1)
    pbx_pins_put (pbx->pins, call_id, way);
  else if (status >= 200)
    pbx_pins_drop (pbx->pins, call_id);
  if (status != 503 || !response->sip_retry_after || !response->sip_retry_after->af_delta)
    return FALSE;
  pbx_hop_pause (hop, (guint) MIN (response->sip_retry_after->af_delta, G_MAXINT));
  return TRUE;
}

/**
 * pbx_failed:
 * @pbx: a PBX
 * @way: a way on which a request had no answer at all, or could not be sent
 */
void
pbx_failed (Pbx *pbx, SipFlow *way)
{
  PbxHop *hop = find_hop (pbx, way);

  if (hop)
    pbx_hop_failed (hop);
}

/**
 * pbx_domains:
 * @pbx: a PBX
 *
 * Returns: (transfer none): what phones use as their SIP domain
 */
const gchar *const *
pbx_domains (const Pbx *pbx)
{
  return (const gchar *const *) pbx->domains;
}

/**
 * pbx_routes:
 * @pbx: a PBX
 *
 * Returns: (transfer none) (element-type PbxRoute): the ways to it, in the order of the attempts
 */
GPtrArray *
pbx_routes (const Pbx *pbx)
{
  return pbx->routes;
}

/**
 * pbx_last_answer:
 * @pbx: a PBX
 *
 * Returns: when it last answered, in monotonic microseconds; 0 when it did not yet
 */
gint64
pbx_last_answer (const Pbx *pbx)
{
  return pbx->last_answer;
}
