/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bencode: the encoding of rtpengine's control protocol, by rtpengine's own rules: the keys of a
 * dictionary come in any order, and there is one value, with nothing behind it.
 *
 * What was parsed is one array of values in the order of the text, since a reply is read once and
 * dropped. A value is named by its place in it. ng-message reads and writes with it.
 */
#include "media/bencode.h"

#include "base/error.h"

#include <string.h>

#define USUAL_VALUES 16

typedef struct {
  guint8 type;
  gboolean last;  /* in its container */
  guint32 start;  /* of the bytes of a string */
  guint32 size;   /* of a string */
  gint32 after;   /* the place behind this value and all that it holds */
  gint64 integer;
} Value;

struct _Bencode {
  gchar *data;
  GArray *values;
};

typedef struct {
  const gchar *data;
  gsize size;
  gsize at;
  GArray *values;
  guint depth;
} Parser;

static gboolean parse_value (Parser *parser);

static gboolean
take (Parser *parser, gchar expected)
{
  if (parser->at >= parser->size || parser->data[parser->at] != expected)
    return FALSE;
  parser->at++;
  return TRUE;
}

/* Decimal digits without leading zeros. */
static gboolean
take_number (Parser *parser, guint64 max, guint64 *number)
{
  gsize start = parser->at;

  *number = 0;
  while (parser->at < parser->size && g_ascii_isdigit (parser->data[parser->at])) {
    guint digit = (guint) (parser->data[parser->at] - '0');

    if (*number > (max - digit) / 10)
      return FALSE;
    *number = *number * 10 + digit;
    parser->at++;
  }
  return parser->at > start && (parser->data[start] != '0' || parser->at == start + 1);
}

static Value *
value_at (Parser *parser, guint place)
{
  return &g_array_index (parser->values, Value, place);
}

static gboolean
parse_integer (Parser *parser, guint place)
{
  gboolean negative = take (parser, '-');
  guint64 number;

  if (!take_number (parser, G_MAXINT64, &number) || (negative && number == 0) ||
      !take (parser, 'e'))
    return FALSE;
  value_at (parser, place)->type = BENCODE_INTEGER;
  value_at (parser, place)->integer = negative ? -(gint64) number : (gint64) number;
  return TRUE;
}

static gboolean
parse_string (Parser *parser, guint place)
{
  guint64 size;

  if (!take_number (parser, BENCODE_MAX_SIZE, &size) || !take (parser, ':') ||
      size > parser->size - parser->at)
    return FALSE;
  value_at (parser, place)->type = BENCODE_STRING;
  value_at (parser, place)->start = (guint32) parser->at;
  value_at (parser, place)->size = (guint32) size;
  parser->at += size;
  return TRUE;
}

static gboolean
parse_container (Parser *parser, guint place, BencodeType type)
{
  guint last = 0;

  value_at (parser, place)->type = type;
  if (parser->depth == BENCODE_MAX_DEPTH)
    return FALSE;
  parser->depth++;
  while (!take (parser, 'e')) {
    last = parser->values->len;
    if (!parse_value (parser))
      return FALSE;
    if (type == BENCODE_LIST)
      continue;
    if (value_at (parser, last)->type != BENCODE_STRING)
      return FALSE;
    last = parser->values->len;
    if (!parse_value (parser))
      return FALSE;
  }
  if (last)
    value_at (parser, last)->last = TRUE;
  parser->depth--;
  return TRUE;
}

static gboolean
parse_value (Parser *parser)
{
  guint place = parser->values->len;
  gboolean parsed;

  if (place == BENCODE_MAX_VALUES)
    return FALSE;
  g_array_set_size (parser->values, place + 1);
  if (take (parser, 'i'))
    parsed = parse_integer (parser, place);
  else if (take (parser, 'l'))
    parsed = parse_container (parser, place, BENCODE_LIST);
  else if (take (parser, 'd'))
    parsed = parse_container (parser, place, BENCODE_DICT);
  else
    parsed = parse_string (parser, place);
  value_at (parser, place)->after = (gint32) parser->values->len;
  return parsed;
}

/**
 * bencode_parse:
 * @data: bytes, which are copied; not necessarily terminated
 * @size: how many
 * @error: set where they are no value, or one too deep, too long or of too many parts
 *
 * Returns: (transfer full) (nullable): what they say; the value as a whole is %BENCODE_ROOT
 */
Bencode *
bencode_parse (const gchar *data, gsize size, GError **error)
{
  Parser parser = { data, size, 0, NULL, 0 };
  Bencode *bencode;

  if (size > BENCODE_MAX_SIZE) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_LIMIT,
                 "bencode of %" G_GSIZE_FORMAT " bytes, more than %d", size, BENCODE_MAX_SIZE);
    return NULL;
  }
  parser.values = g_array_sized_new (FALSE, TRUE, sizeof (Value), USUAL_VALUES);
  if (!parse_value (&parser) || parser.at != size) {
    g_array_unref (parser.values);
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_PROTOCOL,
                 "malformed bencode at byte %" G_GSIZE_FORMAT, parser.at);
    return NULL;
  }
  value_at (&parser, BENCODE_ROOT)->last = TRUE;
  bencode = g_new0 (Bencode, 1);
  bencode->data = g_memdup2 (data, size);
  bencode->values = parser.values;
  return bencode;
}

/**
 * bencode_free:
 * @bencode: (transfer full): what was parsed
 */
void
bencode_free (Bencode *bencode)
{
  g_array_unref (bencode->values);
  g_free (bencode->data);
  g_free (bencode);
}

static const Value *
get (const Bencode *bencode, gint value)
{
  return &g_array_index (bencode->values, Value, value);
}

/**
 * bencode_type:
 * @bencode: what was parsed
 * @value: a value in it
 *
 * Returns: its type
 */
BencodeType
bencode_type (const Bencode *bencode, gint value)
{
  return get (bencode, value)->type;
}

/**
 * bencode_string:
 * @bencode: what was parsed
 * @value: a value in it, or %BENCODE_NONE
 * @size: (out): how many bytes
 *
 * Returns: (transfer none) (nullable): the bytes of a string, not terminated; %NULL for what is none
 */
const gchar *
bencode_string (const Bencode *bencode, gint value, gsize *size)
{
  if (value == BENCODE_NONE || get (bencode, value)->type != BENCODE_STRING)
    return NULL;
  *size = get (bencode, value)->size;
  return bencode->data + get (bencode, value)->start;
}

/**
 * bencode_is:
 * @bencode: what was parsed
 * @value: a value in it, or %BENCODE_NONE
 * @text: a text
 *
 * Returns: whether the value is this string
 */
gboolean
bencode_is (const Bencode *bencode, gint value, const gchar *text)
{
  gsize size;
  const gchar *bytes = bencode_string (bencode, value, &size);

  return bytes && size == strlen (text) && memcmp (bytes, text, size) == 0;
}

/**
 * bencode_integer:
 * @bencode: what was parsed
 * @value: a value in it, or %BENCODE_NONE
 * @integer: (out): the number
 *
 * Returns: whether the value is an integer
 */
gboolean
bencode_integer (const Bencode *bencode, gint value, gint64 *integer)
{
  if (value == BENCODE_NONE || get (bencode, value)->type != BENCODE_INTEGER)
    return FALSE;
  *integer = get (bencode, value)->integer;
  return TRUE;
}

/**
 * bencode_find:
 * @bencode: what was parsed
 * @dict: a value in it
 * @key: a key
 *
 * Returns: the first value under the key, or %BENCODE_NONE; so also where @dict is no dictionary
 */
gint
bencode_find (const Bencode *bencode, gint dict, const gchar *key)
{
  gint at;

  if (bencode_type (bencode, dict) != BENCODE_DICT)
    return BENCODE_NONE;
  for (at = bencode_first (bencode, dict); at != BENCODE_NONE;) {
    gint value = get (bencode, at)->after;

    if (bencode_is (bencode, at, key))
      return value;
    at = bencode_next (bencode, value);
  }
  return BENCODE_NONE;
}

/**
 * bencode_first:
 * @bencode: what was parsed
 * @container: a list or dictionary in it; keys and values of a dictionary take turns
 *
 * Returns: the first value inside, or %BENCODE_NONE
 */
gint
bencode_first (const Bencode *bencode, gint container)
{
  return get (bencode, container)->after > container + 1 ? container + 1 : BENCODE_NONE;
}

/**
 * bencode_next:
 * @bencode: what was parsed
 * @value: a value in it
 *
 * Returns: the value after it in the same container, or %BENCODE_NONE
 */
gint
bencode_next (const Bencode *bencode, gint value)
{
  return get (bencode, value)->last ? BENCODE_NONE : get (bencode, value)->after;
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
 * bencode_put_integer:
 * @out: where it is appended
 * @integer: a number
 */
void
bencode_put_integer (GString *out, gint64 integer)
{
  g_string_append_printf (out, "i%" G_GINT64_FORMAT "e", integer);
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
