/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-bencode: replies as rtpengine writes them, and what is refused.
 */
#include "base/error.h"
#include "media/bencode.h"

#include <string.h>

static BencodeReader
reader_of (const gchar *text)
{
  BencodeReader reader;

  bencode_reader_init (&reader, text, strlen (text));
  return reader;
}

static gboolean
next_key_is (BencodeReader *reader, const gchar *text)
{
  gsize size = 0;
  const gchar *key = bencode_read_key (reader, &size);

  return bencode_is (key, size, text);
}

static gboolean
next_string_is (BencodeReader *reader, const gchar *text)
{
  gsize size = 0;
  const gchar *bytes = bencode_read_string (reader, &size);

  return bencode_is (bytes, size, text);
}

static void
test_reply (void)
{
  BencodeReader reader =
    reader_of ("d5:statsd1:ali1ei-2eee3:sdp4:v=0\n6:result2:ok5:callsl3:one0:ee");
  g_autoptr (GError) error = NULL;
  gint64 integer;

  g_assert_cmpint (bencode_type (&reader), ==, BENCODE_DICT);
  g_assert_false (bencode_enter (&reader, BENCODE_LIST));
  g_assert_true (bencode_enter (&reader, BENCODE_DICT));
  g_assert_true (next_key_is (&reader, "stats"));
  g_assert_true (bencode_enter (&reader, BENCODE_DICT));
  g_assert_true (next_key_is (&reader, "a"));
  g_assert_true (bencode_enter (&reader, BENCODE_LIST));
  g_assert_false (next_string_is (&reader, "1")); /* skipped, since it is none */
  g_assert_true (bencode_read_integer (&reader, &integer));
  g_assert_cmpint (integer, ==, -2);
  g_assert_true (bencode_leave (&reader));
  g_assert_true (bencode_leave (&reader));

  g_assert_true (next_key_is (&reader, "sdp"));
  g_assert_false (bencode_read_integer (&reader, &integer));
  g_assert_true (next_key_is (&reader, "result"));
  g_assert_true (next_string_is (&reader, "ok"));
  g_assert_false (bencode_read_end (&reader, NULL));
  g_assert_true (next_key_is (&reader, "calls"));
  g_assert_true (bencode_enter (&reader, BENCODE_LIST));
  g_assert_true (next_string_is (&reader, "one"));
  g_assert_false (bencode_leave (&reader));
  g_assert_true (next_string_is (&reader, ""));
  g_assert_true (bencode_leave (&reader));
  g_assert_true (bencode_leave (&reader));
  g_assert_true (bencode_read_end (&reader, &error));
  g_assert_no_error (error);
}

static gboolean
is_well_formed (const gchar *text, gsize size, GError **error)
{
  g_autofree gchar *exact = g_memdup2 (text, size);
  BencodeReader reader;

  bencode_reader_init (&reader, exact, size);
  bencode_skip (&reader);
  return bencode_read_end (&reader, error);
}

static void
test_accepted (void)
{
  static const gchar *const accepted[] = {
    "de", "le", "l0:e", "0:", "i0e", "i-9e", "4:d1:a", "d1:ade0:lee", "i9223372036854775807e",
    "d5:statsd1:ali1ei-2eee3:sdp4:v=0\n6:result2:ok5:callsl3:one0:ee",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (accepted); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_true (is_well_formed (accepted[i], strlen (accepted[i]), &error));
    g_assert_no_error (error);
  }
}

/* Once malformed, a text stays so, whatever is read of it. */
static void
test_malformed (void)
{
  BencodeReader reader = reader_of ("l1:a3:bi1e");
  gint64 integer;

  g_assert_true (bencode_enter (&reader, BENCODE_LIST));
  g_assert_true (next_string_is (&reader, "a"));
  g_assert_true (next_string_is (&reader, "bi1"));
  g_assert_true (bencode_leave (&reader));
  g_assert_true (bencode_read_end (&reader, NULL));

  reader = reader_of ("l9:ai1ee");
  g_assert_true (bencode_enter (&reader, BENCODE_LIST));
  g_assert_false (next_string_is (&reader, "ai1e"));
  g_assert_true (bencode_leave (&reader));
  reader.at = 4; /* an integer stands there */
  g_assert_false (bencode_read_integer (&reader, &integer));
  g_assert_false (bencode_enter (&reader, BENCODE_LIST));
  g_assert_true (bencode_leave (&reader));
  bencode_skip (&reader);
  g_assert_false (bencode_read_end (&reader, NULL));
}

static void
test_refused (void)
{
  static const gchar *const refused[] = {
    "",     "d",      "l",     "e",      "x",      "i",     "ie",    "i-e",    "i-0e", "i00e",
    "i1",   "5:abc",  "05:ab", ":",      "1",      "-1:a",  "d1:ae", "di1e1:ae", "dee", "1:a1:b",
    "d1:a", "i9223372036854775808e",     "99999999999999999999:", "ld1:ale",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (refused); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_false (is_well_formed (refused[i], strlen (refused[i]), &error));
    g_assert_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_PROTOCOL);
  }
}

static void
test_bounds (void)
{
  g_autofree gchar *deep = g_strnfill (BENCODE_MAX_SIZE + 1, 'l');
  g_autofree gchar *wide = g_strnfill (BENCODE_MAX_SIZE + 2, '0');

  g_assert_false (is_well_formed (deep, BENCODE_MAX_SIZE, NULL));
  g_assert_false (is_well_formed (deep, BENCODE_MAX_SIZE + 1, NULL));
  memset (deep + BENCODE_MAX_DEPTH, 'e', BENCODE_MAX_DEPTH);
  g_assert_true (is_well_formed (deep, 2 * BENCODE_MAX_DEPTH, NULL));
  memset (deep + BENCODE_MAX_DEPTH + 1, 'e', BENCODE_MAX_DEPTH + 1);
  deep[BENCODE_MAX_DEPTH] = 'l';
  g_assert_false (is_well_formed (deep, 2 * BENCODE_MAX_DEPTH + 2, NULL));

  memcpy (wide, "65529:", 6);
  g_assert_true (is_well_formed (wide, BENCODE_MAX_SIZE, NULL));
  memcpy (wide, "65530:", 6);
  g_assert_false (is_well_formed (wide, BENCODE_MAX_SIZE, NULL));
  g_assert_false (is_well_formed (wide, BENCODE_MAX_SIZE + 1, NULL));
}

static void
test_write (void)
{
  static const gchar *const flags[] = { "origin", "", NULL };
  g_autoptr (GString) out = g_string_new (NULL);

  bencode_put_string (out, "sdp");
  bencode_put_bytes (out, "a\0b", 3);
  bencode_put_strings (out, flags);
  g_assert_cmpmem (out->str, out->len, "3:sdp3:a\0bl6:origin0:e", 22);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/bencode/reply", test_reply);
  g_test_add_func ("/bencode/accepted", test_accepted);
  g_test_add_func ("/bencode/malformed", test_malformed);
  g_test_add_func ("/bencode/refused", test_refused);
  g_test_add_func ("/bencode/bounds", test_bounds);
  g_test_add_func ("/bencode/write", test_write);
  return g_test_run ();
}
