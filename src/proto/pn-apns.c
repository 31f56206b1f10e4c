/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pn-apns: Apple's part of the push parameters: team, bundle, service and device tokens.
 *
 * pn-params calls it. RFC 8599 section 10 has one token and "TEAM.bundle.service"; Linphone on iOS
 * joins two of each by "&". Topic and token end in an HTTP header and a path: their alphabet is
 * held narrow here.
 */
#include "proto/pn-apns.h"

#include <string.h>

typedef enum {
  NO_SERVICE = 0,
  VOIP = 1 << 0,
  REMOTE = 1 << 1,
} Services;

static gboolean
holds_only (const gchar *text, const gchar *punctuation)
{
  if (!*text)
    return FALSE;
  for (; *text; text++)
    if (!g_ascii_isalnum (*text) && !strchr (punctuation, *text))
      return FALSE;
  return TRUE;
}

static Services
service_from_word (const gchar *word)
{
  if (g_str_equal (word, "voip"))
    return VOIP;
  return g_str_equal (word, "remote") ? REMOTE : NO_SERVICE;
}

/* "voip", "remote" or both joined by "&", each once; NO_SERVICE for any other text. */
static Services
services_from_text (const gchar *text)
{
  g_auto (GStrv) words = g_strsplit (text, "&", 3);
  Services services = NO_SERVICE;

  for (gsize i = 0; words[i]; i++) {
    Services service = service_from_word (words[i]);

    if (!service || services & service)
      return NO_SERVICE;
    services |= service;
  }
  return services;
}

static void
set_token (PnParams *params, Services service, const gchar *token)
{
  gboolean voip = service == VOIP;
  gchar **slot = voip ? &params->voip_token : &params->remote_token;
  gchar **topic = voip ? &params->voip_topic : &params->remote_topic;

  if (!holds_only (token, "")) {
    pn_params_break (params, "the device token is not made of letters and digits");
    return;
  }
  g_free (*slot);
  *slot = g_strdup (token);
  g_free (*topic);
  *topic = voip ? g_strdup_printf ("%s.voip", params->bundle) : g_strdup (params->bundle);
}

static void
set_bundle (PnParams *params, const gchar *bundle)
{
  params->bundle = g_strdup (bundle);
  if (!holds_only (bundle, ".-_") || bundle[0] == '.' || g_str_has_suffix (bundle, "."))
    pn_params_break (params, "the application's bundle id is none");
}

/* A call goes to the VoIP token where there is one: that is the token that stands for the phone. */
static void
finish (PnParams *params)
{
  gboolean voip = params->voip_token != NULL;
  gchar *prid = g_strdup (voip ? params->voip_token : params->remote_token);

  if (!prid)
    return;
  g_free (params->prid);
  params->prid = prid;
  params->topic = g_strdup (voip ? params->voip_topic : params->remote_topic);
  if (voip)
    params->service = g_strdup ("voip");
}

static void
read_tokens (PnParams *params, Services services)
{
  g_auto (GStrv) tokens = g_strsplit (params->prid, "&", 3);
  gboolean two = services == (VOIP | REMOTE);
  Services seen = NO_SERVICE;

  if (g_strv_length (tokens) != (two ? 2 : 1)) {
    pn_params_break (params, "pn-prid and pn-param name different numbers of services");
    return;
  }
  for (gsize i = 0; tokens[i]; i++) {
    gchar *colon = strchr (tokens[i], ':');
    Services service = colon ? service_from_word (colon + 1) : two ? NO_SERVICE : services;

    if (colon && params->dialect == PN_DIALECT_RFC8599)
      params->dialect = PN_DIALECT_LINPHONE;
    if (!service || !(services & service) || seen & service) {
      pn_params_break (params, "pn-prid and pn-param name different services");
      return;
    }
    seen |= service;
    if (colon)
      *colon = '\0';
    set_token (params, service, tokens[i]);
  }
}

/**
 * pn_apns_read:
 * @params: provider, param and prid are set
 *
 * Takes "TEAM.bundle[.services]" and the token or tokens apart. Without a service the token is one
 * for ordinary notifications. Of two tokens prid keeps the one for calls.
 */
void
pn_apns_read (PnParams *params)
{
  const gchar *dot = params->param ? strchr (params->param, '.') : NULL;
  const gchar *last = dot ? strrchr (dot + 1, '.') : NULL;
  Services services = last ? services_from_text (last + 1) : NO_SERVICE;
  g_autofree gchar *bundle = NULL;

  if (!dot) {
    pn_params_break (params, "pn-param is not TEAM.bundle.service");
    return;
  }
  if (params->dialect == PN_DIALECT_RFC8599 &&
      (services & REMOTE || g_str_equal (params->provider, "apns.dev")))
    params->dialect = PN_DIALECT_LINPHONE;
  params->team = g_strndup (params->param, dot - params->param);
  if (!holds_only (params->team, ""))
    pn_params_break (params, "the team in pn-param is none");
  bundle = services ? g_strndup (dot + 1, last - dot - 1) : g_strdup (dot + 1);
  set_bundle (params, bundle);
  read_tokens (params, services ? services : REMOTE);
  finish (params);
  if (services == REMOTE)
    params->service = g_strdup ("remote");
}

/* As RFC 8599 section 10 writes it, "TEAM.topic", without the team, which these do not tell. */
static void
set_param (PnParams *params)
{
  if (!params->topic)
    return;
  g_free (params->param);
  params->param = g_strconcat (".", params->topic, NULL);
}

/**
 * pn_apns_read_app_id:
 * @params: provider and prid are set
 * @app_id: "bundle[.voip][.dev|.prod]"
 *
 * Linphone's older form and Mizu's: the suffix names Apple's test service, and no team is told.
 */
void
pn_apns_read_app_id (PnParams *params, const gchar *app_id)
{
  g_autofree gchar *bundle = g_strdup (app_id);
  gboolean voip;

  if (g_str_has_suffix (bundle, ".dev")) {
    g_free (params->provider);
    params->provider = g_strdup ("apns.dev");
    bundle[strlen (bundle) - strlen (".dev")] = '\0';
  } else if (g_str_has_suffix (bundle, ".prod")) {
    bundle[strlen (bundle) - strlen (".prod")] = '\0';
  }
  voip = g_str_has_suffix (bundle, ".voip");
  if (voip)
    bundle[strlen (bundle) - strlen (".voip")] = '\0';
  set_bundle (params, bundle);
  set_token (params, voip ? VOIP : REMOTE, params->prid);
  finish (params);
  set_param (params);
}

/**
 * pn_apns_read_pair:
 * @params: provider is set
 * @bundle: the application's bundle id
 * @voip_token: (nullable): the token for calls
 * @remote_token: (nullable): the token for ordinary notifications
 *
 * PortSIP's form.
 */
void
pn_apns_read_pair (PnParams *params,
                   const gchar *bundle,
                   const gchar *voip_token,
                   const gchar *remote_token)
{
  set_bundle (params, bundle);
  if (voip_token)
    set_token (params, VOIP, voip_token);
  if (remote_token)
    set_token (params, REMOTE, remote_token);
  finish (params);
  set_param (params);
}
