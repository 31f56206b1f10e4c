/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"
#include "crypto/jwt.h"
#include "crypto/vapid.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#define NOW 1700000000
#define ORIGIN "https://push.example.net"
#define SUBJECT "mailto:push@example.com"

/* RFC 8292 section 2.4. */
#define RFC_EXPIRY 1453523768
#define RFC_KEY                                                                                    \
  "BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs"
#define RFC_TOKEN                                                                                  \
  "eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5uZXQiLCJleHAiOjE0"  \
  "NTM1MjM3NjgsInN1YiI6Im1haWx0bzpwdXNoQGV4YW1wbGUuY29tIn0.i3CYb7t4xfxCDquptFOepC9GAu_HLGkMlMuCGS" \
  "K2rpiUfnK9ojFwDXb1JrErtmysazNjjvW2L9OkSSHzvoD1oA"
#define RFC_AUTHORIZATION "vapid t=" RFC_TOKEN ",k=" RFC_KEY

static void
test_rfc_token_verifies (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (vapid_verify (RFC_AUTHORIZATION, ORIGIN, RFC_EXPIRY - 3600, &error));
  g_assert_no_error (error);
}

static void
refuse (const gchar *authorization, const gchar *origin, gint64 now)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (vapid_verify (authorization, origin, now, &error));
  g_assert_nonnull (error);
}

static void
test_bad_tokens_are_refused (void)
{
  g_autofree gchar *changed = g_strdup (RFC_AUTHORIZATION);
  gchar *signature = strrchr (changed, '.') + 10;

  *signature = *signature == 'A' ? 'B' : 'A';
  refuse (changed, ORIGIN, RFC_EXPIRY - 3600);
  refuse (RFC_AUTHORIZATION, ORIGIN "/path", RFC_EXPIRY - 3600);
  refuse (RFC_AUTHORIZATION, "https://other.example.net", RFC_EXPIRY - 3600);
  refuse (RFC_AUTHORIZATION, ORIGIN, RFC_EXPIRY);
  refuse (RFC_AUTHORIZATION, ORIGIN, RFC_EXPIRY - 24 * 3600 - 1);
  refuse ("WebPush " RFC_TOKEN, ORIGIN, RFC_EXPIRY - 3600);
  refuse ("vapid t=" RFC_TOKEN, ORIGIN, RFC_EXPIRY - 3600);
  refuse ("vapid k=" RFC_KEY, ORIGIN, RFC_EXPIRY - 3600);
  refuse ("vapid t=" RFC_TOKEN ",k=AAAA", ORIGIN, RFC_EXPIRY - 3600);
}

static Vapid *
fresh (void)
{
  g_autoptr (GError) error = NULL;
  Vapid *vapid = vapid_new (key_pair_generate (NULL), &error);

  g_assert_no_error (error);
  return vapid;
}

static void
test_own_tokens_verify (void)
{
  g_autoptr (Vapid) vapid = fresh ();
  g_autofree gchar *authorization = vapid_authorization (vapid, ORIGIN, SUBJECT, NOW);
  g_autofree gchar *bare = vapid_authorization (vapid, ORIGIN ":8443", NULL, NOW);
  g_autofree gchar *tail = g_strconcat (",k=", vapid_key (vapid), NULL);
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (strlen (vapid_key (vapid)), ==, 87);
  g_assert_true (g_str_has_prefix (authorization, "vapid t=eyJ"));
  g_assert_true (g_str_has_suffix (authorization, tail));
  g_assert_true (vapid_verify (authorization, ORIGIN, NOW, &error));
  g_assert_no_error (error);
  g_assert_true (vapid_verify (bare, ORIGIN ":8443", NOW, &error));
  g_assert_no_error (error);
}

static void
test_one_token_until_half_its_life (void)
{
  g_autoptr (Vapid) vapid = fresh ();
  g_autofree gchar *first = vapid_authorization (vapid, ORIGIN, SUBJECT, NOW);
  g_autofree gchar *same = vapid_authorization (vapid, ORIGIN, SUBJECT, NOW + VAPID_LIFE / 2 - 1);
  g_autofree gchar *other = vapid_authorization (vapid, "https://b.example", SUBJECT, NOW);
  g_autofree gchar *next = vapid_authorization (vapid, ORIGIN, SUBJECT, NOW + VAPID_LIFE / 2);
  g_autofree gchar *past = vapid_authorization (vapid, ORIGIN, SUBJECT, NOW - 7 * 24 * 3600);

  g_assert_cmpstr (first, ==, same);
  g_assert_cmpstr (first, !=, other);
  g_assert_cmpstr (first, !=, next);
  g_assert_true (vapid_verify (past, ORIGIN, NOW - 7 * 24 * 3600, NULL));
}

static void
test_many_origins (void)
{
  g_autoptr (Vapid) vapid = fresh ();

  for (int i = 0; i < 600; i++) {
    g_autofree gchar *origin = g_strdup_printf ("https://p%d.example", i);
    g_autofree gchar *authorization = vapid_authorization (vapid, origin, SUBJECT, NOW);

    g_assert_true (vapid_verify (authorization, origin, NOW, NULL));
  }
}

static void
test_key_is_kept (void)
{
  g_autofree gchar *directory = g_dir_make_tmp ("test-vapid-XXXXXX", NULL);
  g_autofree gchar *path = g_build_filename (directory, "vapid.pem", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (Vapid) first = vapid_load (path, &error), again = vapid_load (path, &error);
  GStatBuf status;

  g_assert_no_error (error);
  g_assert_cmpstr (vapid_key (first), ==, vapid_key (again));
  g_assert_cmpint (g_stat (path, &status), ==, 0);
  g_assert_cmpint (status.st_mode & 07777, ==, 0600);

  g_assert_cmpint (g_chmod (path, 0644), ==, 0);
  g_assert_null (vapid_load (path, &error));
  g_assert_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_DENIED);
  g_clear_error (&error);
  g_assert_true (g_file_set_contents (path, "nothing", -1, NULL));
  g_assert_cmpint (g_chmod (path, 0600), ==, 0);
  g_assert_null (vapid_load (path, &error));
  g_assert_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CRYPTO);
  g_assert_nonnull (strstr (error->message, path));
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_cmpint (g_rmdir (directory), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vapid/rfc-token-verifies", test_rfc_token_verifies);
  g_test_add_func ("/vapid/bad-tokens-are-refused", test_bad_tokens_are_refused);
  g_test_add_func ("/vapid/own-tokens-verify", test_own_tokens_verify);
  g_test_add_func ("/vapid/one-token-until-half-its-life", test_one_token_until_half_its_life);
  g_test_add_func ("/vapid/many-origins", test_many_origins);
  g_test_add_func ("/vapid/key-is-kept", test_key_is_kept);
  return g_test_run ();
}
