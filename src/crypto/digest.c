/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * digest: the hashes of digest authentication, RFC 2617 §3.2.2, RFC 7616 §3.4, RFC 8760.
 *
 * Everything starts from HA1, so that a password need not be kept. The registrar asks phones and
 * answers the PBX with it; the header fields themselves are crypto/digest-header.
 */
#include "crypto/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <string.h>

#define MAX_HEX (2 * EVP_MAX_MD_SIZE + 1)

static const gchar *const algorithm_names[] = {
  [DIGEST_MD5] = "MD5",
  [DIGEST_SHA256] = "SHA-256",
};

static const gchar *const qop_names[] = {
  [DIGEST_QOP_NONE] = NULL,
  [DIGEST_QOP_AUTH] = "auth",
  [DIGEST_QOP_AUTH_INT] = "auth-int",
};

/* OpenSSL looks an algorithm up anew for every EVP_md5(); fetched once it costs a third. */
static const EVP_MD *
algorithm_md (DigestAlgorithm algorithm)
{
  static gsize ready;
  static EVP_MD *mds[G_N_ELEMENTS (algorithm_names)];

  if (g_once_init_enter (&ready)) {
    mds[DIGEST_MD5] = EVP_MD_fetch (NULL, "MD5", NULL);
    mds[DIGEST_SHA256] = EVP_MD_fetch (NULL, "SHA2-256", NULL);
    g_once_init_leave (&ready, 1);
  }
  return mds[algorithm];
}

static gsize
algorithm_hex_length (DigestAlgorithm algorithm)
{
  return algorithm == DIGEST_MD5 ? 32 : 64;
}

/* Hashes (text, size) pairs, up to a NULL text, into lower-case hex. */
static gboolean
hash_hex (DigestAlgorithm algorithm, gchar hex[MAX_HEX], ...)
{
  static const gchar digits[] = "0123456789abcdef";
  const EVP_MD *md = algorithm_md (algorithm);
  EVP_MD_CTX *context = EVP_MD_CTX_new ();
  guchar sum[EVP_MAX_MD_SIZE];
  guint size = 0;
  gboolean done = md && context && EVP_DigestInit_ex2 (context, md, NULL);
  const gchar *part;
  va_list parts;

  va_start (parts, hex);
  while (done && (part = va_arg (parts, const gchar *)))
    done = EVP_DigestUpdate (context, part, va_arg (parts, gsize));
  va_end (parts);
  done = done && EVP_DigestFinal_ex (context, sum, &size);
  EVP_MD_CTX_free (context);

  for (guint i = 0; i < size; i++) {
    hex[2 * i] = digits[sum[i] >> 4];
    hex[2 * i + 1] = digits[sum[i] & 15];
  }
  hex[2 * size] = '\0';
  OPENSSL_cleanse (sum, sizeof sum);
  return done;
}

#define PART(text) (text), strlen (text)
#define COLON ":", (gsize) 1
#define END ((const gchar *) NULL)

/**
 * digest_algorithm_from_string:
 * @text: (nullable): the algorithm parameter; none means MD5
 * @algorithm: (out): where it goes
 *
 * RFC 3261 §22.4, RFC 8760 §2.2. The -sess variants and SHA-512-256 are not ours.
 *
 * Returns: whether it is one that we compute
 */
gboolean
digest_algorithm_from_string (const gchar *text, DigestAlgorithm *algorithm)
{
  if (!text) {
    *algorithm = DIGEST_MD5;
    return TRUE;
  }
  for (guint i = 0; i < G_N_ELEMENTS (algorithm_names); i++) {
    if (g_ascii_strcasecmp (text, algorithm_names[i]) == 0) {
      *algorithm = i;
      return TRUE;
    }
  }
  return FALSE;
}

/**
 * digest_algorithm_to_string:
 * @algorithm: an algorithm
 *
 * Returns: (transfer none): its name as the algorithm parameter has it
 */
const gchar *
digest_algorithm_to_string (DigestAlgorithm algorithm)
{
  return algorithm_names[algorithm];
}

/**
 * digest_qop_to_string:
 * @qop: a quality of protection
 *
 * Returns: (transfer none) (nullable): its name, %NULL for #DIGEST_QOP_NONE
 */
const gchar *
digest_qop_to_string (DigestQop qop)
{
  return qop_names[qop];
}

/**
 * digest_ha1:
 * @algorithm: which hash
 * @username: the user name, unquoted
 * @realm: the realm, unquoted
 * @password: the password
 *
 * RFC 7616 §3.4.2.
 *
 * Returns: (transfer full) (nullable): H(username:realm:password) in lower-case hex, to be freed
 *   with sealed_wipe(); %NULL where this machine's OpenSSL forbids the hash
 */
gchar *
digest_ha1 (DigestAlgorithm algorithm,
            const gchar *username,
            const gchar *realm,
            const gchar *password)
{
  gchar hex[MAX_HEX];
  gchar *ha1;

  if (!hash_hex (algorithm, hex, PART (username), COLON, PART (realm), COLON, PART (password), END))
    return NULL;
  ha1 = g_strdup (hex);
  OPENSSL_cleanse (hex, sizeof hex);
  return ha1;
}

/**
 * digest_is_ha1:
 * @algorithm: which hash
 * @text: what is said to be an HA1
 *
 * Returns: whether @text is as long as @algorithm makes it and all lower-case hex
 */
gboolean
digest_is_ha1 (DigestAlgorithm algorithm, const gchar *text)
{
  return strlen (text) == algorithm_hex_length (algorithm) &&
         strspn (text, "0123456789abcdef") == algorithm_hex_length (algorithm);
}

/**
 * digest_response:
 * @input: nonce, method and URI; nc and cnonce with a qop; the body with auth-int
 * @ha1: HA1 in lower-case hex
 *
 * RFC 7616 §3.4.1; without qop as RFC 2617 §3.2.2.1 has it for old peers.
 *
 * Returns: (transfer full) (nullable): the response in lower-case hex; %NULL when a qop lacks nc or
 *   cnonce, or OpenSSL forbids the hash
 */
gchar *
digest_response (const DigestInput *input, const gchar *ha1)
{
  gchar ha2[MAX_HEX], body[MAX_HEX], response[MAX_HEX];
  const gchar *qop = qop_names[input->qop];
  gboolean done;

  if (qop && (!input->nc || !input->cnonce))
    return NULL;

  if (input->qop == DIGEST_QOP_AUTH_INT)
    done =
        hash_hex (input->algorithm, body, input->body ? input->body : "", input->body_size, END) &&
        hash_hex (input->algorithm, ha2, PART (input->method), COLON, PART (input->uri), COLON,
                  PART (body), END);
  else
    done = hash_hex (input->algorithm, ha2, PART (input->method), COLON, PART (input->uri), END);
  if (!done)
    return NULL;

  if (qop)
    done = hash_hex (input->algorithm, response, PART (ha1), COLON, PART (input->nonce), COLON,
                     PART (input->nc), COLON, PART (input->cnonce), COLON, PART (qop), COLON,
                     PART (ha2), END);
  else
    done = hash_hex (input->algorithm, response, PART (ha1), COLON, PART (input->nonce), COLON,
                     PART (ha2), END);
  return done ? g_strdup (response) : NULL;
}

/**
 * digest_verify:
 * @input: as for digest_response()
 * @ha1: HA1 in lower-case hex
 * @response: what the peer answered
 *
 * Takes the same time wherever the first difference stands. RFC 7616 allows upper-case hex nowhere,
 * yet some phones send it.
 *
 * Returns: whether the peer knows the password
 */
gboolean
digest_verify (const DigestInput *input, const gchar *ha1, const gchar *response)
{
  g_autofree gchar *expected = digest_response (input, ha1);
  g_autofree gchar *given = NULL;

  if (!expected || strlen (response) != strlen (expected))
    return FALSE;
  given = g_ascii_strdown (response, -1);
  return CRYPTO_memcmp (expected, given, strlen (expected)) == 0;
}
