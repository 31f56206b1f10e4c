/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * auth-params: the comma-separated parameters of an authentication field, RFC 7235 §2.1.
 *
 * crypto/digest-header reads and writes its fields with it. Hostile input ends at a bound or an
 * error; a parameter given twice is one, since two readers would differ over it.
 */
#include "crypto/auth-params.h"

#include "base/error.h"

#include <string.h>

#define MAX_TEXT 8192
#define MAX_PARAMS 32

/**
 * auth_params_skip_space:
 * @at: somewhere in a header field
 *
 * Returns: the first character that is no white space
 */
const gchar *
auth_params_skip_space (const gchar *at)
{
  return at + strspn (at, " \t\r\n");
}

/**
 * auth_params_check_length:
 * @text: the value of a header field
 * @error: return location
 *
 * Returns: whether it is short enough to be read; else %SIPWAKE_ERROR_LIMIT
 */
gboolean
auth_params_check_length (const gchar *text, GError **error)
{
  if (strnlen (text, MAX_TEXT + 1) <= MAX_TEXT)
    return TRUE;
  g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_LIMIT,
               "an authentication header of more than %d bytes", MAX_TEXT);
  return FALSE;
}

static gsize
token_length (const gchar *at)
{
  gsize length = 0;

  while (g_ascii_isalnum (at[length]) || (at[length] && strchr ("-.!%*_+`'~", at[length])))
    length++;
  return length;
}

/* A quoted-string or anything up to a comma or space; @at moves behind it. */
static gchar *
read_value (const gchar **at, GError **error)
{
  g_autoptr (GString) value = g_string_new (NULL);
  const gchar *p = *at;
  gboolean quoted = *p == '"';

  for (p += quoted; *p && (quoted ? *p != '"' : !strchr (", \t\r\n\"", *p)); p++) {
    if (quoted && *p == '\\' && p[1])
      p++;
    if ((guchar) *p < ' ' || *p == 0x7f) {
      g_set_error_literal (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID,
                           "a digest parameter holds a control character");
      return NULL;
    }
    g_string_append_c (value, *p);
  }
  if (quoted && *p != '"') {
    g_set_error_literal (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID,
                         "a quoted digest parameter does not end");
    return NULL;
  }
  *at = p + quoted;
  return g_string_free (g_steal_pointer (&value), FALSE);
}

/* Where "Digest realm=…" stands, the word that opens a challenge has no '=' behind it. */
static gboolean
at_scheme (const gchar *at)
{
  gsize length = token_length (at);

  return length && (at[length] == ' ' || at[length] == '\t') &&
         *auth_params_skip_space (at + length) != '=';
}

/**
 * auth_params_read:
 * @at: (inout): where the first parameter stands; moves to the end or to the next scheme
 * @error: return location
 *
 * Returns: (transfer full) (nullable): unquoted values by lower-case names; %NULL with
 *   %SIPWAKE_ERROR_INVALID or %SIPWAKE_ERROR_LIMIT
 */
GHashTable *
auth_params_read (const gchar **at, GError **error)
{
  g_autoptr (GHashTable) params = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  const gchar *p = auth_params_skip_space (*at);

  while (*p && !at_scheme (p)) {
    gsize length = token_length (p);
    g_autofree gchar *name = g_ascii_strdown (p, length);
    g_autofree gchar *value = NULL;

    p = auth_params_skip_space (p + length);
    if (!length || *p != '=') {
      g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID,
                   "a digest parameter is not of the form name=value");
      return NULL;
    }
    p = auth_params_skip_space (p + 1);
    value = read_value (&p, error);
    if (!value)
      return NULL;
    if (g_hash_table_size (params) >= MAX_PARAMS) {
      g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_LIMIT, "more than %d digest parameters",
                   MAX_PARAMS);
      return NULL;
    }
    if (g_hash_table_contains (params, name)) {
      g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID,
                   "the digest parameter %s is given twice", name);
      return NULL;
    }
    g_hash_table_insert (params, g_steal_pointer (&name), g_steal_pointer (&value));

    p = auth_params_skip_space (p);
    if (*p && *p != ',') {
      g_set_error_literal (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID,
                           "digest parameters are not separated by commas");
      return NULL;
    }
    p += strspn (p, ", \t\r\n");
  }
  *at = p;
  return g_steal_pointer (&params);
}

/**
 * auth_params_read_scheme:
 * @at: (inout): where the scheme stands; moves behind it
 * @error: return location
 *
 * Returns: (transfer full) (nullable): the word that names the scheme; %NULL with
 *   %SIPWAKE_ERROR_INVALID
 */
gchar *
auth_params_read_scheme (const gchar **at, GError **error)
{
  gsize length = token_length (*at);
  gchar *scheme;

  if (!length || !strchr (" \t", (*at)[length])) {
    g_set_error_literal (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID,
                         "no authentication scheme where one should stand");
    return NULL;
  }
  scheme = g_strndup (*at, length);
  *at += length;
  return scheme;
}

/**
 * auth_params_append:
 * @text: a field that begins with "Digest "
 * @name: the parameter's name
 * @value: (nullable): its value; without one nothing is appended
 *
 * Appends a quoted parameter, with a comma before all but the first.
 */
void
auth_params_append (GString *text, const gchar *name, const gchar *value)
{
  if (!value)
    return;
  g_string_append_printf (text, "%s%s=\"", text->len > strlen ("Digest ") ? ", " : "", name);
  for (; *value; value++) {
    if (*value == '"' || *value == '\\')
      g_string_append_c (text, '\\');
    g_string_append_c (text, *value);
  }
  g_string_append_c (text, '"');
}
