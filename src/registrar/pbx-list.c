/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pbx-list: which of several PBXs is meant: by the phones' domain, or by a request's source.
 */
#include "registrar/pbx-list.h"

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
