/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * key-pair: an asymmetric key: P-256 for ES256 and ECDH, RSA for RS256.
 *
 * Used by jwt, vapid and ece, so that they do not meet OpenSSL. A pair made from a point alone
 * can only verify and be agreed with.
 */
#include "crypto/key-pair.h"

#include "base/error.h"
#include "crypto/key-file.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <string.h>

#define CURVE "P-256"
#define SCALAR_SIZE 32
#define MIN_RSA_BITS 2048

struct _KeyPair {
  EVP_PKEY *key;
  gboolean rsa;
};

G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_PKEY_CTX, EVP_PKEY_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_MD_CTX, EVP_MD_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OSSL_PARAM_BLD, OSSL_PARAM_BLD_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OSSL_PARAM, OSSL_PARAM_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ECDSA_SIG, ECDSA_SIG_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BIGNUM, BN_clear_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BIO, BIO_free_all)

static gpointer
fail (GError **error, const gchar *what)
{
  unsigned long code = ERR_peek_last_error ();
  const gchar *reason = code ? ERR_reason_error_string (code) : NULL;

  g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CRYPTO, "%s%s%s", what, reason ? ": " : "",
               reason ? reason : "");
  ERR_clear_error ();
  return NULL;
}

static KeyPair *
wrap (EVP_PKEY *key, GError **error)
{
  KeyPair *pair = g_new0 (KeyPair, 1);
  gchar group[32] = "";

  pair->key = key;
  pair->rsa = EVP_PKEY_is_a (key, "RSA");
  if (pair->rsa && EVP_PKEY_get_bits (key) >= MIN_RSA_BITS)
    return pair;
  if (EVP_PKEY_is_a (key, "EC") && EVP_PKEY_get_group_name (key, group, sizeof group, NULL) &&
      OBJ_txt2nid (group) == NID_X9_62_prime256v1)
    return pair;
  key_pair_free (pair);
  return fail (error, "The key is neither P-256 nor RSA of 2048 bits or more");
}

/**
 * key_pair_generate:
 * @error: where an error goes
 *
 * Returns: (transfer full) (nullable): a fresh P-256 pair
 */
KeyPair *
key_pair_generate (GError **error)
{
  EVP_PKEY *key = EVP_EC_gen (CURVE);

  return key ? wrap (key, error) : fail (error, "No key can be generated");
}

/* Without it OpenSSL would ask the terminal for the passphrase. */
static int
refuse_passphrase (char *buffer, int size, int writing, void *data)
{
  return -1;
}

/**
 * key_pair_from_pem:
 * @pem: a private or a public key, not encrypted
 * @error: where an error goes
 *
 * Returns: (transfer full) (nullable): the pair
 */
KeyPair *
key_pair_from_pem (const gchar *pem, GError **error)
{
  g_autoptr (BIO) bio = BIO_new_mem_buf (pem, -1);
  EVP_PKEY *key = strstr (pem, "PRIVATE KEY")
                      ? PEM_read_bio_PrivateKey (bio, NULL, refuse_passphrase, NULL)
                      : PEM_read_bio_PUBKEY (bio, NULL, refuse_passphrase, NULL);

  return key ? wrap (key, error) : fail (error, "There is no readable key in the PEM text");
}

static KeyPair *
from_params (OSSL_PARAM_BLD *builder, int selection, GError **error)
{
  g_autoptr (OSSL_PARAM) params = OSSL_PARAM_BLD_to_param (builder);
  g_autoptr (EVP_PKEY_CTX) context = EVP_PKEY_CTX_new_from_name (NULL, "EC", NULL);
  EVP_PKEY *key = NULL;

  if (!params || !context || EVP_PKEY_fromdata_init (context) != 1 ||
      EVP_PKEY_fromdata (context, &key, selection, params) != 1)
    return fail (error, "Not a P-256 key");
  return wrap (key, error);
}

/**
 * key_pair_from_point:
 * @point: an uncompressed point, 65 bytes
 * @error: where an error goes; a point off the curve is one
 *
 * Returns: (transfer full) (nullable): a pair without its private half
 */
KeyPair *
key_pair_from_point (GBytes *point, GError **error)
{
  g_autoptr (OSSL_PARAM_BLD) builder = OSSL_PARAM_BLD_new ();
  gsize size;
  const guint8 *data = g_bytes_get_data (point, &size);

  if (size != KEY_PAIR_POINT_SIZE || data[0] != 4) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID,
                 "A P-256 public key is an uncompressed point of %d bytes", KEY_PAIR_POINT_SIZE);
    return NULL;
  }
  if (!OSSL_PARAM_BLD_push_utf8_string (builder, OSSL_PKEY_PARAM_GROUP_NAME, CURVE, 0) ||
      !OSSL_PARAM_BLD_push_octet_string (builder, OSSL_PKEY_PARAM_PUB_KEY, data, size))
    return fail (error, "Not a P-256 key");
  return from_params (builder, EVP_PKEY_PUBLIC_KEY, error);
}

/**
 * key_pair_from_scalar:
 * @scalar: the private half, 32 bytes
 * @point: the public half, 65 bytes
 * @error: where an error goes
 *
 * Returns: (transfer full) (nullable): the pair
 */
KeyPair *
key_pair_from_scalar (GBytes *scalar, GBytes *point, GError **error)
{
  g_autoptr (OSSL_PARAM_BLD) builder = OSSL_PARAM_BLD_new ();
  g_autoptr (BIGNUM) number = BN_secure_new ();
  gsize scalar_size, point_size;
  const guint8 *scalar_data = g_bytes_get_data (scalar, &scalar_size);
  const guint8 *point_data = g_bytes_get_data (point, &point_size);

  if (scalar_size != SCALAR_SIZE || point_size != KEY_PAIR_POINT_SIZE ||
      !BN_bin2bn (scalar_data, (int) scalar_size, number) ||
      !OSSL_PARAM_BLD_push_utf8_string (builder, OSSL_PKEY_PARAM_GROUP_NAME, CURVE, 0) ||
      !OSSL_PARAM_BLD_push_octet_string (builder, OSSL_PKEY_PARAM_PUB_KEY, point_data,
                                         point_size) ||
      !OSSL_PARAM_BLD_push_BN (builder, OSSL_PKEY_PARAM_PRIV_KEY, number))
    return fail (error, "Not a P-256 key");
  return from_params (builder, EVP_PKEY_KEYPAIR, error);
}

/**
 * key_pair_free:
 * @pair: (nullable) (transfer full): a pair
 */
void
key_pair_free (KeyPair *pair)
{
  if (!pair)
    return;
  EVP_PKEY_free (pair->key);
  g_free (pair);
}

/**
 * key_pair_algorithm:
 * @pair: a pair
 *
 * Returns: (transfer none): the name of its signatures (RFC 7518 section 3.1): ES256 or RS256
 */
const gchar *
key_pair_algorithm (KeyPair *pair)
{
  return pair->rsa ? "RS256" : "ES256";
}

/**
 * key_pair_point:
 * @pair: a P-256 pair
 * @error: where an error goes
 *
 * Returns: (transfer full) (nullable): its public half, an uncompressed point of 65 bytes
 */
GBytes *
key_pair_point (KeyPair *pair, GError **error)
{
  guint8 point[KEY_PAIR_POINT_SIZE];
  gsize size = 0;

  if (pair->rsa ||
      EVP_PKEY_get_octet_string_param (pair->key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point,
                                       &size) != 1 ||
      size != sizeof point)
    return fail (error, "The key has no uncompressed point");
  return g_bytes_new (point, size);
}

/**
 * key_pair_to_pem:
 * @pair: a pair with its private half
 * @error: where an error goes
 *
 * Returns: (transfer full) (nullable): PKCS#8, not encrypted
 */
gchar *
key_pair_to_pem (KeyPair *pair, GError **error)
{
  g_autoptr (BIO) bio = BIO_new (BIO_s_secmem ());
  gchar *data;
  long size;

  if (!bio || PEM_write_bio_PKCS8PrivateKey (bio, pair->key, NULL, NULL, 0, NULL, NULL) != 1)
    return fail (error, "The key cannot be written");
  size = BIO_get_mem_data (bio, &data);
  return g_strndup (data, size);
}

/**
 * key_pair_load_or_generate:
 * @path: a PEM file
 * @error: where an error goes
 *
 * Reads the key, or makes a P-256 one, mode 0600, where there is none.
 *
 * Returns: (transfer full) (nullable): the pair
 */
KeyPair *
key_pair_load_or_generate (const gchar *path, GError **error)
{
  g_autoptr (GError) failure = NULL;
  g_autoptr (GBytes) content = key_file_load (path, &failure);
  g_autofree gchar *text = NULL;
  KeyPair *pair;

  if (g_error_matches (failure, SIPWAKE_ERROR, SIPWAKE_ERROR_NOT_FOUND)) {
    g_autoptr (KeyPair) fresh = key_pair_generate (error);
    g_autofree gchar *pem = fresh ? key_pair_to_pem (fresh, error) : NULL;
    g_autoptr (GBytes) bytes = pem ? g_bytes_new (pem, strlen (pem)) : NULL;

    if (!bytes || !key_file_create (path, bytes, error))
      return NULL;
    g_clear_error (&failure);
    content = key_file_load (path, &failure);
  }
  if (!content) {
    g_propagate_error (error, g_steal_pointer (&failure));
    return NULL;
  }
  text = g_strndup (g_bytes_get_data (content, NULL), g_bytes_get_size (content));
  pair = key_pair_from_pem (text, error);
  if (!pair)
    g_prefix_error (error, "%s: ", path);
  return pair;
}

/* JOSE wants r and s in 32 bytes each (RFC 7518 section 3.4) where OpenSSL speaks DER. */
static GBytes *
der_to_raw (const guint8 *der, gsize size, GError **error)
{
  g_autoptr (ECDSA_SIG) parts = d2i_ECDSA_SIG (NULL, &der, (long) size);
  guint8 raw[2 * SCALAR_SIZE];

  if (!parts || BN_bn2binpad (ECDSA_SIG_get0_r (parts), raw, SCALAR_SIZE) != SCALAR_SIZE ||
      BN_bn2binpad (ECDSA_SIG_get0_s (parts), raw + SCALAR_SIZE, SCALAR_SIZE) != SCALAR_SIZE)
    return fail (error, "The signature does not fit");
  return g_bytes_new (raw, sizeof raw);
}

static GBytes *
raw_to_der (GBytes *raw)
{
  g_autoptr (ECDSA_SIG) parts = ECDSA_SIG_new ();
  gsize size;
  const guint8 *data = g_bytes_get_data (raw, &size);
  guint8 *der = NULL;
  GBytes *bytes;
  int length;

  if (size != 2 * SCALAR_SIZE)
    return NULL;
  ECDSA_SIG_set0 (parts, BN_bin2bn (data, SCALAR_SIZE, NULL),
                  BN_bin2bn (data + SCALAR_SIZE, SCALAR_SIZE, NULL));
  length = i2d_ECDSA_SIG (parts, &der);
  bytes = length > 0 ? g_bytes_new (der, length) : NULL;
  OPENSSL_free (der);
  return bytes;
}

/**
 * key_pair_sign:
 * @pair: a pair with its private half
 * @text: what to sign
 * @error: where an error goes
 *
 * Returns: (transfer full) (nullable): the signature as in a JWS (RFC 7518 sections 3.3, 3.4)
 */
GBytes *
key_pair_sign (KeyPair *pair, const gchar *text, GError **error)
{
  g_autoptr (EVP_MD_CTX) context = EVP_MD_CTX_new ();
  g_autofree guint8 *signature = NULL;
  gsize length = strlen (text), size = EVP_PKEY_get_size (pair->key);

  signature = g_malloc (size);
  if (EVP_DigestSignInit (context, NULL, EVP_sha256 (), NULL, pair->key) != 1 ||
      EVP_DigestSign (context, signature, &size, (const guint8 *) text, length) != 1)
    return fail (error, "The key cannot sign");
  return pair->rsa ? g_bytes_new (signature, size) : der_to_raw (signature, size, error);
}

/**
 * key_pair_verify:
 * @pair: a pair
 * @text: what was signed
 * @length: its length
 * @signature: a signature as in a JWS
 *
 * Returns: whether @pair signed @text
 */
gboolean
key_pair_verify (KeyPair *pair, const gchar *text, gsize length, GBytes *signature)
{
  g_autoptr (EVP_MD_CTX) context = EVP_MD_CTX_new ();
  g_autoptr (GBytes) form = pair->rsa ? g_bytes_ref (signature) : raw_to_der (signature);
  gboolean good;

  if (!form || EVP_DigestVerifyInit (context, NULL, EVP_sha256 (), NULL, pair->key) != 1)
    return FALSE;
  good = EVP_DigestVerify (context, g_bytes_get_data (form, NULL), g_bytes_get_size (form),
                           (const guint8 *) text, length) == 1;
  ERR_clear_error ();
  return good;
}

/**
 * key_pair_agree:
 * @pair: a P-256 pair with its private half
 * @peer: the other side's public half
 * @error: where an error goes
 *
 * Returns: (transfer full) (nullable): the ECDH secret, 32 bytes
 */
GBytes *
key_pair_agree (KeyPair *pair, KeyPair *peer, GError **error)
{
  g_autoptr (EVP_PKEY_CTX) context = EVP_PKEY_CTX_new (pair->key, NULL);
  guint8 secret[SCALAR_SIZE];
  gsize size = sizeof secret;
  GBytes *bytes;

  /* set_peer checks that the point lies on the curve. */
  if (!context || EVP_PKEY_derive_init (context) != 1 ||
      EVP_PKEY_derive_set_peer (context, peer->key) != 1 ||
      EVP_PKEY_derive (context, secret, &size) != 1 || size != sizeof secret)
    return fail (error, "The keys do not agree");
  bytes = g_bytes_new (secret, size);
  OPENSSL_cleanse (secret, sizeof secret);
  return bytes;
}
