/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pbx: a PBX as we see it: the domains that it serves, the routes to it, and the addresses whose
 * requests count as its own.
 */
#include "registrar/pbx.h"

#include "base/clock.h"
#include "proto/address.h"

struct _Pbx {
  gchar *name;
  gchar **domains;
  gchar **accept_from;
  guint register_expires; /* seconds */
  GPtrArray *routes;
  gchar *last_error;  /* nullable: it has answered since */
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
pbx_new (const gchar *name, const gchar *const *domains, guint register_expires,
         const gchar *const *accept_from)
{
  Pbx *pbx = g_new0 (Pbx, 1);

  pbx->name = g_strdup (name);
  pbx->domains = g_strdupv ((gchar **) domains);
  pbx->accept_from = accept_from && accept_from[0] ? g_strdupv ((gchar **) accept_from) : NULL;
  pbx->register_expires = register_expires;
  pbx->routes = g_ptr_array_new_with_free_func ((GDestroyNotify) pbx_route_free);
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
  g_free (pbx->last_error);
  g_strfreev (pbx->accept_from);
  g_strfreev (pbx->domains);
  g_free (pbx->name);
  g_free (pbx);
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
 * Returns: (transfer none) (nullable): the first route that is usable
 */
SipFlow *
pbx_way (const Pbx *pbx)
{
  for (guint i = 0; i < pbx->routes->len; i++) {
    SipFlow *flow = pbx_route_flow (g_ptr_array_index (pbx->routes, i));

    if (flow)
      return flow;
  }
  return NULL;
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
 * pbx_note_answer:
 * @pbx: a PBX
 * @failure: 0 when it answered, whatever it said; otherwise the status by which the stack says that
 *   it did not
 */
void
pbx_note_answer (Pbx *pbx, guint failure)
{
  g_clear_pointer (&pbx->last_error, g_free);
  if (!failure)
    pbx->last_answer = clock_now ();
  else if (!pbx_way (pbx))
    pbx->last_error = g_strdup ("no route is resolved");
  else
    pbx->last_error =
      g_strdup (failure == 408 ? "no answer to a REGISTER" : "a REGISTER cannot be sent");
}

/**
 * pbx_last_error:
 * @pbx: a PBX
 *
 * Returns: (transfer none) (nullable): why it was not reached, NULL when it has answered since
 */
const gchar *
pbx_last_error (const Pbx *pbx)
{
  return pbx->last_error;
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

/**
 * pbx_find_by_domain:
 * @pbxes: (element-type Pbx): all PBXs
 * @domain: (nullable): the host part of a SIP URI
 *
 * Returns: (transfer none) (nullable): the PBX that serves it
 */
Pbx *
pbx_find_by_domain (GPtrArray *pbxes, const gchar *domain)
{
  for (guint i = 0; domain && i < pbxes->len; i++)
    if (pbx_serves (g_ptr_array_index (pbxes, i), domain))
      return g_ptr_array_index (pbxes, i);
  return NULL;
}

/**
 * pbx_find_by_source:
 * @pbxes: (element-type Pbx): all PBXs
 * @source: where a request came from
 *
 * Returns: (transfer none) (nullable): the PBX whose request it is
 */
Pbx *
pbx_find_by_source (GPtrArray *pbxes, GInetAddress *source)
{
  for (guint i = 0; i < pbxes->len; i++)
    if (pbx_accepts (g_ptr_array_index (pbxes, i), source))
      return g_ptr_array_index (pbxes, i);
  return NULL;
}
