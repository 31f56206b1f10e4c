/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * uri: a SIP or SIPS URI taken apart (RFC 3261 section 19.1).
 *
 * aor, contact and the configuration read URIs with it. It is lenient where phones are (quoted
 * parameter values) and keeps what it read as received; it refuses what could be read in two ways.
 */
#include "proto/uri.h"

#include "base/error.h"

#include <arpa/inet.h>
#include <string.h>

#define MAX_HOST 255

static void
param_free (gpointer data)
{
  UriParam *param = data;

  g_free (param->name);
  g_free (param->value);
  g_free (param);
}

/**
 * uri_free:
 * @uri: (transfer full) (nullable): a URI
 */
void
uri_free (Uri *uri)
{
  if (!uri)
    return;
  g_free (uri->scheme);
  g_free (uri->user);
  g_free (uri->password);
  g_free (uri->host);
  g_free (uri->headers);
  g_clear_pointer (&uri->params, g_ptr_array_unref);
  g_free (uri);
}

/* Where the first @stop stands in @text outside quotes; its end where there is none; NULL where a
 * quote stays open. */
static const gchar *
find_outside_quotes (const gchar *text, gchar stop)
{
  gboolean quoted = FALSE;

  for (; *text; text++) {
    if (quoted && *text == '\\' && text[1])
      text++;
    else if (*text == '"')
      quoted = !quoted;
    else if (!quoted && *text == stop)
      return text;
  }
  return quoted ? NULL : text;
}

static gboolean
is_param_name (const gchar *name)
{
  if (!*name)
    return FALSE;
  for (; *name; name++)
    if (!g_ascii_isalnum (*name) && !strchr ("-.!%*_+`'~[]/:&$()", *name))
      return FALSE;
  return TRUE;
}

static UriParam *
param_new (const gchar *start, const gchar *end)
{
  g_autofree gchar *text = g_strndup (start, end - start);
  gchar *equal = strchr (text, '=');
  UriParam *param = g_new0 (UriParam, 1);

  if (equal) {
    *equal = '\0';
    param->value = g_strdup (g_strstrip (equal + 1));
  }
  param->name = g_strdup (g_strstrip (text));
  return param;
}

/**
 * uri_params_parse:
 * @text: (nullable): parameters, separated by ";", with or without one in front
 * @error: where an error goes
 *
 * Of several parameters of one name, uri_params_find() sees the first.
 *
 * Returns: (transfer full) (element-type UriParam): the parameters in their order, or %NULL with
 *   %SIPWAKE_ERROR_INVALID for a name that is none or an open quote and %SIPWAKE_ERROR_LIMIT for
 *   more than %URI_MAX_PARAMS
 */
GPtrArray *
uri_params_parse (const gchar *text, GError **error)
{
  g_autoptr (GPtrArray) params = g_ptr_array_new_with_free_func (param_free);

  while (text && *text) {
    const gchar *end = find_outside_quotes (text, ';');
    UriParam *param;

    if (!end) {
      g_set_error_literal (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID,
                           "A quoted parameter does not end");
      return NULL;
    }
    if (params->len >= URI_MAX_PARAMS) {
      g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_LIMIT, "More than %d parameters",
                   URI_MAX_PARAMS);
      return NULL;
    }
    param = param_new (text, end);
    text = *end ? end + 1 : end;
    if (!*param->name && !param->value) {
      param_free (param);
      continue;
    }
    g_ptr_array_add (params, param);
    if (!is_param_name (param->name)) {
      g_set_error_literal (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID,
                           "A parameter's name holds a character that none may hold");
      return NULL;
    }
  }
  return g_steal_pointer (&params);
}

/**
 * uri_params_find:
 * @params: (element-type UriParam) (nullable): parameters
 * @name: in any case
 *
 * Returns: (transfer none) (nullable): the value as received, "" where the parameter has none, or
 *   %NULL where it is absent
 */
const gchar *
uri_params_find (GPtrArray *params, const gchar *name)
{
  for (guint i = 0; params && i < params->len; i++) {
    UriParam *param = g_ptr_array_index (params, i);

    if (!g_ascii_strcasecmp (param->name, name))
      return param->value ? param->value : "";
  }
  return NULL;
}

/**
 * uri_param_unquote:
 * @value: a value as received
 *
 * Returns: (transfer full): without one pair of quotes and the backslashes inside it; other values
 *   as they are
 */
gchar *
uri_param_unquote (const gchar *value)
{
  gsize length = strlen (value);
  GString *plain;

  if (length < 2 || value[0] != '"' || value[length - 1] != '"')
    return g_strdup (value);
  plain = g_string_sized_new (length);
  for (gsize i = 1; i < length - 1; i++) {
    if (value[i] == '\\' && i + 1 < length - 1)
      i++;
    g_string_append_c (plain, value[i]);
  }
  return g_string_free (plain, FALSE);
}

/**
 * uri_host_is_valid:
 * @host: a name, an IPv4 address, or an IPv6 address in brackets
 *
 * An underscore is let pass in names: phones and local networks use it.
 *
 * Returns: whether it can stand as a host in a URI
 */
gboolean
uri_host_is_valid (const gchar *host)
{
  gsize length = strlen (host);
  struct in6_addr address;
  gboolean after_dot = TRUE;

  if (length == 0 || length > MAX_HOST)
    return FALSE;
  if (host[0] == '[') {
    g_autofree gchar *inside = g_strndup (host + 1, length - 1);

    if (!g_str_has_suffix (inside, "]"))
      return FALSE;
    inside[strlen (inside) - 1] = '\0';
    return inet_pton (AF_INET6, inside, &address) == 1;
  }
  for (; *host; host++) {
    if (*host == '.' ? after_dot : !g_ascii_isalnum (*host) && *host != '-' && *host != '_')
      return FALSE;
    after_dot = *host == '.';
  }
  return TRUE;
}

static gboolean
parse_host (Uri *uri, const gchar *text, GError **error)
{
  const gchar *end = *text == '[' ? strchr (text, ']') : NULL;
  const gchar *colon = strchr (end ? end : text, ':');
  guint64 port;

  uri->host = colon ? g_strndup (text, colon - text) : g_strdup (text);
  if (!uri_host_is_valid (uri->host)) {
    g_set_error_literal (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID, "The URI's host is none");
    return FALSE;
  }
  if (!colon)
    return TRUE;
  if (!g_ascii_string_to_unsigned (colon + 1, 10, 1, G_MAXUINT16, &port, NULL)) {
    g_set_error_literal (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID,
                         "The URI's port is not a number from 1 to 65535");
    return FALSE;
  }
  uri->port = (guint) port;
  return TRUE;
}

/* The user part may hold ";" and "?", so the "@" is looked for first. A host without user has
 * an "@" behind it only inside quotes. */
static gboolean
parse_authority (Uri *uri, const gchar *text, const gchar **rest, GError **error)
{
  const gchar *at = find_outside_quotes (text, '@');
  const gchar *host, *end;
  g_autofree gchar *authority = NULL;

  if (!at) {
    g_set_error_literal (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID,
                         "A quoted part of the URI does not end");
    return FALSE;
  }
  if (*at) {
    const gchar *colon = memchr (text, ':', at - text);

    uri->user = g_strndup (text, (colon ? colon : at) - text);
    if (colon)
      uri->password = g_strndup (colon + 1, at - colon - 1);
    if (!*uri->user) {
      g_set_error_literal (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID, "The URI's user is empty");
      return FALSE;
    }
  }
  host = *at ? at + 1 : text;
  end = host + strcspn (host, ";?");
  authority = g_strndup (host, end - host);
  *rest = end;
  return parse_host (uri, authority, error);
}

static gboolean
check_text (const gchar *text, GError **error)
{
  if (strnlen (text, URI_MAX_SIZE + 1) > URI_MAX_SIZE) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_LIMIT, "The URI is longer than %d bytes",
                 URI_MAX_SIZE);
    return FALSE;
  }
  if (!g_utf8_validate (text, -1, NULL)) {
    g_set_error_literal (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID, "The URI is not UTF-8");
    return FALSE;
  }
  for (; *text; text++) {
    if ((guchar) *text <= ' ' || *text == 0x7f || *text == '<' || *text == '>') {
      g_set_error_literal (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID,
                           "The URI holds a space, a control character or an angle bracket");
      return FALSE;
    }
  }
  return TRUE;
}

/**
 * uri_parse:
 * @text: a "sip:" or "sips:" URI without angle brackets
 * @error: where an error goes
 *
 * The scheme comes in lower case, everything else as received; the host of an IPv6 address in its
 * brackets. A "?" inside a quoted parameter belongs to the parameter.
 *
 * Returns: (transfer full): the URI, or %NULL with %SIPWAKE_ERROR_INVALID or %SIPWAKE_ERROR_LIMIT
 */
Uri *
uri_parse (const gchar *text, GError **error)
{
  g_autoptr (Uri) uri = g_new0 (Uri, 1);
  g_autofree gchar *params = NULL;
  const gchar *colon, *rest, *headers;

  if (!check_text (text, error))
    return NULL;
  colon = strchr (text, ':');
  uri->scheme = g_ascii_strdown (text, colon ? colon - text : 0);
  if (!g_str_equal (uri->scheme, "sip") && !g_str_equal (uri->scheme, "sips")) {
    g_set_error_literal (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID,
                         "The URI is neither sip: nor sips:");
    return NULL;
  }
  if (!parse_authority (uri, colon + 1, &rest, error))
    return NULL;
  headers = find_outside_quotes (rest, '?');
  if (!headers) {
    g_set_error_literal (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID,
                         "A quoted parameter does not end");
    return NULL;
  }
  params = g_strndup (rest, headers - rest);
  uri->params = uri_params_parse (params, error);
  if (!uri->params)
    return NULL;
  if (*headers)
    uri->headers = g_strdup (headers + 1);
  return g_steal_pointer (&uri);
}

/**
 * uri_param:
 * @uri: a URI
 * @name: in any case
 *
 * Returns: (transfer none) (nullable): as for uri_params_find()
 */
const gchar *
uri_param (Uri *uri, const gchar *name)
{
  return uri_params_find (uri->params, name);
}
