/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pn-params: push parameters of every dialect, read into a PnParams.
 *
 * The registrar calls it for each Contact of a REGISTER, and for the headers that two vendors use
 * instead. RFC 8599; the drafts of autumn 2017 (pn-type=provider:param, before that pn-token);
 * Linphone's two tokens on iOS and its older app-id, pn-type, pn-tok, as URI or as header
 * parameters; PortSIP's x-p-push and Mizu's X-MPUSH. What none of them is, is no push.
 */
#include "proto/pn-params.h"

#include "proto/pn-apns.h"
#include "proto/pn-names.h"

#include <string.h>

#define MAX_PROVIDER 64

/* Where parameters are looked for: the URI's first, then what a push URL's bare "?" cut off. */
typedef struct {
  GPtrArray *uri;
  GPtrArray *cut_off;
  GPtrArray *header;
  gchar *repaired_prid;
  gboolean malformed;
} Reader;

static const gchar *
raw_value (Reader *reader, const gchar *name)
{
  const gchar *value = uri_params_find (reader->uri, name);

  if (!value)
    value = uri_params_find (reader->cut_off, name);
  return value ? value : uri_params_find (reader->header, name);
}

static gboolean
is_printable (const gchar *text)
{
  for (; *text; text++)
    if (!g_ascii_isgraph (*text))
      return FALSE;
  return TRUE;
}

/* Without quotes and escapes; NULL where it holds what no parameter of push can mean. */
static gchar *
plain_text (const gchar *raw)
{
  g_autofree gchar *unquoted = uri_param_unquote (raw);
  g_autofree gchar *plain = g_uri_unescape_string (unquoted, NULL);

  return plain && is_printable (plain) ? g_steal_pointer (&plain) : NULL;
}

/* NULL where it is absent or malformed; the latter is remembered. */
static gchar *
read_value (Reader *reader, const gchar *name)
{
  const gchar *raw = raw_value (reader, name);
  gchar *plain = raw ? plain_text (raw) : NULL;

  if (raw && !plain)
    reader->malformed = TRUE;
  return plain;
}

static gchar *
read_first (Reader *reader, const gchar *const *names)
{
  for (; *names; names++)
    if (raw_value (reader, *names))
      return read_value (reader, *names);
  return NULL;
}

static gchar *
read_provider (const gchar *text)
{
  if (!*text || strlen (text) > MAX_PROVIDER)
    return NULL;
  for (const gchar *c = text; *c; c++)
    if (!g_ascii_isalnum (*c) && !strchr (".-_+", *c))
      return NULL;
  return g_ascii_strdown (text, -1);
}

/* A push URL that was not escaped ends for the URI's grammar at its "?", and its query, with the
 * parameters that followed, is taken for URI headers, which have no business in a Contact. They are
 * put back where pn-prid is the last parameter before the "?" and is an https URL; whether the
 * provider is webpush is asked when the parameters that were cut off can be read. */
static void
repair_cut_url (Reader *reader, const Contact *contact)
{
  const UriParam *last;
  const gchar *rest;

  if (!contact->uri_headers || contact->uri_params->len == 0)
    return;
  last = g_ptr_array_index (contact->uri_params, contact->uri_params->len - 1);
  if (g_ascii_strcasecmp (last->name, "pn-prid") || !last->value ||
      g_ascii_strncasecmp (last->value, "https:", 6))
    return;
  rest = strchr (contact->uri_headers, ';');
  reader->cut_off = uri_params_parse (rest, NULL);
  reader->repaired_prid = g_strdup_printf (
      "%s?%.*s", last->value,
      (int) (rest ? (gsize) (rest - contact->uri_headers) : strlen (contact->uri_headers)),
      contact->uri_headers);
}

static void
read_encryption (Reader *reader, PnParams *params)
{
  static const gchar *const secrets[] = { "pn-enccode", "pn-encsec", NULL };

  params->enc_key = read_value (reader, "pn-enckey");
  params->enc_auth = read_first (reader, secrets);
}

static void
check_webpush (PnParams *params)
{
  if (g_ascii_strncasecmp (params->prid, "https://", 8) || !params->prid[8])
    pn_params_break (params, "pn-prid is not an https URL");
}

/* Provider, param and prid are set: what this provider makes of them. */
static PnParams *
finish (Reader *reader, PnParams *params)
{
  const gchar *silent = raw_value (reader, "pn-silent");

  params->silent = silent && g_str_equal (silent, "1");
  read_encryption (reader, params);
  if (reader->malformed)
    pn_params_break (params,
                     "a push parameter holds a malformed escape, a space or a control character");
  else if (!params->prid || !*params->prid)
    pn_params_break (params, "pn-prid is empty");
  else if (g_str_equal (params->provider, "apns") || g_str_equal (params->provider, "apns.dev"))
    pn_apns_read (params);
  else if (g_str_equal (params->provider, "webpush"))
    check_webpush (params);
  else if (g_str_equal (params->provider, "fcm") && (!params->param || !*params->param))
    pn_params_break (params, "pn-param with the project is missing");
  return params;
}

static PnParams *
read_rfc8599 (Reader *reader)
{
  g_autofree gchar *text = read_value (reader, "pn-provider");
  g_autofree gchar *provider = text ? read_provider (text) : NULL;
  gboolean webpush = g_strcmp0 (provider, "webpush") == 0;
  const gchar *prid = raw_value (reader, "pn-prid");
  PnParams *params = pn_params_new (PN_NONE, PN_DIALECT_RFC8599);

  if (text && !*text && !prid) {
    params->kind = PN_QUERY_ALL;
    return params;
  }
  if (text && !*text)
    pn_params_break (params, "pn-provider is empty");
  if (!provider)
    return params;
  params->provider = g_steal_pointer (&provider);
  if (!prid) {
    params->kind = PN_QUERY_ONE;
    return params;
  }
  params->kind = PN_PUSH;
  params->prid = webpush && reader->repaired_prid ? plain_text (reader->repaired_prid)
                                                  : read_value (reader, "pn-prid");
  /* RFC 8599 section 12 forbids it here; were it kept, it would make equal subscriptions differ. */
  if (!webpush)
    params->param = read_value (reader, "pn-param");
  return finish (reader, params);
}

/* Autumn 2017: provider and param in one value, split before unescaping, at a colon that is no part
 * of either. Before October 26 there was no param, and the token had other names. */
static PnParams *
read_draft (Reader *reader)
{
  static const gchar *const tokens[] = { "pn-prid", "pn-token", "pn-uri", NULL };
  g_autofree gchar *type = uri_param_unquote (raw_value (reader, "pn-type"));
  gchar *colon = strchr (type, ':');
  PnParams *params = pn_params_new (PN_NONE, colon ? PN_DIALECT_DRAFT_2017 : PN_DIALECT_DRAFT_OLD);
  g_autofree gchar *name = NULL;

  if (colon)
    *colon = '\0';
  name = plain_text (type);
  params->provider = name ? read_provider (name) : NULL;
  if (!params->provider)
    return params;
  params->kind = PN_PUSH;
  if (colon) {
    params->param = plain_text (colon + 1);
    reader->malformed |= !params->param;
  }
  params->prid = read_first (reader, tokens);
  return finish (reader, params);
}

static PnParams *
read_linphone_legacy (Reader *reader)
{
  g_autofree gchar *type = read_value (reader, "pn-type");
  g_autofree gchar *provider = type ? read_provider (type) : NULL;
  gboolean apple = g_strcmp0 (provider, "apple") == 0;
  PnParams *params = pn_params_new (PN_NONE, PN_DIALECT_LINPHONE_LEGACY);
  const gchar *silent = raw_value (reader, "pn-silent");

  if (!provider)
    return params;
  params->kind = PN_PUSH;
  if (apple)
    params->provider = g_strdup ("apns");
  else if (g_str_equal (provider, "google") || g_str_equal (provider, "firebase") ||
           g_str_equal (provider, "android"))
    params->provider = g_strdup ("fcm");
  else
    params->provider = g_steal_pointer (&provider);
  params->silent = silent && g_str_equal (silent, "1");
  params->param = read_value (reader, "app-id");
  params->prid = read_value (reader, "pn-tok");
  if (reader->malformed)
    pn_params_break (params,
                     "a push parameter holds a malformed escape, a space or a control character");
  else if (!params->prid || !*params->prid)
    pn_params_break (params, "pn-tok is empty");
  else if (!params->param || !*params->param)
    pn_params_break (params, "app-id is missing");
  else if (apple)
    pn_apns_read_app_id (params, params->param);
  return params;
}

/**
 * pn_params_from_contact:
 * @contact: a Contact of a REGISTER
 *
 * Parameters are looked for in the URI and, since old phones put them there, in the header.
 *
 * Returns: (transfer full): what it says about push: %PN_NONE for nothing that we know;
 *   %PN_INCOMPLETE, with a problem, where a known dialect was begun and cannot be used
 */
PnParams *
pn_params_from_contact (const Contact *contact)
{
  Reader reader = { .uri = contact->uri_params, .header = contact->params };
  PnParams *params;

  repair_cut_url (&reader, contact);
  if (raw_value (&reader, "pn-provider"))
    params = read_rfc8599 (&reader);
  else if (raw_value (&reader, "pn-type") && raw_value (&reader, "pn-tok"))
    params = read_linphone_legacy (&reader);
  else if (raw_value (&reader, "pn-type") &&
           (raw_value (&reader, "pn-prid") || raw_value (&reader, "pn-token") ||
            raw_value (&reader, "pn-uri")))
    params = read_draft (&reader);
  else
    params = pn_params_new (PN_NONE, PN_DIALECT_RFC8599);
  g_clear_pointer (&reader.cut_off, g_ptr_array_unref);
  g_free (reader.repaired_prid);
  return params;
}

/* PortSIP on iOS joins the token for calls and the one for notifications by "|"; either can be
 * empty. Older versions send the first alone. */
static void
read_portsip_tokens (PnParams *params, const gchar *tokens, const gchar *bundle)
{
  g_auto (GStrv) pair = g_strsplit (tokens, "|", 2);
  const gchar *voip = pair[0] && *pair[0] ? pair[0] : NULL;
  const gchar *remote = pair[0] && pair[1] && *pair[1] ? pair[1] : NULL;

  pn_apns_read_pair (params, bundle, voip, remote);
  if (!params->prid)
    pn_params_break (params, "device-uid holds no token");
}

static PnParams *
read_portsip (const gchar *value)
{
  g_autoptr (GPtrArray) header = uri_params_parse (value, NULL);
  Reader reader = { .header = header };
  const gchar *calls = raw_value (&reader, "allow-call-push");
  g_autofree gchar *system = read_value (&reader, "device-os");
  g_autofree gchar *token = read_value (&reader, "device-uid");
  g_autofree gchar *application = read_value (&reader, "app-id");
  gboolean apple = system && !g_ascii_strcasecmp (system, "ios");
  PnParams *params = pn_params_new (PN_NONE, PN_DIALECT_PORTSIP);

  if ((calls && !g_ascii_strcasecmp (calls, "false")) ||
      (!apple && (!system || g_ascii_strcasecmp (system, "android"))))
    return params;
  params->kind = PN_PUSH;
  params->provider = g_strdup (apple ? "apns" : "fcm");
  params->param = g_strdup (application);
  if (!token || !*token || !application || !*application)
    pn_params_break (params, "device-uid or app-id is missing");
  else if (apple)
    read_portsip_tokens (params, token, application);
  else
    params->prid = g_steal_pointer (&token);
  return params;
}

/* "i:bundle:token" for Apple, "a:package:token" for Android, whose tokens hold colons. */
static PnParams *
read_mizu (const gchar *value)
{
  g_auto (GStrv) parts = g_strsplit (value, ":", 3);
  PnParams *params = pn_params_new (PN_NONE, PN_DIALECT_MIZU);
  gboolean apple;

  if (g_strv_length (parts) != 3 || !is_printable (parts[1]) || !is_printable (parts[2]))
    return params;
  apple = !g_ascii_strcasecmp (parts[0], "i");
  if (!apple && g_ascii_strcasecmp (parts[0], "a"))
    return params;
  params->kind = PN_PUSH;
  params->provider = g_strdup (apple ? "apns" : "fcm");
  params->param = g_strdup (parts[1]);
  params->prid = g_strdup (parts[2]);
  if (!*params->param || !*params->prid)
    pn_params_break (params, "application or token is missing");
  else if (apple)
    pn_apns_read_app_id (params, params->param);
  return params;
}

/**
 * pn_params_from_header:
 * @name: a header's name, in any case
 * @value: its value
 *
 * Returns: (transfer full): what it says about push, as for pn_params_from_contact(); %PN_NONE for
 *   every header but x-p-push, portsip-push, X-Push and X-MPUSH, and for one that is too long
 */
PnParams *
pn_params_from_header (const gchar *name, const gchar *value)
{
  g_autofree gchar *text = NULL;

  if (strnlen (value, CONTACT_MAX_SIZE + 1) > CONTACT_MAX_SIZE)
    return pn_params_new (PN_NONE, PN_DIALECT_RFC8599);
  text = g_strstrip (g_strdup (value));
  if (!g_ascii_strcasecmp (name, "x-p-push") || !g_ascii_strcasecmp (name, "portsip-push") ||
      !g_ascii_strcasecmp (name, "x-push"))
    return read_portsip (text);
  if (!g_ascii_strcasecmp (name, "x-mpush"))
    return read_mizu (text);
  return pn_params_new (PN_NONE, PN_DIALECT_RFC8599);
}
