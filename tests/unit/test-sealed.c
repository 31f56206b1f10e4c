/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"
#include "base/names.h"
#include "crypto/sealed.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

typedef struct {
  gchar *dir;
  gchar *path;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->dir = g_dir_make_tmp ("sipwake-XXXXXX", NULL);
  fixture->path = g_build_filename (fixture->dir, SIPWAKE_SEALING_KEY_FILE, NULL);
  g_unsetenv ("CREDENTIALS_DIRECTORY");
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_autofree gchar *credential = g_build_filename (fixture->dir, SIPWAKE_SEALING_CREDENTIAL, NULL);

  g_unlink (credential);
  g_unlink (fixture->path);
  g_assert_cmpint (g_rmdir (fixture->dir), ==, 0);
  g_free (fixture->dir);
  g_free (fixture->path);
}

static void
test_round (Fixture *fixture, gconstpointer data)
{
  static const gchar *const secrets[] = { "", "x", "Circle Of Life" };
  g_autoptr (SealedKey) key = sealed_key_load (fixture->dir, NULL);
  g_autoptr (SealedKey) again = sealed_key_load (fixture->dir, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (secrets); i++) {
    g_autoptr (GBytes) blob = sealed_close (key, "sip:a@x", secrets[i], NULL);
    g_autoptr (GBytes) other = sealed_close (key, "sip:a@x", secrets[i], NULL);
    gchar *opened = sealed_open (again, "sip:a@x", blob, NULL);

    g_assert_cmpstr (opened, ==, secrets[i]);
    g_assert_false (g_bytes_equal (blob, other));
    sealed_wipe (opened);
  }
}

static void
assert_shut (const SealedKey *key, const gchar *owner, GBytes *blob)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (sealed_open (key, owner, blob, &error));
  g_assert_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CRYPTO);
}

static void
test_tampered (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SealedKey) key = sealed_key_load (fixture->dir, NULL);
  g_autoptr (GBytes) blob = sealed_close (key, "sip:a@x", "secret", NULL);
  gsize size;
  const guint8 *bytes = g_bytes_get_data (blob, &size);

  assert_shut (key, "sip:b@x", blob);
  for (gsize i = 0; i < size; i++) {
    guint8 *changed = g_memdup2 (bytes, size);
    g_autoptr (GBytes) forged = NULL;
    g_autoptr (GBytes) cut = g_bytes_new (bytes, i);

    changed[i] ^= 1;
    forged = g_bytes_new_take (changed, size);
    assert_shut (key, "sip:a@x", forged);
    assert_shut (key, "sip:a@x", cut);
  }
}

static void
test_wrong_key (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SealedKey) key = sealed_key_load (fixture->dir, NULL), other = NULL;
  g_autoptr (GBytes) blob = sealed_close (key, "sip:a@x", "secret", NULL);

  g_unlink (fixture->path);
  other = sealed_key_load (fixture->dir, NULL);
  assert_shut (other, "sip:a@x", blob);
}

static void
test_key_file (Fixture *fixture, gconstpointer data)
{
  g_autoptr (SealedKey) key = sealed_key_load (fixture->dir, NULL), open_key = NULL,
                        short_key = NULL;
  g_autoptr (GError) error = NULL;
  GStatBuf info;

  g_assert_cmpstr (sealed_key_source (key), ==, fixture->path);
  g_assert_cmpint (g_stat (fixture->path, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 07777, ==, 0600);

  g_chmod (fixture->path, 0640);
  open_key = sealed_key_load (fixture->dir, &error);
  g_assert_null (open_key);
  g_assert_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CRYPTO);
  g_assert_nonnull (strstr (error->message, "chmod 600"));
  g_clear_error (&error);

  g_assert_true (g_file_set_contents (fixture->path, "short", -1, NULL));
  g_chmod (fixture->path, 0600);
  short_key = sealed_key_load (fixture->dir, &error);
  g_assert_null (short_key);
  g_assert_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CRYPTO);
}

static void
test_credential (Fixture *fixture, gconstpointer data)
{
  g_autofree gchar *credential = g_build_filename (fixture->dir, SIPWAKE_SEALING_CREDENTIAL, NULL);
  g_autofree gchar *material = g_strnfill (44, 'k');
  g_autoptr (SealedKey) key = NULL;

  g_assert_true (g_file_set_contents (credential, material, -1, NULL));
  g_setenv ("CREDENTIALS_DIRECTORY", fixture->dir, TRUE);
  key = sealed_key_load (fixture->dir, NULL);
  g_unsetenv ("CREDENTIALS_DIRECTORY");
  g_assert_cmpstr (sealed_key_source (key), ==, credential);
  g_assert_false (g_file_test (fixture->path, G_FILE_TEST_EXISTS));
}

static void
test_no_directory (Fixture *fixture, gconstpointer data)
{
  g_autofree gchar *missing = g_build_filename (fixture->dir, "missing", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (sealed_key_load (missing, &error));
  g_assert_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_STORAGE);
}

#define ADD(name, test) g_test_add (name, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/sealed/round", test_round);
  ADD ("/sealed/tampered", test_tampered);
  ADD ("/sealed/wrong-key", test_wrong_key);
  ADD ("/sealed/key-file", test_key_file);
  ADD ("/sealed/credential", test_credential);
  ADD ("/sealed/no-directory", test_no_directory);
  return g_test_run ();
}
