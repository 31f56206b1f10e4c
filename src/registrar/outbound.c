/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * outbound: phones behind proxies of their side (Path, RFC 3327), and phones that register on
 * several flows at once (RFC 5626).
 *
 * All flows of an instance are one phone, to the PBX too: its binding is that of the flow that
 * registered last, which has the others. Most phones have neither and pay nothing for it.
 */
#include "registrar/outbound.h"

#include "base/clock.h"
#include "base/error.h"
#include "proto/address.h"
#include "sip/sip-headers.h"

#include <string.h>

#define MAX_PATH_SIZE 2048
#define MAX_OTHERS 3

/* ---- what a REGISTER says ---- */

/**
 * outbound_way:
 * @request: a REGISTER
 *
 * A proxy is reached at the address that its Path names, whichever connection it took, but only
 * where that is the host that the REGISTER came from: nobody sends us elsewhere.
 *
 * Returns: (transfer full): how its sender is reached
 */
SipFlow *
outbound_way (SipRequest *request)
{
  const sip_t *sip = sip_request_sip (request);
  SipFlow *flow = sip_request_flow (request);
  g_autoptr (GInetAddress) hop =
    sip->sip_path ? address_from_host (sip->sip_path->r_url->url_host) : NULL;
  g_autoptr (GInetAddress) source = hop ? sip_request_source (request) : NULL;
  g_autofree gchar *host = NULL;
  const gchar *port;

  if (!source || !g_inet_address_equal (hop, source) || sip_flow_peer (flow))
    return sip_flow_ref (flow);
  host = g_inet_address_to_string (hop);
  port = sip->sip_path->r_url->url_port;
  return sip_flow_to_address (sip_flow_listener (flow), host,
                              port ? (guint) g_ascii_strtoull (port, NULL, 10) : 5060);
}

/**
 * outbound_restore:
 * @listener: by which a phone was reached before a restart
 * @address: where, as host:port, IPv6 in brackets
 * @path: (nullable): its Path
 *
 * Returns: (transfer full): how it is reached now
 */
SipFlow *
outbound_restore (SipListener *listener, const gchar *address, const gchar *path)
{
  g_autoptr (GSocketConnectable) hop = g_network_address_parse (address, 0, NULL);
  GNetworkAddress *target = hop ? G_NETWORK_ADDRESS (hop) : NULL;

  if (!path || listener->edge || !target)
    return sip_flow_restore (listener, address);
  return sip_flow_to_address (listener, g_network_address_get_hostname (target),
                              g_network_address_get_port (target));
}

/**
 * outbound_read_path:
 * @sip: a REGISTER
 * @error: return location; SIPWAKE_ERROR_INVALID with a phrase for the answer
 *
 * Returns: (transfer full) (nullable): the values of its Path, which are the Route of requests to
 * the phone (RFC 3327 5.4); %NULL without one
 */
gchar *
outbound_read_path (const sip_t *sip, GError **error)
{
  g_autoptr (GString) path = g_string_new (NULL);

  for (const sip_path_t *hop = sip->sip_path; hop; hop = hop->r_next) {
    g_autofree gchar *text = sip_headers_text ((const sip_header_t *) hop);

    g_string_append_printf (path, "%s%s", path->len ? ", " : "", text);
  }
  if (path->len > MAX_PATH_SIZE) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID, "Path Too Long");
    return NULL;
  }
  return path->len ? g_string_free (g_steal_pointer (&path), FALSE) : NULL;
}

/* Of the proxy that the phone itself speaks to. */
static const sip_path_t *
first_hop (const sip_t *sip)
{
  const sip_path_t *first = sip->sip_path;

  while (first && first->r_next)
    first = first->r_next;
  return first;
}

/**
 * outbound_is_offered:
 * @request: a REGISTER
 *
 * Several flows take a first hop that keeps them alive (RFC 5626 6): we do on streams, where we
 * answer pings, but not on UDP, where those would be STUN; a proxy says so by `;ob` in its Path.
 *
 * Returns: whether the phone may have a flow besides others
 */
gboolean
outbound_is_offered (SipRequest *request)
{
  const sip_t *sip = sip_request_sip (request);
  const sip_path_t *first = first_hop (sip);

  if (!sip_has_feature (sip->sip_supported, "outbound"))
    return FALSE;
  if (!first)
    return !sip->sip_via->v_next &&
           sip_transport_is_stream (sip_request_listener (request)->transport);
  return url_has_param (first->r_url, "ob");
}

/**
 * outbound_is_lacking:
 * @request: a REGISTER
 *
 * Returns: whether the phone asks for flows behind a proxy that keeps none, and must be told
 * (RFC 5626 6)
 */
gboolean
outbound_is_lacking (SipRequest *request)
{
  const sip_t *sip = sip_request_sip (request);

  return sip->sip_via->v_next && sip_has_feature (sip->sip_supported, "outbound") &&
         !outbound_is_offered (request);
}

/* ---- what a binding keeps of it ---- */

/**
 * outbound_set:
 * @binding: a new binding, which has its flow
 * @path: (nullable): the proxies before it
 * @reg_id: which of its phone's flows it is, 0: the only one
 * @source: (nullable): the address of its phone, where that is known
 */
void
outbound_set (Binding *binding, const gchar *path, guint reg_id, const gchar *source)
{
  g_autofree gchar *host = sip_flow_host (binding->flow);
  gboolean elsewhere = source && !g_str_equal (source, host);

  if (!path && !reg_id && !elsewhere)
    return;
  binding->outbound = g_new0 (BindingOutbound, 1);
  binding->outbound->path = g_strdup (path);
  binding->outbound->reg_id = reg_id;
  binding->outbound->source = elsewhere ? g_strdup (source) : NULL;
}

/**
 * outbound_source:
 * @binding: a phone
 *
 * Returns: (transfer full): its address, without brackets; behind a proxy of ours the proxy's, when
 * it has not registered since the start
 */
gchar *
outbound_source (const Binding *binding)
{
  if (binding->outbound && binding->outbound->source)
    return g_strdup (binding->outbound->source);
  return sip_flow_host (binding->flow);
}

/**
 * outbound_path:
 * @binding: a phone
 *
 * Returns: (transfer none) (nullable): the Route of requests to it
 */
const gchar *
outbound_path (const Binding *binding)
{
  return binding->outbound ? binding->outbound->path : NULL;
}

/**
 * outbound_reg_id:
 * @binding: a phone
 *
 * Returns: which of its flows registered last, 0 where it can have only one
 */
guint
outbound_reg_id (const Binding *binding)
{
  return binding->outbound ? binding->outbound->reg_id : 0;
}

static GPtrArray *
others_of (const Binding *binding)
{
  return binding->outbound ? binding->outbound->others : NULL;
}

/**
 * outbound_others:
 * @binding: a phone
 *
 * Returns: (transfer none) (nullable) (element-type Binding): its flows beside the newest
 */
const GPtrArray *
outbound_others (const Binding *binding)
{
  return others_of (binding);
}

static gboolean
lives (const Binding *way)
{
  return way->expires > clock_now ();
}

static void
add_other (Binding *binding, Binding *other)
{
  BindingOutbound *outbound = binding->outbound;

  if (outbound_reg_id (other) == outbound->reg_id || !lives (other) ||
      !sip_flow_is_open (other->flow) || sip_flow_equal (other->flow, binding->flow))
    return;
  if (!outbound->others)
    outbound->others = g_ptr_array_new_with_free_func ((GDestroyNotify) binding_unref);
  if (outbound->others->len < MAX_OTHERS)
    g_ptr_array_add (outbound->others, binding_ref (other));
}

static void
take_others (Binding *binding, Binding *from)
{
  g_autoptr (GPtrArray) others = NULL;

  if (!others_of (from))
    return;
  others = g_steal_pointer (&from->outbound->others);
  for (guint i = 0; i < others->len; i++)
    add_other (binding, g_ptr_array_index (others, i));
}

/**
 * outbound_inherit:
 * @binding: a binding that is about to take the place of @old
 * @old: (nullable): the same phone so far
 *
 * Keeps the phone's other flows.
 */
void
outbound_inherit (Binding *binding, Binding *old)
{
  if (!old || !outbound_reg_id (binding) || !outbound_reg_id (old))
    return;
  add_other (binding, old);
  take_others (binding, old);
}

/**
 * outbound_drop:
 * @binding: a phone
 * @reg_id: one of its flows, which it has removed or whose time is up
 *
 * Returns: (transfer full) (nullable): its binding without that flow, which may be another one; NULL
 * when no flow is left
 */
Binding *
outbound_drop (Binding *binding, guint reg_id)
{
  GPtrArray *others = others_of (binding);
  Binding *left;

  for (guint i = others ? others->len : 0; i > 0; i--)
    if (outbound_reg_id (g_ptr_array_index (others, i - 1)) == reg_id ||
        !lives (g_ptr_array_index (others, i - 1)))
      g_ptr_array_remove_index (others, i - 1);
  if (outbound_reg_id (binding) != reg_id)
    return binding_ref (binding);
  if (!others || others->len == 0)
    return NULL;
  left = binding_ref (g_ptr_array_index (others, 0));
  take_others (left, binding);
  return left;
}

/**
 * outbound_ends:
 * @binding: a phone
 *
 * Returns: the monotonic time when the last of its flows ends, unless it registers again
 */
gint64
outbound_ends (const Binding *binding)
{
  const GPtrArray *others = others_of (binding);
  gint64 ends = binding->expires;

  for (guint i = 0; others && i < others->len; i++)
    ends = MAX (ends, ((const Binding *) g_ptr_array_index (others, i))->expires);
  return ends;
}

/**
 * outbound_has_other:
 * @binding: a phone
 * @reg_id: one of its flows
 *
 * Returns: whether it has another one, which is registered still
 */
gboolean
outbound_has_other (const Binding *binding, guint reg_id)
{
  const GPtrArray *others = others_of (binding);

  if (outbound_reg_id (binding) && outbound_reg_id (binding) != reg_id && lives (binding))
    return TRUE;
  for (guint i = 0; others && i < others->len; i++) {
    const Binding *other = g_ptr_array_index (others, i);

    if (outbound_reg_id (other) != reg_id && lives (other))
      return TRUE;
  }
  return FALSE;
}

static gboolean
same_host (const SipFlow *a, const SipFlow *b)
{
  const gchar *one = sip_flow_address (a), *other = sip_flow_address (b);
  const gchar *end = strrchr (one, ':');

  return end && strncmp (one, other, (gsize) (end - one) + 1) == 0;
}

static gboolean
is_flow_of (const Binding *binding, const SipFlow *flow)
{
  /* A proxy may open a new connection for each request. */
  return binding->flow && (sip_flow_equal (binding->flow, flow) ||
                           (outbound_path (binding) && same_host (binding->flow, flow)));
}

/**
 * outbound_came_by:
 * @binding: a phone
 * @flow: by which a request came
 *
 * Returns: whether that is one of the phone's flows
 */
gboolean
outbound_came_by (const Binding *binding, const SipFlow *flow)
{
  const GPtrArray *others = others_of (binding);

  if (is_flow_of (binding, flow))
    return TRUE;
  for (guint i = 0; others && i < others->len; i++)
    if (is_flow_of (g_ptr_array_index (others, i), flow))
      return TRUE;
  return FALSE;
}

/**
 * outbound_is_lost:
 * @binding: a phone
 * @status: the answer to a request that was sent by one of its flows
 *
 * Returns: whether that says that the flow leads nowhere (RFC 5626 5.3.1, 7)
 */
gboolean
outbound_is_lost (const Binding *binding, guint status)
{
  return (outbound_path (binding) || outbound_reg_id (binding)) &&
         (status == 430 || status == 408 || status == 503);
}

/**
 * outbound_has_moved:
 * @from: a phone
 * @to: the same phone, as it registered later
 *
 * Returns: whether a proxy before it reaches it elsewhere now
 */
gboolean
outbound_has_moved (Binding *from, Binding *to)
{
  const gchar *path = outbound_path (to);

  return path && (g_strcmp0 (path, outbound_path (from)) ||
                  !g_str_equal (binding_target (from), binding_target (to)));
}

/**
 * outbound_open:
 * @binding: a phone
 * @after: (nullable): one of its flows, which was tried
 *
 * Returns: (transfer none) (nullable): the phone by its next flow that is open and registered still
 */
Binding *
outbound_open (Binding *binding, const SipFlow *after)
{
  const GPtrArray *others = others_of (binding);
  guint count = 1 + (others ? others->len : 0);
  gboolean passed = !after;

  for (guint i = 0; i < count; i++) {
    Binding *way = i ? g_ptr_array_index (others, i - 1) : binding;

    if (passed && lives (way) && sip_flow_is_open (way->flow))
      return way;
    passed |= after && sip_flow_equal (way->flow, after);
  }
  return NULL;
}
