/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * aor: an address of record in one spelling, so that equal ones are equal strings.
 *
 * Registrar, calls and management key by it. RFC 3261 section 10.3 step 5 asks for the form:
 * no parameters, escapes resolved; section 19.1.4 says what is equal.
 */
#include "proto/aor.h"

#include "base/error.h"
#include "proto/uri.h"

#include <string.h>

#define PREFIX "sip:"

static gint
escaped_byte (const gchar *text)
{
  if (text[0] != '%' || !g_ascii_isxdigit (text[1]) || !g_ascii_isxdigit (text[2]))
    return -1;
  return g_ascii_xdigit_value (text[1]) << 4 | g_ascii_xdigit_value (text[2]);
}

static gboolean
is_unreserved (gint byte)
{
  return byte < 0x80 && byte > 0 && (g_ascii_isalnum (byte) || strchr ("-_.!~*'()", byte));
}

/* A reserved character is not its escape (RFC 3261 section 19.1.4), so each stays as it came. */
static gboolean
may_stand_raw (gint byte)
{
  return is_unreserved (byte) || (byte > 0 && byte < 0x80 && strchr ("&=+$,;?/", byte));
}

static void
append_user (GString *aor, const gchar *user)
{
  while (*user) {
    gint escaped = escaped_byte (user);
    gint byte = escaped >= 0 ? escaped : (guchar) *user;

    if (escaped >= 0 ? is_unreserved (byte) : may_stand_raw (byte))
      g_string_append_c (aor, (gchar) byte);
    else
      g_string_append_printf (aor, "%%%02X", byte);
    user += escaped >= 0 ? 3 : 1;
  }
}

/**
 * aor_new:
 * @user: (nullable): the user part, escaped or not
 * @host: a name or an address; an IPv6 address with or without brackets
 *
 * Returns: (transfer full): "sip:user@host", or "sip:host" where there is no user
 */
gchar *
aor_new (const gchar *user, const gchar *host)
{
  g_autofree gchar *lower = g_ascii_strdown (host, -1);
  gboolean bare = *lower != '[' && strchr (lower, ':');
  GString *aor = g_string_new (PREFIX);

  if (user && *user) {
    append_user (aor, user);
    g_string_append_c (aor, '@');
  }
  g_string_append (aor, bare ? "[" : "");
  g_string_append (aor, lower);
  g_string_append (aor, bare ? "]" : "");
  return g_string_free (aor, FALSE);
}

/**
 * aor_from_uri:
 * @uri: a "sip:" or "sips:" URI
 * @error: where an error goes
 *
 * Password, port, parameters and headers are dropped, and sips becomes sip: a phone that moves to
 * TLS is the same phone.
 *
 * Returns: (transfer full): the address of record, or %NULL with an error of uri_parse()
 */
gchar *
aor_from_uri (const gchar *uri, GError **error)
{
  g_autoptr (Uri) parts = uri_parse (uri, error);

  return parts ? aor_new (parts->user, parts->host) : NULL;
}

/**
 * aor_user:
 * @aor: an address of record, as aor_new() gives it
 *
 * Returns: (transfer full) (nullable): its user part, escaped as it stands there
 */
gchar *
aor_user (const gchar *aor)
{
  const gchar *at = strchr (aor, '@');

  if (!at || !g_str_has_prefix (aor, PREFIX))
    return NULL;
  return g_strndup (aor + strlen (PREFIX), at - aor - strlen (PREFIX));
}

/**
 * aor_host:
 * @aor: an address of record, as aor_new() gives it
 *
 * Returns: (transfer full): its host, an IPv6 address in brackets
 */
gchar *
aor_host (const gchar *aor)
{
  const gchar *at = strchr (aor, '@');

  if (at)
    return g_strdup (at + 1);
  return g_strdup (g_str_has_prefix (aor, PREFIX) ? aor + strlen (PREFIX) : aor);
}
