/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sdp-line: a session description as lines, each where it stands in the body (RFC 4566 section 5).
 *
 * Nothing is normalised: lines end with CRLF or with a bare LF, the last one perhaps not at all.
 * sdp-edit and sdp-traits read with it.
 */
#include "proto/sdp-line.h"

#include <string.h>

/**
 * sdp_reader_init:
 * @reader: (out caller-allocates): a reader
 * @sdp: a body, which outlives the reader; it need not be terminated
 * @size: bytes in it
 */
void
sdp_reader_init (SdpReader *reader, const gchar *sdp, gsize size)
{
  reader->next = sdp;
  reader->end = sdp + size;
}

/**
 * sdp_reader_next:
 * @reader: a reader
 * @line: (out caller-allocates): the next line
 *
 * Returns: whether there was one
 */
gboolean
sdp_reader_next (SdpReader *reader, SdpLine *line)
{
  const gchar *start = reader->next, *stop;

  if (start == reader->end)
    return FALSE;
  stop = memchr (start, '\n', (gsize) (reader->end - start));
  line->end = reader->next = stop ? stop + 1 : reader->end;
  if (!stop)
    stop = reader->end;
  if (stop > start && stop[-1] == '\r')
    stop--;
  line->type = stop - start >= 2 && start[1] == '=' ? start[0] : 0;
  line->text = line->type ? start + 2 : start;
  line->size = (gsize) (stop - line->text);
  return TRUE;
}

/**
 * sdp_line_is_attribute:
 * @line: a line
 * @name: the name of an attribute
 *
 * Returns: whether the line is "a=" with that name, with a value or without
 */
gboolean
sdp_line_is_attribute (const SdpLine *line, const gchar *name)
{
  gsize length = strlen (name);

  return line->type == 'a' && line->size >= length && memcmp (line->text, name, length) == 0 &&
         (line->size == length || line->text[length] == ':');
}
