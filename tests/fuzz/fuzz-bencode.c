/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-bencode: any bytes as bencode; what was read is written again to the byte.
 */
#include "fuzz/fuzz.h"
#include "media/bencode.h"

static void
write_value (const Bencode *bencode, gint value, GString *out)
{
  const gchar *bytes;
  gint64 integer;
  gsize size;

  switch (bencode_type (bencode, value)) {
  case BENCODE_INTEGER:
    g_assert_true (bencode_integer (bencode, value, &integer));
    bencode_put_integer (out, integer);
    break;
  case BENCODE_STRING:
    bytes = bencode_string (bencode, value, &size);
    bencode_put_bytes (out, bytes, size);
    break;
  case BENCODE_LIST:
  case BENCODE_DICT:
    g_string_append_c (out, bencode_type (bencode, value) == BENCODE_LIST ? 'l' : 'd');
    for (gint i = bencode_first (bencode, value); i != BENCODE_NONE; i = bencode_next (bencode, i))
      write_value (bencode, i, out);
    g_string_append_c (out, 'e');
    break;
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (Bencode) bencode = bencode_parse ((const gchar *) data, size, NULL);
  GString *again;

  if (!bencode)
    return 0;
  again = g_string_new (NULL);
  write_value (bencode, BENCODE_ROOT, again);
  g_assert_cmpmem (again->str, again->len, data, size);
  g_string_free (again, TRUE);
  bencode_find (bencode, BENCODE_ROOT, "result");
  return 0;
}
