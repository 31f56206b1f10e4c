/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-bencode: replies as rtpengine writes them, and what is refused.
 */
#include "base/error.h"
#include "media/bencode.h"

#include <string.h>

static Bencode *
parse (const gchar *text)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *exact = g_memdup2 (text, strlen (text));
  Bencode *bencode = bencode_parse (exact, strlen (text), &error);

  g_assert_no_error (error);
  return bencode;
}

static void
test_reply (void)
{
  g_autoptr (Bencode) reply =
    parse ("d5:statsd1:ali1ei-2eee3:sdp4:v=0\n6:result2:ok5:callsl3:one0:ee");
  gsize size;
  gint64 integer;
  gint calls, stats;

  g_assert_cmpint (bencode_type (reply, BENCODE_ROOT), ==, BENCODE_DICT);
  g_assert_true (bencode_is (reply, bencode_find (reply, BENCODE_ROOT, "result"), "ok"));
  g_assert_false (bencode_is (reply, bencode_find (reply, BENCODE_ROOT, "result"), "o"));
  g_assert_cmpint (bencode_find (reply, BENCODE_ROOT, "a"), ==, BENCODE_NONE);
  g_assert_cmpint (bencode_find (reply, BENCODE_ROOT, "one"), ==, BENCODE_NONE);
  g_assert_null (bencode_string (reply, BENCODE_NONE, &size));
  g_assert_nonnull (bencode_string (reply, bencode_find (reply, BENCODE_ROOT, "sdp"), &size));
  g_assert_cmpuint (size, ==, 4);

  calls = bencode_first (reply, bencode_find (reply, BENCODE_ROOT, "calls"));
  g_assert_true (bencode_is (reply, calls, "one"));
  calls = bencode_next (reply, calls);
  g_assert_true (bencode_is (reply, calls, ""));
  g_assert_cmpint (bencode_next (reply, calls), ==, BENCODE_NONE);

  stats = bencode_find (reply, bencode_find (reply, BENCODE_ROOT, "stats"), "a");
  stats = bencode_next (reply, bencode_first (reply, stats));
  g_assert_true (bencode_integer (reply, stats, &integer));
  g_assert_cmpint (integer, ==, -2);
}

static void
test_empty (void)
{
  g_autoptr (Bencode) dict = parse ("de");
  g_autoptr (Bencode) list = parse ("l0:e");
  g_autoptr (Bencode) string = parse ("0:");

  g_assert_cmpint (bencode_first (dict, BENCODE_ROOT), ==, BENCODE_NONE);
  g_assert_cmpint (bencode_find (dict, BENCODE_ROOT, "x"), ==, BENCODE_NONE);
  g_assert_cmpint (bencode_first (list, BENCODE_ROOT), ==, 1);
  g_assert_cmpint (bencode_find (list, BENCODE_ROOT, ""), ==, BENCODE_NONE);
  g_assert_true (bencode_is (string, BENCODE_ROOT, ""));
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
    g_autofree gchar *exact = g_memdup2 (refused[i], strlen (refused[i]));

    g_assert_null (bencode_parse (exact, strlen (refused[i]), &error));
    g_assert_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_PROTOCOL);
  }
}

static void
test_bounds (void)
{
  g_autofree gchar *deep = g_strnfill (BENCODE_MAX_SIZE, 'l');
  g_autofree gchar *many = g_strnfill (BENCODE_MAX_SIZE, 'l');
  gsize size = 2 * BENCODE_MAX_DEPTH;

  g_assert_null (bencode_parse (deep, BENCODE_MAX_SIZE, NULL));
  g_assert_null (bencode_parse (deep, BENCODE_MAX_SIZE + 1, NULL));
  memset (deep + BENCODE_MAX_DEPTH, 'e', BENCODE_MAX_DEPTH);
  bencode_free (bencode_parse (deep, size, NULL));
  memset (deep + BENCODE_MAX_DEPTH + 1, 'e', BENCODE_MAX_DEPTH + 1);
  deep[BENCODE_MAX_DEPTH] = 'l';
  g_assert_null (bencode_parse (deep, size + 2, NULL));

  for (gsize i = 1; i < BENCODE_MAX_SIZE - 1; i += 2)
    memcpy (many + i, "0:", 2);
  size = 1 + 2 * BENCODE_MAX_VALUES;
  many[size - 2] = 'e';
  bencode_free (bencode_parse (many, size - 1, NULL));
  many[size - 2] = '0';
  many[size] = 'e';
  g_assert_null (bencode_parse (many, size + 1, NULL));
}

static void
test_write (void)
{
  static const gchar *const flags[] = { "origin", "", NULL };
  g_autoptr (GString) out = g_string_new (NULL);

  bencode_put_string (out, "sdp");
  bencode_put_bytes (out, "a\0b", 3);
  bencode_put_integer (out, -7);
  bencode_put_strings (out, flags);
  g_assert_cmpmem (out->str, out->len, "3:sdp3:a\0bi-7el6:origin0:e", 26);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/bencode/reply", test_reply);
  g_test_add_func ("/bencode/empty", test_empty);
  g_test_add_func ("/bencode/refused", test_refused);
  g_test_add_func ("/bencode/bounds", test_bounds);
  g_test_add_func ("/bencode/write", test_write);
  return g_test_run ();
}
