/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"
#include "crypto/base64url.h"
#include "crypto/jwt.h"

#include <glib.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <string.h>

/* RFC 7515 appendix A.3. */
#define RFC_TOKEN                                                                                  \
  "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNv"  \
  "bS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxf"  \
  "KTUJqPP3-Kg6NU1Q"
#define RFC_X "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define RFC_Y "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"

static KeyPair *
pair_from_coordinates (const gchar *x, const gchar *y)
{
  g_autoptr (GBytes) x_bytes = base64url_decode (x, -1), y_bytes = base64url_decode (y, -1);
  g_autoptr (GByteArray) data = g_byte_array_new ();
  g_autoptr (GBytes) point = NULL;
  g_autoptr (GError) error = NULL;
  KeyPair *pair;

  g_byte_array_append (data, (const guint8 *) "\4", 1);
  g_byte_array_append (data, g_bytes_get_data (x_bytes, NULL), 32);
  g_byte_array_append (data, g_bytes_get_data (y_bytes, NULL), 32);
  point = g_byte_array_free_to_bytes (g_steal_pointer (&data));
  pair = key_pair_from_point (point, &error);
  g_assert_no_error (error);
  return pair;
}

static void
test_base64url (void)
{
  static const gchar *const texts[] = { "", "f", "fo", "foo", "foob", "\xfb\xff\xfe" };
  static const gchar *const codes[] = { "", "Zg", "Zm8", "Zm9v", "Zm9vYg", "-__-" };

  for (gsize i = 1; i < G_N_ELEMENTS (texts); i++) {
    g_autofree gchar *code = base64url_encode (texts[i], strlen (texts[i]));
    g_autoptr (GBytes) bytes = base64url_decode (codes[i], -1);

    g_assert_cmpstr (code, ==, codes[i]);
    g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), texts[i],
                     strlen (texts[i]));
  }
}

static void
test_base64url_takes_what_phones_write (void)
{
  static const gchar *const good[] = { "-__-", "+//+", "Zg==", "Zg" };
  static const gchar *const bad[] = { "", "=", "Z", "Zm9vY", "Zm 9v", "Zg==Zg", "Zm9v\n", "Zm9v!" };

  for (gsize i = 0; i < G_N_ELEMENTS (good); i++) {
    g_autoptr (GBytes) bytes = base64url_decode (good[i], -1);

    g_assert_nonnull (bytes);
  }
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_null (base64url_decode (bad[i], -1));
}

static void
test_rfc_token_verifies (void)
{
  g_autoptr (KeyPair) pair = pair_from_coordinates (RFC_X, RFC_Y);
  g_autoptr (GError) error = NULL;
  g_autofree gchar *claims = jwt_verify (pair, RFC_TOKEN, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (claims, ==,
                   "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n "
                   "\"http://example.com/is_root\":true}");
}

static void
test_a_changed_token_fails (void)
{
  g_autoptr (KeyPair) pair = pair_from_coordinates (RFC_X, RFC_Y);
  static const gsize positions[] = { 30, 60, sizeof RFC_TOKEN - 60, sizeof RFC_TOKEN - 20 };

  for (gsize i = 0; i < G_N_ELEMENTS (positions); i++) {
    g_autofree gchar *token = g_strdup (RFC_TOKEN);
    g_autoptr (GError) error = NULL;

    token[positions[i]] = token[positions[i]] == 'A' ? 'B' : 'A';
    g_assert_null (jwt_verify (pair, token, &error));
    g_assert_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CRYPTO);
  }
}

static void
test_nonsense_is_refused (void)
{
  static const gchar *const tokens[] = {
    "",
    ".",
    "..",
    "...",
    "a.b",
    "a.b.c",
    "a.b.c.d",
    "eyJhbGciOiJFUzI1NiJ9..",
    "eyJhbGciOiJub25lIn0.e30.",
    "W10.e30.AAAA",
    "eyJhbGciOjF9.e30.AAAA",
  };
  g_autoptr (KeyPair) pair = pair_from_coordinates (RFC_X, RFC_Y);

  for (gsize i = 0; i < G_N_ELEMENTS (tokens); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (jwt_verify (pair, tokens[i], &error));
    g_assert_nonnull (error);
  }
}

static void
test_es256_is_signed_raw (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KeyPair) pair = key_pair_generate (&error);
  g_autofree gchar *pem = key_pair_to_pem (pair, &error);
  g_autoptr (KeyPair) again = key_pair_from_pem (pem, &error), other = key_pair_generate (&error);

  g_assert_no_error (error);
  /* Many rounds: one signature in 128 has a short r or s, which must be filled up. */
  for (int i = 0; i < 500; i++) {
    g_autofree gchar *token = jwt_sign (pair, NULL, "ABC123DEFG", "{\"iss\":\"x\"}", &error);
    g_autoptr (GBytes) signature = base64url_decode (strrchr (token, '.') + 1, -1);
    g_autofree gchar *claims = jwt_verify (again, token, &error);

    g_assert_no_error (error);
    g_assert_cmpuint (g_bytes_get_size (signature), ==, 64);
    g_assert_cmpstr (claims, ==, "{\"iss\":\"x\"}");
    if (i == 0) {
      g_autofree gchar *header = jwt_header (token, NULL);

      g_assert_cmpstr (header, ==, "{\"alg\":\"ES256\",\"kid\":\"ABC123DEFG\"}");
      g_assert_null (jwt_verify (other, token, NULL));
    }
  }
}

static gchar *
rsa_pem (guint bits)
{
  EVP_PKEY *key = EVP_RSA_gen (bits);
  BIO *bio = BIO_new (BIO_s_mem ());
  gchar *data, *pem;
  long size;

  g_assert_cmpint (PEM_write_bio_PKCS8PrivateKey (bio, key, NULL, NULL, 0, NULL, NULL), ==, 1);
  size = BIO_get_mem_data (bio, &data);
  pem = g_strndup (data, size);
  BIO_free_all (bio);
  EVP_PKEY_free (key);
  return pem;
}

static void
test_rs256 (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *pem = rsa_pem (2048), *weak = rsa_pem (1024);
  g_autoptr (KeyPair) pair = key_pair_from_pem (pem, &error), ec = key_pair_generate (NULL);
  g_autofree gchar *token = jwt_sign (pair, "JWT", NULL, "{}", &error);
  g_autofree gchar *claims = jwt_verify (pair, token, &error);
  g_autofree gchar *header = jwt_header (token, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (claims, ==, "{}");
  g_assert_cmpstr (header, ==, "{\"typ\":\"JWT\",\"alg\":\"RS256\"}");
  g_assert_null (jwt_verify (ec, token, &error));
  g_assert_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID);
  g_assert_null (key_pair_point (pair, NULL));
  g_assert_null (key_pair_from_pem (weak, NULL));
}

static void
test_bad_keys_are_refused (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (KeyPair) pair = key_pair_generate (NULL);
  g_autoptr (GBytes) point = key_pair_point (pair, NULL), off = NULL, brief = NULL;
  guint8 data[KEY_PAIR_POINT_SIZE];

  memcpy (data, g_bytes_get_data (point, NULL), sizeof data);
  data[40] ^= 1;
  off = g_bytes_new (data, sizeof data);
  brief = g_bytes_new (data, 33);
  g_assert_null (key_pair_from_point (off, &error));
  g_assert_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CRYPTO);
  g_clear_error (&error);
  g_assert_null (key_pair_from_point (brief, &error));
  g_assert_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID);
  g_assert_null (key_pair_from_pem ("no key", NULL));
  g_assert_null (
      key_pair_from_pem ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base64url/code", test_base64url);
  g_test_add_func ("/base64url/takes-what-phones-write", test_base64url_takes_what_phones_write);
  g_test_add_func ("/jwt/rfc-token-verifies", test_rfc_token_verifies);
  g_test_add_func ("/jwt/a-changed-token-fails", test_a_changed_token_fails);
  g_test_add_func ("/jwt/nonsense-is-refused", test_nonsense_is_refused);
  g_test_add_func ("/jwt/es256-is-signed-raw", test_es256_is_signed_raw);
  g_test_add_func ("/jwt/rs256", test_rs256);
  g_test_add_func ("/jwt/bad-keys-are-refused", test_bad_keys_are_refused);
  return g_test_run ();
}
