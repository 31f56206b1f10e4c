/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"
#include "crypto/base64url.h"
#include "crypto/ece.h"

#include <glib.h>
#include <string.h>

/* RFC 8291 appendix A. */
#define TEXT "When I grow up, I want to be a watermelon"
#define SENDER_PUBLIC                                                                              \
  "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8"
#define SENDER_PRIVATE "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
#define UA_PUBLIC                                                                                  \
  "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
#define UA_PRIVATE "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
#define SALT "DGv6ra1nlYgDCS1FRnbzlw"
#define AUTH "BTBZMqHH6r4Tts7J_aSIgg"
#define SECRET "kyrL1jIIOHEzg3sM2ZWRHDRB62YACZhhSlknJ672kSs"
#define BODY                                                                                       \
  "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6T" \
  "lzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4" \
  "a-fN"

static KeyPair *
pair_from (const gchar *scalar, const gchar *point)
{
  g_autoptr (GBytes) scalar_bytes = base64url_decode (scalar, -1);
  g_autoptr (GBytes) point_bytes = base64url_decode (point, -1);
  g_autoptr (GError) error = NULL;
  KeyPair *pair = key_pair_from_scalar (scalar_bytes, point_bytes, &error);

  g_assert_no_error (error);
  return pair;
}

static void
assert_text (GBytes *bytes, const gchar *text)
{
  g_assert_nonnull (bytes);
  g_assert_cmpmem (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), text, strlen (text));
}

static void
test_rfc8291_encrypts (void)
{
  g_autoptr (KeyPair) sender = pair_from (SENDER_PRIVATE, SENDER_PUBLIC);
  g_autoptr (GBytes) salt = base64url_decode (SALT, -1), auth = base64url_decode (AUTH, -1);
  g_autoptr (GBytes) ua = base64url_decode (UA_PUBLIC, -1);
  g_autoptr (GBytes) text = g_bytes_new_static (TEXT, strlen (TEXT));
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) body = ece_encrypt_with (sender, salt, ua, auth, text, &error);
  g_autofree gchar *code = NULL, *hash = NULL;

  g_assert_no_error (error);
  code = base64url_encode_bytes (body);
  hash = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, body);
  g_assert_cmpuint (g_bytes_get_size (body), ==, 144);
  g_assert_cmpstr (code, ==, BODY);
  g_assert_cmpstr (hash, ==, "f976e174457c5111a0b05234e648bc012cb1e2b37949afce4d7b1e84752953c7");
}

static void
test_rfc8291_decrypts (void)
{
  g_autoptr (KeyPair) ua = pair_from (UA_PRIVATE, UA_PUBLIC);
  g_autoptr (KeyPair) sender = pair_from (SENDER_PRIVATE, SENDER_PUBLIC);
  g_autoptr (GBytes) auth = base64url_decode (AUTH, -1), body = base64url_decode (BODY, -1);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) text = ece_decrypt (ua, auth, body, &error);
  g_autoptr (GBytes) secret = key_pair_agree (ua, sender, &error);
  g_autofree gchar *code = base64url_encode_bytes (secret);

  g_assert_no_error (error);
  assert_text (text, TEXT);
  g_assert_cmpstr (code, ==, SECRET);
}

static void
test_rfc8188 (void)
{
  static const struct {
    const gchar *key;
    const gchar *body;
    gsize size;
  } rows[] = {
    { "yqdlZ-tYemfogSmv7Ws5PQ",
      "I1BsxtFttlv3u_Oo94xnmwAAEAAA-NAVub2qFgBEuQKRapoZu-IxkIva3MEB1PD-ly8Thjg", 53 },
    { "BO3ZVPxUlnLORbVGMpbT1Q",
      "uNCkWiNYzKTnBN9ji3-qWAAAABkCYTHOG8chz_gnvgOqdGYovxyjuqRyJFjEDyoF1Fvkj6hQPdPHI51OEUKEpgz3SsLW"
      "IqS_uA",
      73 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GBytes) key = base64url_decode (rows[i].key, -1);
    g_autoptr (GBytes) body = base64url_decode (rows[i].body, -1);
    g_autoptr (GError) error = NULL;
    g_autoptr (GBytes) text = ece_decrypt_with_key (key, body, &error);

    g_assert_no_error (error);
    g_assert_cmpuint (g_bytes_get_size (body), ==, rows[i].size);
    assert_text (text, "I am the walrus");
  }
}

static void
test_there_and_back (void)
{
  static const gsize sizes[] = { 0, 1, 100, ECE_MAX_PLAINTEXT };
  g_autoptr (KeyPair) ua = pair_from (UA_PRIVATE, UA_PUBLIC);
  g_autoptr (GBytes) auth = base64url_decode (AUTH, -1);

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autofree gchar *letters = g_strnfill (sizes[i], 'x');
    g_autoptr (GBytes) text = g_bytes_new (letters, sizes[i]);
    g_autoptr (GError) error = NULL;
    g_autoptr (GBytes) body = ece_encrypt (UA_PUBLIC, AUTH, text, &error), again = NULL,
                       back = NULL;

    g_assert_no_error (error);
    g_assert_cmpuint (g_bytes_get_size (body), ==, sizes[i] + 103);
    g_assert_cmpuint (g_bytes_get_size (body), <=, 4096);
    back = ece_decrypt (ua, auth, body, &error);
    g_assert_no_error (error);
    g_assert_true (g_bytes_equal (back, text));
    again = ece_encrypt (UA_PUBLIC, AUTH, text, NULL);
    g_assert_false (g_bytes_equal (again, body));
  }
}

static void
test_every_changed_byte_is_noticed (void)
{
  g_autoptr (KeyPair) ua = pair_from (UA_PRIVATE, UA_PUBLIC);
  g_autoptr (GBytes) auth = base64url_decode (AUTH, -1), body = base64url_decode (BODY, -1);
  gsize size;
  const guint8 *data = g_bytes_get_data (body, &size);

  for (gsize i = 0; i < size; i++) {
    g_autofree guint8 *copy = g_memdup2 (data, size);
    g_autoptr (GBytes) changed = NULL, shorter = g_bytes_new (data, i);

    copy[i] ^= 1;
    changed = g_bytes_new (copy, size);
    /* The record size is not authenticated: a larger one means the same. */
    if (i < 16 || i > 19)
      g_assert_null (ece_decrypt (ua, auth, changed, NULL));
    g_assert_null (ece_decrypt (ua, auth, shorter, NULL));
  }
}

static void
test_bad_input_is_refused (void)
{
  g_autofree gchar *letters = g_strnfill (ECE_MAX_PLAINTEXT + 1, 'x');
  g_autoptr (GBytes) large = g_bytes_new (letters, ECE_MAX_PLAINTEXT + 1);
  g_autoptr (GBytes) text = g_bytes_new_static ("x", 1);
  g_autoptr (GError) error = NULL;

  g_assert_null (ece_encrypt (UA_PUBLIC, AUTH, large, &error));
  g_assert_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_LIMIT);
  g_clear_error (&error);
  g_assert_null (ece_encrypt (UA_PUBLIC, "AAAA", text, &error));
  g_assert_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID);
  g_clear_error (&error);
  g_assert_null (ece_encrypt ("!", AUTH, text, &error));
  g_assert_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID);
  g_clear_error (&error);
  g_assert_null (ece_encrypt (AUTH, AUTH, text, &error));
  g_assert_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ece/rfc8291-encrypts", test_rfc8291_encrypts);
  g_test_add_func ("/ece/rfc8291-decrypts", test_rfc8291_decrypts);
  g_test_add_func ("/ece/rfc8188", test_rfc8188);
  g_test_add_func ("/ece/there-and-back", test_there_and_back);
  g_test_add_func ("/ece/every-changed-byte-is-noticed", test_every_changed_byte_is_noticed);
  g_test_add_func ("/ece/bad-input-is-refused", test_bad_input_is_refused);
  return g_test_run ();
}
