/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ece: bodies that only the phone can read: aes128gcm (RFC 8188) with a key agreed as in RFC 8291.
 *
 * provider-webpush encrypts; the push service simulator decrypts, as a phone would.
 */
#include "crypto/ece.h"

#include "base/error.h"
#include "crypto/base64url.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

#define RECORD_SIZE 4096
#define HEADER_SIZE 21 /* salt, record size, length of the key id */
#define TAG_SIZE 16
#define HASH_SIZE 32
#define KEY_SIZE 16
#define NONCE_SIZE 12
#define LAST_RECORD 2
#define OTHER_RECORD 1
#define MAX_BODY 65536

typedef struct {
  guint8 key[KEY_SIZE];
  guint8 nonce[NONCE_SIZE];
} Content;

static gpointer
fail (GError **error, gint code, const gchar *what)
{
  g_set_error_literal (error, SIPWAKE_ERROR, code, what);
  return NULL;
}

static void
hmac (GBytes *key, const guint8 *data, gsize size, guint8 *digest)
{
  gsize length = HASH_SIZE;
  GHmac *context =
      g_hmac_new (G_CHECKSUM_SHA256, g_bytes_get_data (key, NULL), g_bytes_get_size (key));

  g_hmac_update (context, data, (gssize) size);
  g_hmac_get_digest (context, digest, &length);
  g_hmac_unref (context);
}

/* RFC 8291 section 3.4. */
static GBytes *
agree_key (KeyPair *own,
           KeyPair *peer,
           GBytes *ua_point,
           GBytes *sender_point,
           GBytes *auth,
           GError **error)
{
  static const gchar label[] = "WebPush: info";
  g_autoptr (GBytes) secret = key_pair_agree (own, peer, error);
  g_autoptr (GBytes) prk = NULL;
  g_autoptr (GByteArray) info = g_byte_array_new ();
  guint8 digest[HASH_SIZE];

  if (!secret)
    return NULL;
  hmac (auth, g_bytes_get_data (secret, NULL), g_bytes_get_size (secret), digest);
  prk = g_bytes_new (digest, sizeof digest);
  g_byte_array_append (info, (const guint8 *) label, sizeof label);
  g_byte_array_append (info, g_bytes_get_data (ua_point, NULL), KEY_PAIR_POINT_SIZE);
  g_byte_array_append (info, g_bytes_get_data (sender_point, NULL), KEY_PAIR_POINT_SIZE);
  g_byte_array_append (info, (const guint8 *) "\1", 1);
  hmac (prk, info->data, info->len, digest);
  return g_bytes_new (digest, sizeof digest);
}

/* RFC 8188 sections 2.2 and 2.3. The literals end with the zero byte that the labels want. */
static void
derive_content (GBytes *salt, GBytes *ikm, Content *content)
{
  static const gchar key_info[] = "Content-Encoding: aes128gcm\0\1";
  static const gchar nonce_info[] = "Content-Encoding: nonce\0\1";
  g_autoptr (GBytes) prk = NULL;
  guint8 digest[HASH_SIZE];

  hmac (salt, g_bytes_get_data (ikm, NULL), g_bytes_get_size (ikm), digest);
  prk = g_bytes_new (digest, sizeof digest);
  hmac (prk, (const guint8 *) key_info, sizeof key_info - 1, digest);
  memcpy (content->key, digest, KEY_SIZE);
  hmac (prk, (const guint8 *) nonce_info, sizeof nonce_info - 1, digest);
  memcpy (content->nonce, digest, NONCE_SIZE);
}

static gboolean
seal (const Content *content, const guint8 *plain, gsize size, guint8 *cipher)
{
  EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new ();
  int n = 0, rest = 0;
  gboolean good =
      EVP_EncryptInit_ex (context, EVP_aes_128_gcm (), NULL, content->key, content->nonce) == 1 &&
      EVP_EncryptUpdate (context, cipher, &n, plain, (int) size) == 1 &&
      EVP_EncryptFinal_ex (context, cipher + n, &rest) == 1 &&
      EVP_CIPHER_CTX_ctrl (context, EVP_CTRL_AEAD_GET_TAG, TAG_SIZE, cipher + size) == 1;

  EVP_CIPHER_CTX_free (context);
  return good;
}

static gboolean
unseal (const Content *content, guint64 number, const guint8 *cipher, gsize size, guint8 *plain)
{
  EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new ();
  guint8 nonce[NONCE_SIZE];
  int n = 0, rest = 0;
  gboolean good;

  memcpy (nonce, content->nonce, NONCE_SIZE);
  for (gsize i = 0; i < sizeof number; i++)
    nonce[NONCE_SIZE - 1 - i] ^= (guint8) (number >> (8 * i));
  good = EVP_DecryptInit_ex (context, EVP_aes_128_gcm (), NULL, content->key, nonce) == 1 &&
         EVP_DecryptUpdate (context, plain, &n, cipher, (int) (size - TAG_SIZE)) == 1 &&
         EVP_CIPHER_CTX_ctrl (context, EVP_CTRL_AEAD_SET_TAG, TAG_SIZE,
                              (void *) (cipher + size - TAG_SIZE)) == 1 &&
         EVP_DecryptFinal_ex (context, plain + n, &rest) == 1;
  EVP_CIPHER_CTX_free (context);
  return good;
}

/**
 * ece_encrypt_with:
 * @sender: the key of this message alone
 * @salt: 16 random bytes
 * @ua_public: the phone's public key, a point of 65 bytes
 * @auth: the phone's authentication secret, 16 bytes
 * @plaintext: what the phone shall read, at most 3993 bytes
 * @error: where an error goes
 *
 * RFC 8291 with everything given, as its example needs it; others call ece_encrypt().
 *
 * Returns: (transfer full) (nullable): the body, at most 4096 bytes, one record
 */
GBytes *
ece_encrypt_with (KeyPair *sender,
                  GBytes *salt,
                  GBytes *ua_public,
                  GBytes *auth,
                  GBytes *plaintext,
                  GError **error)
{
  guint32 record_size = GUINT32_TO_BE (RECORD_SIZE);
  guint8 id_size = KEY_PAIR_POINT_SIZE;
  g_autoptr (KeyPair) peer = key_pair_from_point (ua_public, error);
  g_autoptr (GBytes) point = peer ? key_pair_point (sender, error) : NULL;
  g_autoptr (GBytes) ikm = NULL;
  g_autoptr (GByteArray) body = g_byte_array_new (), record = g_byte_array_new ();
  gsize size = g_bytes_get_size (plaintext);
  Content content;

  if (!point)
    return NULL;
  if (g_bytes_get_size (auth) != ECE_AUTH_SIZE)
    return fail (error, SIPWAKE_ERROR_INVALID, "An authentication secret has 16 bytes");
  if (size > ECE_MAX_PLAINTEXT)
    return fail (error, SIPWAKE_ERROR_LIMIT, "The text is too long for one push");
  ikm = agree_key (sender, peer, ua_public, point, auth, error);
  if (!ikm)
    return NULL;
  derive_content (salt, ikm, &content);

  g_byte_array_append (record, g_bytes_get_data (plaintext, NULL), (guint) size);
  g_byte_array_append (record, (const guint8 *) &(guint8){ LAST_RECORD }, 1);
  g_byte_array_append (body, g_bytes_get_data (salt, NULL), ECE_SALT_SIZE);
  g_byte_array_append (body, (const guint8 *) &record_size, sizeof record_size);
  g_byte_array_append (body, &id_size, 1);
  g_byte_array_append (body, g_bytes_get_data (point, NULL), id_size);
  size = body->len;
  g_byte_array_set_size (body, (guint) size + record->len + TAG_SIZE);
  if (!seal (&content, record->data, record->len, body->data + size))
    return fail (error, SIPWAKE_ERROR_CRYPTO, "The text cannot be encrypted");
  return g_byte_array_free_to_bytes (g_steal_pointer (&body));
}

/**
 * ece_encrypt:
 * @ua_public: the phone's public key (pn-enckey) in base64url
 * @auth: the phone's authentication secret in base64url
 * @plaintext: what the phone shall read, at most 3993 bytes
 * @error: where an error goes; a key off the curve is one
 *
 * Returns: (transfer full) (nullable): the body for Content-Encoding: aes128gcm (RFC 8291)
 */
GBytes *
ece_encrypt (const gchar *ua_public, const gchar *auth, GBytes *plaintext, GError **error)
{
  g_autoptr (GBytes) point = base64url_decode (ua_public, -1), secret = base64url_decode (auth, -1);
  g_autoptr (GBytes) salt = NULL;
  g_autoptr (KeyPair) sender = NULL;
  guint8 random[ECE_SALT_SIZE];

  if (!point || !secret)
    return fail (error, SIPWAKE_ERROR_INVALID, "The phone's keys are no base64");
  sender = key_pair_generate (error);
  if (!sender)
    return NULL;
  if (RAND_bytes (random, sizeof random) != 1)
    return fail (error, SIPWAKE_ERROR_CRYPTO, "No random bytes");
  salt = g_bytes_new (random, sizeof random);
  return ece_encrypt_with (sender, salt, point, secret, plaintext, error);
}

static gboolean
open_record (GByteArray *text, const guint8 *plain, gsize size, gboolean last)
{
  while (size > 0 && plain[size - 1] == 0)
    size--;
  if (size == 0 || plain[size - 1] != (last ? LAST_RECORD : OTHER_RECORD))
    return FALSE;
  g_byte_array_append (text, plain, (guint) size - 1);
  return TRUE;
}

static gboolean
read_header (GBytes *body, guint32 *record_size, gsize *start, GError **error)
{
  gsize size;
  const guint8 *data = g_bytes_get_data (body, &size);

  if (size < HEADER_SIZE || size > MAX_BODY || size < HEADER_SIZE + data[20] + TAG_SIZE + 1u) {
    fail (error, SIPWAKE_ERROR_INVALID, "Not an aes128gcm body");
    return FALSE;
  }
  *record_size = (guint32) data[16] << 24 | data[17] << 16 | data[18] << 8 | data[19];
  *start = HEADER_SIZE + data[20];
  if (*record_size >= TAG_SIZE + 2)
    return TRUE;
  fail (error, SIPWAKE_ERROR_INVALID, "The record size is too small");
  return FALSE;
}

/**
 * ece_decrypt_with_key:
 * @key: the input keying material that both sides know
 * @body: an aes128gcm body, at most 64 kB
 * @error: where an error goes
 *
 * Returns: (transfer full) (nullable): the text (RFC 8188)
 */
GBytes *
ece_decrypt_with_key (GBytes *key, GBytes *body, GError **error)
{
  g_autoptr (GByteArray) text = g_byte_array_new ();
  g_autofree guint8 *plain = NULL;
  g_autoptr (GBytes) salt = NULL;
  gsize size, start;
  const guint8 *data = g_bytes_get_data (body, &size);
  guint32 record_size;
  Content content;

  if (!read_header (body, &record_size, &start, error))
    return NULL;
  salt = g_bytes_new (data, ECE_SALT_SIZE);
  derive_content (salt, key, &content);
  plain = g_malloc (MIN (record_size, size));
  for (guint64 number = 0; start < size; number++) {
    gsize length = MIN (record_size, size - start);

    if (length <= TAG_SIZE || !unseal (&content, number, data + start, length, plain) ||
        !open_record (text, plain, length - TAG_SIZE, start + length == size))
      return fail (error, SIPWAKE_ERROR_CRYPTO, "The body cannot be decrypted");
    start += length;
  }
  return g_byte_array_free_to_bytes (g_steal_pointer (&text));
}

/**
 * ece_decrypt:
 * @ua: the phone's pair
 * @auth: its authentication secret
 * @body: an aes128gcm body
 * @error: where an error goes
 *
 * Returns: (transfer full) (nullable): the text (RFC 8291)
 */
GBytes *
ece_decrypt (KeyPair *ua, GBytes *auth, GBytes *body, GError **error)
{
  g_autoptr (GBytes) ua_point = key_pair_point (ua, error), point = NULL, ikm = NULL;
  g_autoptr (KeyPair) sender = NULL;
  guint32 record_size;
  gsize start;

  if (!ua_point || !read_header (body, &record_size, &start, error))
    return NULL;
  if (start != HEADER_SIZE + KEY_PAIR_POINT_SIZE)
    return fail (error, SIPWAKE_ERROR_INVALID, "The body does not name the sender's key");
  if (g_bytes_get_size (body) - start > record_size)
    return fail (error, SIPWAKE_ERROR_INVALID, "A push has one record only");
  point = g_bytes_new_from_bytes (body, HEADER_SIZE, KEY_PAIR_POINT_SIZE);
  sender = key_pair_from_point (point, error);
  if (!sender)
    return NULL;
  ikm = agree_key (ua, sender, ua_point, point, auth, error);
  return ikm ? ece_decrypt_with_key (ikm, body, error) : NULL;
}
