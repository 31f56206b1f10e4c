/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An account meets the challenges of its PBX. */
#include "registrar/credentials.h"

#include <string.h>

#define HEAD                                                                                       \
  "SIP/2.0 407 Proxy Authentication Required\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n"            \
  "From: <sip:a@h>;tag=1\r\nTo: <sip:a@h>;tag=2\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n"
#define MD5                                                                                        \
  "Proxy-Authenticate: Digest realm=\"pbx\", nonce=\"n1\", algorithm=MD5, qop=\"auth\"\r\n"
#define SHA                                                                                        \
  "Proxy-Authenticate: Digest realm=\"pbx\", nonce=\"n2\", algorithm=SHA-256, qop=\"auth\"\r\n"
#define INT                                                                                        \
  "Proxy-Authenticate: Digest realm=\"pbx\", nonce=\"n3\", algorithm=MD5, qop=\"auth-int\"\r\n"
#define STALE                                                                                      \
  "Proxy-Authenticate: Digest realm=\"pbx\", nonce=\"n4\", stale=true, algorithm=MD5, "            \
  "qop=\"auth\"\r\n"
#define OTHER "Proxy-Authenticate: Digest realm=\"other\", nonce=\"n5\", algorithm=MD5\r\n"

static msg_t *
response (const gchar *challenges)
{
  g_autofree gchar *text = g_strconcat (HEAD, challenges, "Content-Length: 0\r\n\r\n", NULL);
  msg_t *msg = msg_make (sip_default_mclass (), 0, text, (ssize_t) strlen (text));

  g_assert_nonnull (sip_object (msg)->sip_proxy_authenticate);
  return msg;
}

static Account *
account_with (const gchar *password)
{
  static const gchar *const domains[] = { "pbx", NULL };
  static Pbx *pbx;
  Account *account;

  if (!pbx)
    pbx = pbx_new ("office", domains, 3600, NULL);
  account = account_new (pbx, "sip:alice@pbx", "alice");
  account->password = g_strdup (password);
  return account;
}

static Account *
learned (const gchar *challenges)
{
  Account *account = account_with ("secret");
  msg_t *msg = response (challenges);

  account_learn (account, sip_object (msg));
  msg_destroy (msg);
  return account;
}

static gchar *
answer (Credentials *credentials, const gchar *challenges, const gchar *body)
{
  msg_t *msg = response (challenges);
  gchar *line = credentials_answer (credentials, sip_object (msg), "INVITE", "sip:2000@pbx", body,
                                    body ? strlen (body) : 0);

  msg_destroy (msg);
  return line;
}

static void
test_learns_the_strongest (void)
{
  g_autoptr (Account) account = learned (OTHER MD5 SHA);

  g_assert_true (account_is_ready (account));
  g_assert_cmpint (account->algorithm, ==, DIGEST_SHA256);
  g_assert_cmpstr (account->realm, ==, "pbx");
  g_assert_null (account->password);
}

static void
test_learns_only_its_realm (void)
{
  g_autoptr (Account) account = account_with ("secret");
  msg_t *msg = response (OTHER);

  account->realm = g_strdup ("pbx");
  g_assert_false (account_learn (account, sip_object (msg)));
  g_assert_false (account_is_ready (account));
  g_assert_cmpstr (account->password, ==, "secret");
  msg_destroy (msg);
}

static void
assert_right (const Account *account, const gchar *line, const gchar *body)
{
  const gchar *value = strchr (line, ':') + 1;
  g_autoptr (DigestCredentials) credentials = digest_credentials_parse (value, NULL);

  g_assert_true (g_str_has_prefix (line, "Proxy-Authorization: "));
  g_assert_nonnull (credentials);
  g_assert_true (digest_credentials_verify (credentials, account->ha1, "INVITE", body,
                                            body ? strlen (body) : 0));
}

static void
test_answers_a_call (void)
{
  g_autoptr (Account) account = learned (MD5);
  g_autoptr (Credentials) credentials = credentials_new (account);
  g_autofree gchar *line = answer (credentials, OTHER MD5, "v=0");

  assert_right (account, line, "v=0");
  g_assert_null (answer (credentials, MD5, "v=0"));
}

static void
test_answers_what_is_stale_again (void)
{
  g_autoptr (Account) account = learned (MD5);
  g_autoptr (Credentials) credentials = credentials_new (account);
  g_autofree gchar *first = answer (credentials, MD5, NULL);
  g_autofree gchar *second = answer (credentials, STALE, NULL);

  assert_right (account, first, NULL);
  assert_right (account, second, NULL);
  g_assert_nonnull (strstr (second, "n4"));
}

static void
test_counts_the_uses_of_a_nonce (void)
{
  g_autoptr (Account) account = learned (MD5);
  g_autoptr (Credentials) credentials = credentials_new (account);
  g_autofree gchar *first = answer (credentials, STALE, NULL);
  g_autofree gchar *second = answer (credentials, STALE, NULL);

  g_assert_nonnull (strstr (first, "nc=00000001"));
  g_assert_nonnull (strstr (second, "nc=00000002"));
}

static void
test_covers_the_body (void)
{
  g_autoptr (Account) account = learned (MD5);
  g_autoptr (Credentials) credentials = credentials_new (account);
  g_autofree gchar *line = answer (credentials, INT, "v=0");
  g_autoptr (DigestCredentials) other = digest_credentials_parse (strchr (line, ':') + 1, NULL);

  assert_right (account, line, "v=0");
  g_assert_false (digest_credentials_verify (other, account->ha1, "INVITE", "v=1", 3));
}

static void
test_does_not_fit (void)
{
  g_autoptr (Account) account = learned (SHA);
  g_autoptr (Credentials) credentials = credentials_new (account);

  g_assert_null (answer (credentials, MD5, NULL));
  g_assert_null (answer (credentials, OTHER, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/account/learns-the-strongest", test_learns_the_strongest);
  g_test_add_func ("/account/learns-only-its-realm", test_learns_only_its_realm);
  g_test_add_func ("/account/answers-a-call", test_answers_a_call);
  g_test_add_func ("/account/stale", test_answers_what_is_stale_again);
  g_test_add_func ("/account/counts-uses", test_counts_the_uses_of_a_nonce);
  g_test_add_func ("/account/covers-the-body", test_covers_the_body);
  g_test_add_func ("/account/does-not-fit", test_does_not_fit);
  return g_test_run ();
}
