/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-bencode: any bytes as bencode; what was read is written again to the byte, and skipping finds
 * the same texts well-formed as reading does.
 */
#include "fuzz/fuzz.h"
#include "media/bencode.h"

static void
copy_value (BencodeReader *reader, GString *out)
{
  BencodeType type = bencode_type (reader);
  const gchar *bytes;
  gint64 integer;
  gsize size;

  switch (type) {
  case BENCODE_INTEGER:
    if (bencode_read_integer (reader, &integer))
      g_string_append_printf (out, "i%" G_GINT64_FORMAT "e", integer);
    break;
  case BENCODE_STRING:
    bytes = bencode_read_string (reader, &size);
    if (bytes)
      bencode_put_bytes (out, bytes, size);
    break;
  case BENCODE_LIST:
  case BENCODE_DICT:
    g_string_append_c (out, type == BENCODE_LIST ? 'l' : 'd');
    bencode_enter (reader, type);
    while (!bencode_leave (reader)) {
      bytes = type == BENCODE_DICT ? bencode_read_key (reader, &size) : NULL;
      if (bytes)
        bencode_put_bytes (out, bytes, size);
      copy_value (reader, out);
    }
    g_string_append_c (out, 'e');
    break;
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GError) error = NULL;
  GString *again = g_string_new (NULL);
  BencodeReader reader, skipper;
  gboolean good;

  bencode_reader_init (&reader, (const gchar *) data, size);
  copy_value (&reader, again);
  good = bencode_read_end (&reader, &error);
  if (good)
    g_assert_cmpmem (again->str, again->len, data, size);
  g_string_free (again, TRUE);

  bencode_reader_init (&skipper, (const gchar *) data, size);
  bencode_skip (&skipper);
  g_assert_true (bencode_read_end (&skipper, NULL) == good);
  return 0;
}
