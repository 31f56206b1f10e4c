/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * edge-frame: the one SIP message that a WebSocket message carries (RFC 7118 section 5).
 *
 * A WebSocket message has ends of its own, so a phone may leave Content-Length out; the stream to
 * the stack has none, so it is put in. What follows the body that Content-Length announces is cut
 * off, as in a datagram (RFC 3261 section 18.3): passed on it would be a second message that
 * nobody looked at.
 */
#include "edge/edge-frame.h"

#include "edge/edge-stream.h"

#include <string.h>

static void
append_with_length (
    GByteArray *out, const guint8 *header, gsize header_size, const guint8 *body, gsize body_size)
{
  g_autofree gchar *line = g_strdup_printf ("Content-Length: %" G_GSIZE_FORMAT "\r\n", body_size);
  /* The blank line may be a bare LF; the header line before it ends either way. */
  gsize blank = header_size >= 2 && header[header_size - 2] == '\r' ? 2 : 1;

  g_byte_array_append (out, header, (guint) (header_size - blank));
  g_byte_array_append (out, (const guint8 *) line, (guint) strlen (line));
  g_byte_array_append (out, header + header_size - blank, (guint) blank);
  g_byte_array_append (out, body, (guint) body_size);
}

/**
 * edge_frame_unpack:
 * @bytes: (array length=size): the payload of one WebSocket message
 * @size: its size
 * @limit: bytes that a SIP message may have
 * @out: where a message is appended, in the form that a stream needs
 *
 * Returns: EDGE_FRAME_MESSAGE when @out grew; EDGE_FRAME_PING for a double CRLF, which some clients
 *   send to keep the connection alive; EDGE_FRAME_BLANK for nothing but line ends; else what is
 *   wrong with the message
 */
EdgeFrame
edge_frame_unpack (const guint8 *bytes, gsize size, gsize limit, GByteArray *out)
{
  EdgeStream stream;
  gsize start = 0, eaten, rest;
  gboolean pinged = FALSE;

  edge_stream_init (&stream, limit);
  while (start < size) {
    switch (edge_stream_next (&stream, bytes + start, size - start, &eaten)) {
    case EDGE_STREAM_PING:
      pinged = TRUE;
      start += eaten;
      break;
    case EDGE_STREAM_BLANK:
      start += eaten;
      break;
    case EDGE_STREAM_MORE:
      return EDGE_FRAME_TRUNCATED;
    case EDGE_STREAM_TOO_LARGE:
      return EDGE_FRAME_TOO_LARGE;
    case EDGE_STREAM_MALFORMED:
      return EDGE_FRAME_MALFORMED;
    case EDGE_STREAM_MESSAGE:
      rest = size - start - eaten;
      if (stream.has_length || rest == 0) {
        g_byte_array_append (out, bytes + start, (guint) eaten);
        return EDGE_FRAME_MESSAGE;
      }
      if (eaten + rest > limit)
        return EDGE_FRAME_TOO_LARGE;
      append_with_length (out, bytes + start, eaten, bytes + start + eaten, rest);
      return EDGE_FRAME_MESSAGE;
    }
  }
  return pinged ? EDGE_FRAME_PING : EDGE_FRAME_BLANK;
}
