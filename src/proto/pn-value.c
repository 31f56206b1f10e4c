/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pn-value: what a phone said about its push, in one form for all dialects.
 *
 * pn-params makes it from what the phone sent; the registrar keeps and compares it, and makes the
 * push request from it.
 */
#include "proto/pn-value.h"

/**
 * pn_params_new:
 * @kind: what was said
 * @dialect: in which words
 *
 * Returns: (transfer full): a value without any text yet
 */
PnParams *
pn_params_new (PnKind kind, PnDialect dialect)
{
  PnParams *params = g_new0 (PnParams, 1);

  params->kind = kind;
  params->dialect = dialect;
  return params;
}

/**
 * pn_params_copy:
 * @params: a value
 *
 * Returns: (transfer full): a copy of it
 */
PnParams *
pn_params_copy (const PnParams *params)
{
  PnParams *copy = pn_params_new (params->kind, params->dialect);

  copy->provider = g_strdup (params->provider);
  copy->param = g_strdup (params->param);
  copy->prid = g_strdup (params->prid);
  copy->team = g_strdup (params->team);
  copy->bundle = g_strdup (params->bundle);
  copy->service = g_strdup (params->service);
  copy->topic = g_strdup (params->topic);
  copy->voip_token = g_strdup (params->voip_token);
  copy->voip_topic = g_strdup (params->voip_topic);
  copy->remote_token = g_strdup (params->remote_token);
  copy->remote_topic = g_strdup (params->remote_topic);
  copy->enc_key = g_strdup (params->enc_key);
  copy->enc_auth = g_strdup (params->enc_auth);
  copy->silent = params->silent;
  copy->problem = g_strdup (params->problem);
  return copy;
}

/**
 * pn_params_free:
 * @params: (transfer full) (nullable): a value
 */
void
pn_params_free (PnParams *params)
{
  if (!params)
    return;
  g_free (params->provider);
  g_free (params->param);
  g_free (params->prid);
  g_free (params->team);
  g_free (params->bundle);
  g_free (params->service);
  g_free (params->topic);
  g_free (params->voip_token);
  g_free (params->voip_topic);
  g_free (params->remote_token);
  g_free (params->remote_topic);
  g_free (params->enc_key);
  g_free (params->enc_auth);
  g_free (params->problem);
  g_free (params);
}

/**
 * pn_params_break:
 * @params: a value
 * @problem: what is missing or malformed, for a person
 *
 * Makes it %PN_INCOMPLETE; the first problem stays.
 */
void
pn_params_break (PnParams *params, const gchar *problem)
{
  params->kind = PN_INCOMPLETE;
  if (!params->problem)
    params->problem = g_strdup (problem);
}

/**
 * pn_params_only_rings:
 * @params: what wakes a phone
 *
 * A VoIP push for anything but a call costs the app its right to pushes.
 *
 * Returns: whether it can be woken for calls alone
 */
gboolean
pn_params_only_rings (const PnParams *params)
{
  return g_str_has_prefix (params->provider, "apns") && params->voip_token &&
         !params->remote_token;
}

/**
 * pn_params_equal:
 * @a: a value
 * @b: another
 *
 * RFC 8599 section 5.6.2.1, to the byte, after unescaping.
 *
 * Returns: whether both mean the same push; the dialect does not matter
 */
gboolean
pn_params_equal (const PnParams *a, const PnParams *b)
{
  return a->kind == b->kind && g_strcmp0 (a->provider, b->provider) == 0 &&
         g_strcmp0 (a->param, b->param) == 0 && g_strcmp0 (a->prid, b->prid) == 0 &&
         g_strcmp0 (a->voip_token, b->voip_token) == 0 &&
         g_strcmp0 (a->voip_topic, b->voip_topic) == 0 &&
         g_strcmp0 (a->remote_token, b->remote_token) == 0 &&
         g_strcmp0 (a->remote_topic, b->remote_topic) == 0 &&
         g_strcmp0 (a->enc_key, b->enc_key) == 0 && g_strcmp0 (a->enc_auth, b->enc_auth) == 0;
}

/**
 * pn_dialect_name:
 * @dialect: a dialect
 *
 * Returns: (transfer none): its name, for the log and for management
 */
const gchar *
pn_dialect_name (PnDialect dialect)
{
  static const gchar *const names[] = {
    [PN_DIALECT_RFC8599] = "rfc8599",
    [PN_DIALECT_DRAFT_2017] = "draft-holmberg",
    [PN_DIALECT_DRAFT_OLD] = "draft-holmberg-old",
    [PN_DIALECT_LINPHONE] = "linphone",
    [PN_DIALECT_LINPHONE_LEGACY] = "linphone-legacy",
    [PN_DIALECT_PORTSIP] = "portsip",
    [PN_DIALECT_MIZU] = "mizu",
  };

  return names[dialect];
}
