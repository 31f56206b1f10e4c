/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * feature-caps: what the Feature-Caps header says of push (RFC 6809; RFC 8599 sections 5.4, 8).
 *
 * The registrar writes it into the phone's 200 and looks for it in a REGISTER, where it means that
 * somebody nearer to the phone does the pushing.
 */
#include "proto/feature-caps.h"

#include <string.h>

/* What may stand inside a quoted tag-value without changing where it ends. */
static gboolean
is_tag_value (const gchar *text)
{
  if (!*text)
    return FALSE;
  for (; *text; text++)
    if (!g_ascii_isalnum (*text) && !strchr ("-._~!%*+/:=", *text))
      return FALSE;
  return TRUE;
}

static void
append_tag (GString *value, const gchar *tag, const gchar *text)
{
  g_string_append (value, tag);
  g_string_append (value, "=\"");
  g_string_append (value, text);
  g_string_append_c (value, '"');
}

/**
 * feature_caps_push:
 * @provider: a push service, such as "apns"
 * @vapid: (nullable): our VAPID public key, base64url
 * @pnsreg: how many seconds before the expiry the phone is to refresh, or 0
 * @purr: (nullable): the binding's PURR
 *
 * One header field speaks of one push service (RFC 8599 section 5.4).
 *
 * Returns: (transfer full) (nullable): the value, or %NULL where a part holds a character that may
 *   not stand in it
 */
gchar *
feature_caps_push (const gchar *provider, const gchar *vapid, guint pnsreg, const gchar *purr)
{
  GString *value;

  if (!is_tag_value (provider) || (vapid && !is_tag_value (vapid)) ||
      (purr && !is_tag_value (purr)))
    return NULL;
  value = g_string_new ("*");
  append_tag (value, ";+sip.pns", provider);
  if (vapid)
    append_tag (value, ";+sip.vapid", vapid);
  if (pnsreg)
    g_string_append_printf (value, ";+sip.pnsreg=\"%u\"", pnsreg);
  if (purr)
    append_tag (value, ";+sip.pnspurr", purr);
  return g_string_free (value, FALSE);
}

/* Where the piece of @text up to the next ";" or "," outside quotes ends. */
static const gchar *
piece_end (const gchar *text)
{
  gboolean quoted = FALSE;

  for (; *text; text++) {
    if (quoted && *text == '\\' && text[1])
      text++;
    else if (*text == '"')
      quoted = !quoted;
    else if (!quoted && (*text == ';' || *text == ','))
      break;
  }
  return text;
}

/**
 * feature_caps_has_pns:
 * @value: a Feature-Caps header, of one value or several
 *
 * Reads tolerantly: the "*" that RFC 6809 asks for is missing in some implementations.
 *
 * Returns: whether somebody announces a push service in it
 */
gboolean
feature_caps_has_pns (const gchar *value)
{
  static const gchar name[] = "+sip.pns";

  while (*value) {
    const gchar *end = piece_end (value);
    gsize length;

    value += strspn (value, " \t\r\n");
    length = strcspn (value, "=;, \t\r\n");
    if (value < end && length == strlen (name) && !g_ascii_strncasecmp (value, name, length))
      return TRUE;
    value = *end ? end + 1 : end;
  }
  return FALSE;
}
