/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"
#include "crypto/digest-header.h"

#include <glib.h>
#include <string.h>

typedef struct {
  const gchar *user, *realm, *password;
  DigestInput input;
  const gchar *response;
} Vector;

#define SIP_USER "alice", "pbx.example.com", "secret"

/* RFC 2617 §3.5, the same without qop, and requests as phones send them. */
static const Vector vectors[] = {
  { "Mufasa",
    "testrealm@host.com",
    "Circle Of Life",
    { DIGEST_MD5, DIGEST_QOP_AUTH, "GET", "/dir/index.html", "dcd98b7102dd2f0e8b11d0f600bfb0c093",
      "00000001", "0a4f113b", NULL, 0 },
    "6629fae49393a05397450978507c4ef1" },
  { "Mufasa",
    "testrealm@host.com",
    "CircleOfLife",
    { DIGEST_MD5, DIGEST_QOP_NONE, "GET", "/dir/index.html", "dcd98b7102dd2f0e8b11d0f600bfb0c093",
      NULL, NULL, NULL, 0 },
    "1949323746fe6a43ef61f9606e7febea" },
  { SIP_USER,
    { DIGEST_MD5, DIGEST_QOP_AUTH, "REGISTER", "sip:pbx.example.com", "4f2b9c0d1e", "00000001",
      "0a4f113b", NULL, 0 },
    "2bcd96e39340eed4c18563b1360e3605" },
  { SIP_USER,
    { DIGEST_MD5, DIGEST_QOP_NONE, "REGISTER", "sip:pbx.example.com", "4f2b9c0d1e", NULL, NULL,
      NULL, 0 },
    "f3c1d29454e18b257957487ab2f67d86" },
  { SIP_USER,
    { DIGEST_MD5, DIGEST_QOP_AUTH, "INVITE", "sip:1001@pbx.example.com", "4f2b9c0d1e", "00000002",
      "0a4f113b", NULL, 0 },
    "a2135dc500c5dd449b432d309b44ecfe" },
  { SIP_USER,
    { DIGEST_MD5, DIGEST_QOP_AUTH_INT, "MESSAGE", "sip:1001@pbx.example.com", "4f2b9c0d1e",
      "00000003", "0a4f113b", "hello", 5 },
    "b0069e7b6785b34e9c01c8fb7d161e1d" },
  { SIP_USER,
    { DIGEST_SHA256, DIGEST_QOP_AUTH, "REGISTER", "sip:pbx.example.com", "4f2b9c0d1e", "00000001",
      "0a4f113b", NULL, 0 },
    "70c9c2a7e186363bcd31bbeac95ef88a3dffd7b85f4b3ce313e38bfe6e411665" },
};

static void
test_vectors (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (vectors); i++) {
    const Vector *v = &vectors[i];
    g_autofree gchar *ha1 = digest_ha1 (v->input.algorithm, v->user, v->realm, v->password);
    g_autofree gchar *response = digest_response (&v->input, ha1);
    g_autofree gchar *upper = g_ascii_strup (v->response, -1);
    g_autofree gchar *wrong = g_strdup (v->response);

    wrong[strlen (wrong) - 1] ^= 1;
    g_assert_true (digest_is_ha1 (v->input.algorithm, ha1));
    g_assert_cmpstr (response, ==, v->response);
    g_assert_true (digest_verify (&v->input, ha1, v->response));
    g_assert_true (digest_verify (&v->input, ha1, upper));
    g_assert_false (digest_verify (&v->input, ha1, wrong));
    g_assert_false (digest_verify (&v->input, ha1, ""));
  }
}

static void
test_ha1 (void)
{
  g_autofree gchar *mufasa =
      digest_ha1 (DIGEST_MD5, "Mufasa", "testrealm@host.com", "Circle Of Life");
  g_autofree gchar *alice = digest_ha1 (DIGEST_MD5, SIP_USER);

  g_assert_cmpstr (mufasa, ==, "939e7578ed9e3c518a452acee763bce9");
  g_assert_cmpstr (alice, ==, "e438a31c8a096612eedbd6323d3f96e9");
  g_assert_false (digest_is_ha1 (DIGEST_SHA256, alice));
  g_assert_false (digest_is_ha1 (DIGEST_MD5, "939E7578ED9E3C518A452ACEE763BCE9"));
}

static void
test_response_needs_nc (void)
{
  DigestInput input = vectors[0].input;

  input.nc = NULL;
  g_assert_null (digest_response (&input, "939e7578ed9e3c518a452acee763bce9"));
}

static void
test_challenges (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) challenges = digest_challenges_parse (
      "Digest realm=\"a \\\"quoted\\\" realm, with comma\", nonce=\"n=1\", algorithm=SHA-256,\r\n"
      " qop=\"auth-int , auth\", opaque=\"\", charset=UTF-8, stale=TRUE , Basic realm=\"x\", "
      "digest nonce = \"n2\",realm=r2, Digest realm=\"r3\",nonce=\"n3\",algorithm=SHA-512-256",
      &error);
  const DigestChallenge *first, *second;

  g_assert_no_error (error);
  g_assert_cmpuint (challenges->len, ==, 2);
  first = challenges->pdata[0];
  second = challenges->pdata[1];
  g_assert_cmpint (first->algorithm, ==, DIGEST_SHA256);
  g_assert_cmpstr (first->realm, ==, "a \"quoted\" realm, with comma");
  g_assert_cmpstr (first->nonce, ==, "n=1");
  g_assert_cmpstr (first->opaque, ==, "");
  g_assert_true (first->qop_auth && first->qop_auth_int && first->stale);
  g_assert_cmpint (second->algorithm, ==, DIGEST_MD5);
  g_assert_cmpstr (second->realm, ==, "r2");
  g_assert_null (second->opaque);
  g_assert_false (second->qop_auth || second->qop_auth_int || second->stale);
}

static void
test_challenge_round (void)
{
  g_autoptr (DigestChallenge) challenge = digest_challenge_new ();
  g_autofree gchar *text = NULL;
  g_autoptr (GPtrArray) back = NULL;

  challenge->algorithm = DIGEST_SHA256;
  challenge->realm = g_strdup ("back\\slash \"and\" quote");
  challenge->nonce = g_strdup ("abc");
  challenge->qop_auth = challenge->stale = TRUE;
  text = digest_challenge_to_string (challenge);
  g_assert_cmpstr (text, ==,
                   "Digest realm=\"back\\\\slash \\\"and\\\" quote\", nonce=\"abc\", stale=true, "
                   "algorithm=SHA-256, qop=\"auth\"");
  back = digest_challenges_parse (text, NULL);
  g_assert_cmpuint (back->len, ==, 1);
  g_assert_cmpstr (((DigestChallenge *) back->pdata[0])->realm, ==, challenge->realm);
}

static void
test_answer_round (void)
{
  static const gchar *const offers[] = {
    "Digest realm=\"pbx\", nonce=\"n\", opaque=\"o\\\"p\"",
    "Digest realm=\"pbx\", nonce=\"n\", qop=\"auth\"",
    "Digest realm=\"pbx\", nonce=\"n\", qop=\"auth-int\", algorithm=SHA-256",
  };

  for (guint i = 0; i < G_N_ELEMENTS (offers); i++) {
    g_autoptr (GPtrArray) challenges = digest_challenges_parse (offers[i], NULL);
    const DigestChallenge *challenge = challenges->pdata[0];
    g_autofree gchar *ha1 = digest_ha1 (challenge->algorithm, "bo\"b", "pbx", "pw");
    g_autoptr (DigestCredentials) answer =
        digest_challenge_answer (challenge, "bo\"b", ha1, "MESSAGE", "sip:pbx", "body", 4, 10);
    g_autofree gchar *text = digest_credentials_to_string (answer);
    g_autoptr (DigestCredentials) back = digest_credentials_parse (text, NULL);

    g_assert_nonnull (back);
    g_assert_cmpstr (back->username, ==, "bo\"b");
    g_assert_cmpstr (back->opaque, ==, challenge->opaque);
    g_assert_cmpint (back->qop, ==, i);
    g_assert_cmpuint (digest_credentials_nc (back), ==, i ? 10 : 0);
    g_assert_true (digest_credentials_verify (back, ha1, "MESSAGE", "body", 4));
    g_assert_false (digest_credentials_verify (back, ha1, "INVITE", "body", 4));
    g_assert_true (digest_credentials_verify (back, ha1, "MESSAGE", "other", 5) == (i != 2));
  }
}

static void
assert_refused (const gchar *text, SipwakeError code)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (DigestCredentials) credentials = digest_credentials_parse (text, &error);

  g_assert_null (credentials);
  g_assert_error (error, SIPWAKE_ERROR, (gint) code);
}

#define FIVE "Digest username=\"u\", realm=\"r\", nonce=\"n\", uri=\"sip:x\", response=\"0\""

static void
test_credentials_refused (void)
{
  g_autofree gchar *huge = g_strnfill (9000, 'a');
  g_autoptr (GString) many = g_string_new (FIVE);

  assert_refused ("", SIPWAKE_ERROR_INVALID);
  assert_refused ("Digest", SIPWAKE_ERROR_INVALID);
  assert_refused ("Basic dTpw", SIPWAKE_ERROR_INVALID);
  assert_refused ("Digest username=\"u\", realm=\"r\"", SIPWAKE_ERROR_INVALID);
  assert_refused (FIVE ", realm=\"again\"", SIPWAKE_ERROR_INVALID);
  assert_refused (FIVE ", opaque=\"open", SIPWAKE_ERROR_INVALID);
  assert_refused (FIVE ", opaque=\"a\r\nVia: b\"", SIPWAKE_ERROR_INVALID);
  assert_refused (FIVE ", algorithm=MD5-sess", SIPWAKE_ERROR_INVALID);
  assert_refused (FIVE ", qop=auth, nc=00000001", SIPWAKE_ERROR_INVALID);
  assert_refused (FIVE ", qop=auth, cnonce=\"c\", nc=1", SIPWAKE_ERROR_INVALID);
  assert_refused (FIVE ", qop=odd, cnonce=\"c\", nc=00000001", SIPWAKE_ERROR_INVALID);
  assert_refused (FIVE ", =x", SIPWAKE_ERROR_INVALID);
  assert_refused (FIVE ", Digest realm=\"r\"", SIPWAKE_ERROR_INVALID);
  assert_refused (huge, SIPWAKE_ERROR_LIMIT);
  for (guint i = 0; i < 40; i++)
    g_string_append_printf (many, ", x%u=1", i);
  assert_refused (many->str, SIPWAKE_ERROR_LIMIT);
}

static void
test_challenges_bounded (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 20; i++)
    g_string_append_printf (text, "%sDigest realm=\"r\", nonce=\"n\"", i ? ", " : "");
  g_assert_null (digest_challenges_parse (text->str, &error));
  g_assert_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_LIMIT);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/digest/vectors", test_vectors);
  g_test_add_func ("/digest/ha1", test_ha1);
  g_test_add_func ("/digest/response-needs-nc", test_response_needs_nc);
  g_test_add_func ("/digest/challenges", test_challenges);
  g_test_add_func ("/digest/challenge-round", test_challenge_round);
  g_test_add_func ("/digest/answer-round", test_answer_round);
  g_test_add_func ("/digest/credentials-refused", test_credentials_refused);
  g_test_add_func ("/digest/challenges-bounded", test_challenges_bounded);
  return g_test_run ();
}
