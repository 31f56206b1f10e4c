/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bencode: the encoding of rtpengine's control protocol, by rtpengine's own rules: the keys of a
 * dictionary come in any order, and there is one value, with nothing behind it.
 *
 * A text is read once, from its beginning to its end, where it stands; nothing is built of it, since
 * little of a reply is of use. ng-message reads and writes with it.
 */
#include "media/bencode.h"

#include "base/error.h"

#include <string.h>

static gboolean
fail (BencodeReader *reader)
{
  reader->failed = TRUE;
  return FALSE;
}

static gchar
peek (const BencodeReader *reader)
{
  return reader->at < reader->size ? reader->data[reader->at] : '\0';
}

static gboolean
take (BencodeReader *reader, gchar expected)
{
  if (reader->failed || reader->at >= reader->size || reader->data[reader->at] != expected)
    return FALSE;
  reader->at++;
  return TRUE;
}

/* Decimal digits without leading zeros. */
static gboolean
take_number (BencodeReader *reader, guint64 max, guint64 *number)
{
  gsize start = reader->at;

  *number = 0;
  while (reader->at < reader->size && g_ascii_isdigit (reader->data[reader->at])) {
    guint digit = (guint) (reader->data[reader->at] - '0');

    if (*number > (max - digit) / 10)
      return FALSE;
    *number = *number * 10 + digit;
    reader->at++;
  }
  return reader->at > start && (reader->data[start] != '0' || reader->at == start + 1);
}

static const gchar *
take_string (BencodeReader *reader, gsize *size)
{
  const gchar *bytes;
  guint64 number;

  if (reader->failed || !take_number (reader, BENCODE_MAX_SIZE, &number) || !take (reader, ':') ||
      number > reader->size - reader->at) {
    fail (reader);
    return NULL;
  }
  bytes = reader->data + reader->at;
  reader->at += number;
  *size = number;
  return bytes;
}

static gboolean
enter (BencodeReader *reader, gchar begin)
{
  if (!take (reader, begin))
    return FALSE;
  return ++reader->depth <= BENCODE_MAX_DEPTH || fail (reader);
}

/**
 * bencode_reader_init:
 * @reader: (out caller-allocates): a reader
 * @data: a text, which outlives the reader; not necessarily terminated
 * @size: bytes in it; more than %BENCODE_MAX_SIZE are malformed
 */
void
bencode_reader_init (BencodeReader *reader, const gchar *data, gsize size)
{
  *reader = (BencodeReader){ .data = data, .size = size, .failed = size > BENCODE_MAX_SIZE };
}

/**
 * bencode_read_end:
 * @reader: a reader
 * @error: set where the text was malformed up to here, or goes on
 *
 * What was read before counts only if this is so.
 *
 * Returns: whether the text was one value and all of it was read
 */
gboolean
bencode_read_end (BencodeReader *reader, GError **error)
{
  if (!reader->failed && reader->depth == 0 && reader->at == reader->size)
    return TRUE;
  g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_PROTOCOL,
               "malformed bencode at byte %" G_GSIZE_FORMAT, reader->at);
  return FALSE;
}

/**
 * bencode_type:
 * @reader: a reader
 *
 * Returns: the type of the value that comes next, as far as its first byte tells
 */
BencodeType
bencode_type (const BencodeReader *reader)
{
  switch (peek (reader)) {
  case 'i':
    return BENCODE_INTEGER;
  case 'l':
    return BENCODE_LIST;
  case 'd':
    return BENCODE_DICT;
  default:
    return BENCODE_STRING;
  }
}

/**
 * bencode_enter:
 * @reader: a reader
 * @type: %BENCODE_LIST or %BENCODE_DICT
 *
 * Returns: whether the value that came next is one and its first member is now the next; else it
 *   is as it was
 */
gboolean
bencode_enter (BencodeReader *reader, BencodeType type)
{
  return enter (reader, type == BENCODE_LIST ? 'l' : 'd');
}

/**
 * bencode_leave:
 * @reader: a reader inside of a list or dictionary
 *
 * Returns: whether no further member comes, and what is behind the container is now the next value;
 *   so also where the text is malformed
 */
gboolean
bencode_leave (BencodeReader *reader)
{
  if (reader->failed)
    return TRUE;
  if (!take (reader, 'e'))
    return FALSE;
  reader->depth--;
  return TRUE;
}

/**
 * bencode_read_key:
 * @reader: a reader inside of a dictionary, which must be read in turns, keys and values
 * @size: (out): how many bytes
 *
 * Returns: (transfer none) (nullable): the bytes of the key, not terminated; %NULL where the text is
 *   malformed
 */
const gchar *
bencode_read_key (BencodeReader *reader, gsize *size)
{
  return take_string (reader, size);
}

/**
 * bencode_read_string:
 * @reader: a reader
 * @size: (out): how many bytes
 *
 * Returns: (transfer none) (nullable): the bytes of the string that came next, not terminated; %NULL
 *   where it was something else, which was skipped
 */
const gchar *
bencode_read_string (BencodeReader *reader, gsize *size)
{
  if (bencode_type (reader) == BENCODE_STRING)
    return take_string (reader, size);
  bencode_skip (reader);
  return NULL;
}

/**
 * bencode_read_integer:
 * @reader: a reader
 * @integer: (out): the number
 *
 * Returns: whether the value that came next was an integer; anything else was skipped
 */
gboolean
bencode_read_integer (BencodeReader *reader, gint64 *integer)
{
  gboolean negative;
  guint64 number;

  if (bencode_type (reader) != BENCODE_INTEGER) {
    bencode_skip (reader);
    return FALSE;
  }
  take (reader, 'i');
  negative = take (reader, '-');
  if (reader->failed || !take_number (reader, G_MAXINT64, &number) || (negative && number == 0) ||
      !take (reader, 'e'))
    return fail (reader);
  *integer = negative ? -(gint64) number : (gint64) number;
  return TRUE;
}

/**
 * bencode_skip:
 * @reader: a reader
 *
 * Goes on behind the value that comes next, of whatever type.
 */
void
bencode_skip (BencodeReader *reader)
{
  gint64 integer;
  gsize size;

  switch (bencode_type (reader)) {
  case BENCODE_INTEGER:
    bencode_read_integer (reader, &integer);
    break;
  case BENCODE_STRING:
    take_string (reader, &size);
    break;
  case BENCODE_LIST:
    enter (reader, 'l');
    while (!bencode_leave (reader))
      bencode_skip (reader);
    break;
  case BENCODE_DICT:
    enter (reader, 'd');
    while (!bencode_leave (reader) && bencode_read_key (reader, &size))
      bencode_skip (reader);
    break;
  }
}

/**
 * bencode_is:
 * @bytes: (nullable): the bytes of a string
 * @size: how many
 * @text: a text
 *
 * Returns: whether they are the same
 */
gboolean
bencode_is (const gchar *bytes, gsize size, const gchar *text)
{
  return bytes && size == strlen (text) && memcmp (bytes, text, size) == 0;
}

/**
 * bencode_put_string:
 * @out: where it is appended
 * @text: a text
 */
void
bencode_put_string (GString *out, const gchar *text)
{
  bencode_put_bytes (out, text, strlen (text));
}

/**
 * bencode_put_bytes:
 * @out: where they are appended
 * @bytes: the bytes of a string
 * @size: how many
 */
void
bencode_put_bytes (GString *out, const gchar *bytes, gsize size)
{
  gchar digits[24], *first = digits + sizeof digits - 1;
  gsize rest = size, length, old = out->len;

  /* By hand and in one go, since a request has some dozens of them, and printf and appending take
   * longer than all the rest. */
  *first = ':';
  do
    *--first = (gchar) ('0' + rest % 10);
  while ((rest /= 10) > 0);
  length = (gsize) (digits + sizeof digits - first);
  g_string_set_size (out, old + length + size);
  memcpy (out->str + old, first, length);
  memcpy (out->str + old + length, bytes, size);
}

/**
 * bencode_put_strings:
 * @out: where they are appended
 * @texts: the members of a list
 */
void
bencode_put_strings (GString *out, const gchar *const *texts)
{
  g_string_append_c (out, 'l');
  for (; *texts; texts++)
    bencode_put_string (out, *texts);
  g_string_append_c (out, 'e');
}
