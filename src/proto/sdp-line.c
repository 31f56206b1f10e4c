/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sdp-line: a session description as lines, each where it stands in the body (RFC 4566 section 5).
 *
 * Nothing is normalised: lines end with CRLF or with a bare LF, the last one perhaps not at all.
 * sdp-edit, sdp-restore and sdp-traits read with it.
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

/* Takes the first word off a text. */
static gboolean
take_word (const gchar **text, const gchar *end, SdpWord *word)
{
  while (*text < end && **text == ' ')
    (*text)++;
  word->text = *text;
  while (*text < end && **text != ' ')
    (*text)++;
  word->size = (gsize) (*text - word->text);
  return word->size > 0;
}

/**
 * sdp_line_is_media:
 * @line: a line
 * @media: (out caller-allocates): its first words (RFC 4566 section 5.14)
 *
 * Returns: whether the line is "m=" with kind, port and profile
 */
gboolean
sdp_line_is_media (const SdpLine *line, SdpMedia *media)
{
  const gchar *text = line->text, *end = line->text + line->size;

  return line->type == 'm' && take_word (&text, end, &media->kind) &&
         take_word (&text, end, &media->port) && take_word (&text, end, &media->profile);
}

/**
 * sdp_line_is_connection:
 * @line: a line
 * @connection: (out caller-allocates): its words (RFC 4566 section 5.7)
 *
 * Returns: whether the line is "c=" with network type, address type and address
 */
gboolean
sdp_line_is_connection (const SdpLine *line, SdpConnection *connection)
{
  const gchar *text = line->text, *end = line->text + line->size;

  return line->type == 'c' && take_word (&text, end, &connection->network) &&
         take_word (&text, end, &connection->type) && take_word (&text, end, &connection->address);
}

/**
 * sdp_word_is:
 * @word: a word
 * @text: a text
 *
 * Returns: whether they are the same, in whatever case
 */
gboolean
sdp_word_is (const SdpWord *word, const gchar *text)
{
  return word->size == strlen (text) && sdp_word_ends_with (word, text);
}

/**
 * sdp_word_ends_with:
 * @word: a word
 * @suffix: a text
 *
 * Returns: whether the word ends with it, in whatever case
 */
gboolean
sdp_word_ends_with (const SdpWord *word, const gchar *suffix)
{
  gsize length = strlen (suffix);

  return word->size >= length &&
         g_ascii_strncasecmp (word->text + word->size - length, suffix, length) == 0;
}
