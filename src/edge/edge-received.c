/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * edge-received: where an answer says that its request came from (RFC 3261 18.2.1, RFC 3581).
 *
 * The stack sees our loopback address as the source of each request and writes that into the Via of
 * its answers; phones take it for their public address. All answers pass here, those that the stack
 * gives by itself too, so edge-relay has the truth put in. Pure.
 */
#include "edge/edge-received.h"

#include <string.h>

typedef struct {
  const gchar *at;
  const gchar *end;
} Span;

static gboolean
has_name (Span line, const gchar *name)
{
  gsize size = strlen (name);
  const gchar *after = line.at + size;

  if ((gsize) (line.end - line.at) <= size || g_ascii_strncasecmp (line.at, name, size))
    return FALSE;
  while (after < line.end && (*after == ' ' || *after == '\t'))
    after++;
  return after < line.end && *after == ':';
}

/* The value of the topmost Via: of its line, up to a comma. The stack folds no lines. */
static gboolean
find_via (Span message, Span *via)
{
  const gchar *line = memchr (message.at, '\n', (gsize) (message.end - message.at));

  while (line && ++line < message.end) {
    const gchar *end = memchr (line, '\n', (gsize) (message.end - line));
    Span header = { line, end ? end : message.end };
    const gchar *comma;

    if (header.at[0] == '\r' || header.at[0] == '\n')
      return FALSE;
    if (has_name (header, "Via") || has_name (header, "v")) {
      comma = memchr (header.at, ',', (gsize) (header.end - header.at));
      *via = (Span){ header.at, comma ? comma : header.end };
      while (via->end > via->at && (via->end[-1] == '\r' || via->end[-1] == '\n'))
        via->end--;
      return TRUE;
    }
    line = end;
  }
  return FALSE;
}

static void
append (GByteArray *out, const gchar *from, const gchar *to)
{
  g_byte_array_append (out, (const guint8 *) from, (guint) (to - from));
}

static void
append_param (GByteArray *out, Span param, const gchar *address, const gchar *port)
{
  const gchar *value = NULL;
  gsize name = 0;

  while (param.at + name < param.end && (g_ascii_isalnum (param.at[name]) || param.at[name] == '-'))
    name++;
  if (name == strlen ("received") && !g_ascii_strncasecmp (param.at, "received", name))
    value = address;
  else if (name == strlen ("rport") && !g_ascii_strncasecmp (param.at, "rport", name))
    value = port;
  append (out, param.at, value ? param.at + name : param.end);
  if (value) {
    g_byte_array_append (out, (const guint8 *) "=", 1);
    append (out, value, value + strlen (value));
  }
}

/**
 * edge_received_fix:
 * @message: (array length=size): a whole SIP message from the stack
 * @size: its size
 * @address: the real peer
 * @port: its port
 *
 * Returns: (transfer full) (nullable): the answer with the real address in received and rport of its
 *   topmost Via, where these stand; %NULL for a message that can go as it is
 */
GByteArray *
edge_received_fix (const guint8 *message, gsize size, const gchar *address, guint16 port)
{
  Span whole = { (const gchar *) message, (const gchar *) message + size }, via;
  g_autofree gchar *number = NULL;
  const gchar *at;
  GByteArray *out;

  if (size < strlen ("SIP/2.0 ") || memcmp (message, "SIP/2.0 ", strlen ("SIP/2.0 ")) ||
      !find_via (whole, &via))
    return NULL;
  number = g_strdup_printf ("%u", port);
  out = g_byte_array_sized_new ((guint) size + 64);
  at = memchr (via.at, ';', (gsize) (via.end - via.at));
  append (out, whole.at, at ? at : via.end);
  while (at) {
    const gchar *next = memchr (at + 1, ';', (gsize) (via.end - at - 1));

    append (out, at, at + 1);
    append_param (out, (Span){ at + 1, next ? next : via.end }, address, number);
    at = next;
  }
  append (out, via.end, whole.end);
  return out;
}
