/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"
#include "crypto/token.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

static gchar *directory;

static void
test_random (void)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autofree gchar *tiny = token_random (1), *large = token_random (512);

  for (int i = 0; i < 1000; i++) {
    gchar *token = token_random (128);

    g_assert_cmpuint (strlen (token), ==, 26);
    g_assert_cmpuint (strspn (token, "abcdefghijklmnopqrstuvwxyz234567"), ==, 26);
    g_assert_true (g_hash_table_add (seen, token));
  }
  g_assert_cmpuint (strlen (tiny), ==, 1);
  g_assert_cmpuint (strlen (large), ==, 103);
}

/* HMAC-SHA-256 of 00 00 00 05 "alice" 00 00 00 07 "example" under 32 bytes of 0x0b, computed with
 * another implementation. */
static void
test_keyed_is_the_known_value (void)
{
  guint8 bytes[TOKEN_KEY_SIZE];
  g_autoptr (KeyedHash) key = NULL;
  g_autofree gchar *token = NULL;

  memset (bytes, 0x0b, sizeof bytes);
  key = keyed_hash_new (bytes, sizeof bytes);
  token = token_keyed (key, "alice", "example", NULL);
  g_assert_cmpstr (token, ==, "s5q3falwxk7fge7bjgmbv7pw6e");
}

static void
test_keyed_keeps_parts_apart (void)
{
  g_autoptr (KeyedHash) key = keyed_hash_new ("0123456789abcdef0123456789abcdef", 32);
  g_autoptr (KeyedHash) other = keyed_hash_new ("0123456789abcdef0123456789abcdeF", 32);
  g_autofree gchar *a = token_keyed (key, "ab", "c", NULL), *b = token_keyed (key, "a", "bc", NULL);
  g_autofree gchar *c = token_keyed (key, "ab", "c", NULL),
                   *d = token_keyed (other, "ab", "c", NULL);

  g_assert_cmpuint (strlen (a), ==, 26);
  g_assert_cmpstr (a, ==, c);
  g_assert_cmpstr (a, !=, b);
  g_assert_cmpstr (a, !=, d);
}

static void
test_key_is_made_once (void)
{
  g_autofree gchar *path = g_build_filename (directory, "token.key", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (KeyedHash) first = token_key_load (path, &error), again = NULL;
  g_autofree gchar *before = NULL, *after = NULL;
  GStatBuf status;

  g_assert_no_error (error);
  again = token_key_load (path, &error);
  g_assert_no_error (error);
  before = token_keyed (first, "alice", NULL);
  after = token_keyed (again, "alice", NULL);
  g_assert_cmpstr (before, ==, after);
  g_assert_cmpint (g_stat (path, &status), ==, 0);
  g_assert_cmpint (status.st_size, ==, TOKEN_KEY_SIZE);
  g_assert_cmpint (status.st_mode & 07777, ==, 0600);
}

static void
refuse (const gchar *path, gint code, const gchar *part)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KeyedHash) key = token_key_load (path, &error);

  g_assert_null (key);
  g_assert_error (error, SIPWAKE_ERROR, code);
  g_assert_nonnull (strstr (error->message, part));
}

static void
test_bad_key_files_are_refused (void)
{
  g_autofree gchar *open = g_build_filename (directory, "open.key", NULL);
  g_autofree gchar *brief = g_build_filename (directory, "short.key", NULL);
  g_autofree gchar *nowhere = g_build_filename (directory, "none", "token.key", NULL);

  g_assert_true (g_file_set_contents (open, "0123456789abcdef0123456789abcdef", 32, NULL));
  g_assert_cmpint (g_chmod (open, 0640), ==, 0);
  refuse (open, SIPWAKE_ERROR_DENIED, "0640");
  g_assert_true (g_file_set_contents (brief, "short", 5, NULL));
  g_assert_cmpint (g_chmod (brief, 0600), ==, 0);
  refuse (brief, SIPWAKE_ERROR_CRYPTO, "5 bytes");
  refuse (nowhere, SIPWAKE_ERROR_STORAGE, "cannot be made");
  refuse (directory, SIPWAKE_ERROR_DENIED, "not a regular file");
}

static void
remove_directory (void)
{
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  const gchar *name;

  while ((name = g_dir_read_name (dir))) {
    g_autofree gchar *path = g_build_filename (directory, name, NULL);

    g_assert_cmpint (g_unlink (path), ==, 0);
  }
  g_assert_cmpint (g_rmdir (directory), ==, 0);
  g_free (directory);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  directory = g_dir_make_tmp ("test-token-XXXXXX", NULL);
  g_test_add_func ("/token/random", test_random);
  g_test_add_func ("/token/keyed-is-the-known-value", test_keyed_is_the_known_value);
  g_test_add_func ("/token/keyed-keeps-parts-apart", test_keyed_keeps_parts_apart);
  g_test_add_func ("/token/key-is-made-once", test_key_is_made_once);
  g_test_add_func ("/token/bad-key-files-are-refused", test_bad_key_files_are_refused);
  status = g_test_run ();
  remove_directory ();
  return status;
}
