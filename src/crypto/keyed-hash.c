/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * keyed-hash: HMAC-SHA-256 (RFC 2104) whose key is set once: that costs more than a short hash.
 *
 * Opaque names (token) and nonces are made with it.
 */
#include "crypto/keyed-hash.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>

struct _KeyedHash {
  EVP_MAC_CTX *mac;
};

/**
 * keyed_hash_new:
 * @key: the key
 * @size: its bytes
 *
 * Aborts when OpenSSL knows no HMAC-SHA-256: nothing safe could follow.
 *
 * Returns: (transfer full): what hashes with @key, in one thread
 */
KeyedHash *
keyed_hash_new (gconstpointer key, gsize size)
{
  gchar digest[] = "SHA2-256";
  const OSSL_PARAM params[] = {
    OSSL_PARAM_construct_utf8_string (OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end ()
  };
  EVP_MAC *hmac = EVP_MAC_fetch (NULL, OSSL_MAC_NAME_HMAC, NULL);
  KeyedHash *hash = g_new (KeyedHash, 1);

  hash->mac = EVP_MAC_CTX_new (hmac);
  EVP_MAC_free (hmac);
  if (!hash->mac || !EVP_MAC_init (hash->mac, key, size, params))
    g_error ("OpenSSL gives no HMAC-SHA-256");
  return hash;
}

/**
 * keyed_hash_free:
 * @hash: (transfer full): a keyed hash, whose key is wiped
 */
void
keyed_hash_free (KeyedHash *hash)
{
  EVP_MAC_CTX_free (hash->mac);
  g_free (hash);
}

/**
 * keyed_hash_make:
 * @hash: a keyed hash
 * @data: what to hash
 * @size: its bytes
 * @digest: (out caller-allocates): the hash of it
 */
void
keyed_hash_make (KeyedHash *hash, gconstpointer data, gsize size, guint8 digest[KEYED_HASH_SIZE])
{
  gsize length;

  if (!EVP_MAC_init (hash->mac, NULL, 0, NULL) || !EVP_MAC_update (hash->mac, data, size) ||
      !EVP_MAC_final (hash->mac, digest, &length, KEYED_HASH_SIZE))
    g_error ("OpenSSL gives no HMAC-SHA-256");
}
