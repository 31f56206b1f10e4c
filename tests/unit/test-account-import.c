/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"
#include "store/account-pjsip.h"

#include <glib.h>
#include <string.h>

#define HASH "e438a31c8a096612eedbd6323d3f96e9"
#define HASH_256 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

typedef GPtrArray *(*Import) (const gchar *text, GError **error);

static void
assert_account (GPtrArray *accounts, guint index, const ImportedAccount *expected)
{
  const ImportedAccount *account = accounts->pdata[index];

  g_assert_cmpstr (account->user, ==, expected->user);
  g_assert_cmpstr (account->username, ==, expected->username);
  g_assert_cmpstr (account->realm, ==, expected->realm);
  g_assert_cmpstr (account->password, ==, expected->password);
  g_assert_cmpstr (account->ha1, ==, expected->ha1);
  g_assert_cmpint (account->algorithm, ==, expected->algorithm);
}

static void
assert_imports (Import import, const gchar *text, const ImportedAccount *expected, guint n)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) accounts = import (text, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (accounts->len, ==, n);
  for (guint i = 0; i < n; i++)
    assert_account (accounts, i, &expected[i]);
}

static void
assert_fails (Import import, const gchar *text, const gchar *words)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) accounts = import (text, &error);

  g_assert_null (accounts);
  g_assert_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID);
  if (!g_str_has_prefix (error->message, words))
    g_error ("\"%s\" does not begin with \"%s\"", error->message, words);
  g_assert_null (strstr (error->message, "hidden"));
}

static void
test_csv (void)
{
  static const ImportedAccount expected[] = {
    { "1001", "1001", NULL, "se,cr\"et", NULL, DIGEST_MD5, 0 },
    { "1002", "auth2", "asterisk", NULL, HASH, DIGEST_MD5, 0 },
    { "1003", "1003", "asterisk", NULL, HASH_256, DIGEST_SHA256, 0 },
    { "1004", "1004", "two\nlines", "pw", NULL, DIGEST_MD5, 0 },
  };

  assert_imports (account_import_csv,
                  "\xef\xbb\xbfUser,username,realm,password,ha1,algorithm\r\n"
                  "1001,,,\"se,cr\"\"et\",,\r\n"
                  "1002,auth2,asterisk,," HASH ",MD5\n\n"
                  "1003,,asterisk,," HASH_256 ",sha-256\n"
                  "1004,,\"two\nlines\",pw,,",
                  expected, G_N_ELEMENTS (expected));
}

/* As spreadsheets write it in half of Europe. */
static void
test_csv_with_semicolons (void)
{
  static const ImportedAccount expected[] = {
    { "1001", "1001", NULL, "se,cret", NULL, DIGEST_MD5, 0 },
    { "1002", "auth2", NULL, "se;cret", NULL, DIGEST_MD5, 0 },
  };

  assert_imports (account_import_csv,
                  "\xef\xbb\xbfuser;username;password\r\n"
                  "1001;;se,cret\r\n"
                  "1002;auth2;\"se;cret\"\r\n",
                  expected, G_N_ELEMENTS (expected));
  assert_fails (account_import_csv, "user;password\na;b\nc;hidden;d\n", "line 3: 3 fields");
}

static void
test_csv_errors (void)
{
  g_autofree gchar *longish = g_strnfill (2000, 'a');
  g_autofree gchar *too_long = g_strdup_printf ("user,password\na,%s\n", longish);

  assert_fails (account_import_csv, "", "line 1: the file is empty");
  assert_fails (account_import_csv, "name,secret\n", "line 1: no column is named \"name\"");
  assert_fails (account_import_csv, "user,password\na,b\nc,hidden,d\n", "line 3: 3 fields");
  assert_fails (account_import_csv, "user,password\na,b\n\n,hidden\n", "line 4: no user");
  assert_fails (account_import_csv, "user,password\na,\n", "line 2: either");
  assert_fails (account_import_csv, "user,password,ha1\na,hidden," HASH "\n", "line 2: either");
  assert_fails (account_import_csv, "user,ha1\na," HASH "\n", "line 2: an ha1 is worth nothing");
  assert_fails (account_import_csv, "user,realm,ha1\na,r,hidden\n", "line 2: the ha1 is not");
  assert_fails (account_import_csv, "user,password,algorithm\na,hidden,MD4\n",
                "line 2: the algorithm");
  assert_fails (account_import_csv, "user,password\na,\"hidden\n\n", "line 2: a quoted field");
  assert_fails (account_import_csv, "user,password\na,\"hidden\"x\n", "line 2: text behind");
  assert_fails (account_import_csv, too_long, "line 2: a field is too long");
  assert_fails (account_import_csv, "user,password\na,x\nb,x\na,hidden\n",
                "line 4: the user of line 2 again");
  assert_fails (account_import_csv, "user,password\na b,x\nA b,x\n\na%20b,x\n",
                "line 5: the user of line 2 again");
  assert_fails (account_import_csv, "user,password\ra,x\ra,y\r",
                "line 3: the user of line 2 again");
}

static void
test_pjsip (void)
{
  static const ImportedAccount expected[] = {
    { "6001", "6001", NULL, "un;safe", NULL, DIGEST_MD5, 0 },
    { "line-2", "six", "asterisk", NULL, HASH, DIGEST_MD5, 0 },
    { "6003", "6003", "pbx", NULL, HASH_256, DIGEST_SHA256, 0 },
    { "6005", "6005", NULL, "added", NULL, DIGEST_MD5, 0 },
  };

  assert_imports (account_import_pjsip,
                  "; a comment [x\n"
                  "[transport-udp]\ntype=transport\nbind=0.0.0.0\n"
                  "[phone](!)\ntype=endpoint\ncontext = internal ; where\n"
                  "[secret](!)\n type = auth\n auth_type => userpass\n"
                  ";-- [6000] ;-- an older\none --;\ntype=endpoint\nauth=none\n--;\n"
                  "[6001](phone)\nauth=6001\naors=6001\n"
                  "[6001](secret)\nusername=6001\npassword=un\\;safe\n"
                  "[6001]\ntype=aor\n"
                  "[two](phone)\nauth=auth2, other\naors=line-2, line-3\n"
                  "[auth2]\ntype=auth\nauth_type=md5\nmd5_cred=" HASH "\nusername=six\n"
                  "[6003](phone)\nAuth=auth3\n"
                  "[auth3](secret)\nauth_type=digest\nrealm=pbx\nusername=6003\n"
                  "password_digest=SHA-256:" HASH_256 "\n"
                  "[trunk](phone)\noutbound_auth=trunk\n"
                  "[trunk](secret)\nusername=us\npassword=theirs\n"
                  "[6005](!,phone)\n[6005-e](6005)\nauth=a5\naors=6005\n"
                  "[a5](secret)\nusername=6005\n[a5](+)\npassword=added",
                  expected, G_N_ELEMENTS (expected));
}

/* An auth section may have one hash for each algorithm. */
static void
test_pjsip_digests (void)
{
  static const ImportedAccount expected[] = {
    { "1", "u", "pbx", NULL, HASH, DIGEST_MD5, 0 },
    { "2", "u", "pbx", NULL, HASH_256, DIGEST_SHA256, 0 },
  };

  assert_imports (account_import_pjsip,
                  "[base](!)\ntype=auth\nauth_type=digest\nrealm=pbx\nusername=u\n"
                  "password_digest=SHA-256:" HASH_256 "\n"
                  "[1]\ntype=endpoint\nauth=a\n[2]\ntype=endpoint\nauth=b\n"
                  "[a](base)\npassword_digest=MD5:" HASH "\n"
                  "[b](base)\npassword_digest=SHA-512-256:" HASH_256 "\n",
                  expected, G_N_ELEMENTS (expected));
}

static void
test_pjsip_default_realm (void)
{
  static const ImportedAccount expected = { "1", "u", "example.com", NULL, HASH, DIGEST_MD5, 0 };

  assert_imports (account_import_pjsip,
                  "[1]\ntype=endpoint\nauth=a\n[a]\ntype=auth\nauth_type=md5\nusername=u\n"
                  "md5_cred=" HASH "\n[global]\ntype=global\ndefault_realm=example.com\n",
                  &expected, 1);
}

/* Two endpoints may stand for one phone, which has its password once. */
static void
test_pjsip_shared_auth (void)
{
  static const ImportedAccount expected = { "1", "u", NULL, "x", NULL, DIGEST_MD5, 0 };

  assert_imports (account_import_pjsip,
                  "[1](!)\ntype=endpoint\nauth=a\naors=1\n[1-udp](1)\n[1-tls](1)\n"
                  "[a]\ntype=auth\nusername=u\npassword=x\n",
                  &expected, 1);
}

static void
test_pjsip_errors (void)
{
#define PHONE "[1]\ntype=endpoint\nauth=a\n"
  assert_fails (account_import_pjsip, "x=1\n", "line 1: a value stands before");
  assert_fails (account_import_pjsip, "[a\n", "line 1: a section opens");
  assert_fails (account_import_pjsip, "[a](b\n", "line 1: a section opens");
  assert_fails (account_import_pjsip, "\n[a](b)\n", "line 2: a section inherits");
  assert_fails (account_import_pjsip, "[a](+)\n", "line 1: (+) adds");
  assert_fails (account_import_pjsip, "[a]\nhidden\n", "line 2: neither");
  assert_fails (account_import_pjsip, "\n;-- open\n\n", "line 2: a ;-- comment");
  assert_fails (account_import_pjsip, "a=b ;-- hidden\n;-- hidden --;\n", "line 1: a ;-- comment");
  assert_fails (account_import_pjsip, "#include more.conf\n", "line 1: #include");
  assert_fails (account_import_pjsip, PHONE, "line 1: auth= names");
  assert_fails (account_import_pjsip, PHONE "[a]\ntype=auth\npassword=hidden\n",
                "line 4: an auth section without");
  assert_fails (account_import_pjsip, PHONE "[a]\ntype=auth\nusername=u\n", "line 4: either");
  assert_fails (account_import_pjsip,
                PHONE "[a]\ntype=auth\nusername=u\nauth_type=md5\nmd5_cred=hidden\n",
                "line 4: the ha1");
  assert_fails (account_import_pjsip,
                PHONE "[a]\ntype=auth\nusername=u\nauth_type=digest\npassword_digest=X:hidden\n",
                "line 4: no password_digest");
  assert_fails (account_import_pjsip,
                PHONE "[a]\ntype=auth\nusername=u\nauth_type=digest\n"
                      "password_digest=SHA-512-256:" HASH_256 "\n",
                "line 4: no password_digest");
  assert_fails (account_import_pjsip, PHONE "[a]\ntype=auth\nusername=u\nauth_type=google_oauth\n",
                "line 4: auth_type");
  assert_fails (account_import_pjsip,
                PHONE "[2]\ntype=endpoint\nauth=b\naors=1\n[a]\ntype=auth\nusername=u\n"
                      "password=x\n[b]\ntype=auth\nusername=u\npassword=hidden\n",
                "line 12: the user of line 8 again");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/account-import/csv", test_csv);
  g_test_add_func ("/account-import/csv-with-semicolons", test_csv_with_semicolons);
  g_test_add_func ("/account-import/csv-errors", test_csv_errors);
  g_test_add_func ("/account-import/pjsip", test_pjsip);
  g_test_add_func ("/account-import/pjsip-digests", test_pjsip_digests);
  g_test_add_func ("/account-import/pjsip-default-realm", test_pjsip_default_realm);
  g_test_add_func ("/account-import/pjsip-shared-auth", test_pjsip_shared_auth);
  g_test_add_func ("/account-import/pjsip-errors", test_pjsip_errors);
  return g_test_run ();
}
