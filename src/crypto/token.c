/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * token: opaque names: random ones, and keyed ones that the same input always yields again.
 *
 * Both are lower-case base32, which is legal in a SIP user part, a URI parameter and a file name,
 * and survives software that does not keep case.
 */
#include "crypto/token.h"

#include "base/error.h"
#include "crypto/key-file.h"

#include <openssl/rand.h>
#include <stdarg.h>
#include <string.h>

#define KEYED_BYTES 16
#define USUAL_PARTS 256 /* bytes */
#define MAX_RANDOM_BITS 512
#define POOL_BYTES 512 /* dozens of names: asking for many bytes costs little more than for few */

static gchar *
base32 (const guint8 *bytes, gsize size, guint bits)
{
  static const gchar alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
  gchar *text = g_malloc (bits / 5 + 2), *end = text;

  for (guint bit = 0; bit < bits; bit += 5) {
    guint window = bytes[bit / 8] << 8 | (bit / 8 + 1 < size ? bytes[bit / 8 + 1] : 0);

    *end++ = alphabet[window >> (11 - bit % 8) & 31];
  }
  *end = '\0';
  return text;
}

/* Each byte is handed out once, and forgotten then. */
static void
draw (guint8 *bytes, gsize size)
{
  static _Thread_local guint8 pool[POOL_BYTES];
  static _Thread_local gsize left;

  if (left < size) {
    if (RAND_bytes (pool, sizeof pool) != 1)
      g_error ("The system gives no random bytes");
    left = sizeof pool;
  }
  left -= size;
  memcpy (bytes, pool + left, size);
  memset (pool + left, 0, size);
}

/**
 * token_random:
 * @bits: how unguessable, at most 512
 *
 * Aborts when the system has no randomness: nothing safe could follow.
 *
 * Returns: (transfer full): a fresh name of @bits / 5 characters, rounded up
 */
gchar *
token_random (guint bits)
{
  guint8 bytes[MAX_RANDOM_BITS / 8];
  gsize size = (bits + 7) / 8;

  g_assert (bits > 0 && bits <= MAX_RANDOM_BITS);
  draw (bytes, size);
  return base32 (bytes, size, bits);
}

static void
append_part (GString *parts, const gchar *part)
{
  gsize length = strlen (part);
  guint32 prefix = GUINT32_TO_BE ((guint32) length);

  /* The length keeps ("ab", "c") apart from ("a", "bc"). */
  g_string_append_len (parts, (const gchar *) &prefix, sizeof prefix);
  g_string_append_len (parts, part, (gssize) length);
}

/**
 * token_keyed:
 * @key: from token_key_load()
 * @first: the first part of what is named
 * @...: further parts, then NULL
 *
 * Returns: (transfer full): the name of these parts: 128 bits of HMAC-SHA-256, 26 characters
 */
gchar *
token_keyed (KeyedHash *key, const gchar *first, ...)
{
  g_autoptr (GString) parts = g_string_sized_new (USUAL_PARTS);
  guint8 digest[KEYED_HASH_SIZE];
  va_list rest;

  va_start (rest, first);
  for (const gchar *part = first; part; part = va_arg (rest, const gchar *))
    append_part (parts, part);
  va_end (rest);
  keyed_hash_make (key, parts->str, parts->len, digest);
  return base32 (digest, KEYED_BYTES, KEYED_BYTES * 8);
}

static gboolean
create_key (const gchar *path, GError **error)
{
  guint8 bytes[TOKEN_KEY_SIZE];
  g_autoptr (GBytes) content = NULL;

  if (RAND_bytes (bytes, sizeof bytes) != 1) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CRYPTO, "%s: no random bytes", path);
    return FALSE;
  }
  content = g_bytes_new (bytes, sizeof bytes);
  return key_file_create (path, content, error);
}

/**
 * token_key_load:
 * @path: the key's file
 * @error: where an error goes
 *
 * Reads the key, or makes it where there is none. A file that is short, or that others may read,
 * is an error and stays untouched: names made with another key would not be recognised.
 *
 * Returns: (transfer full) (nullable): the key
 */
KeyedHash *
token_key_load (const gchar *path, GError **error)
{
  g_autoptr (GError) failure = NULL;
  g_autoptr (GBytes) key = key_file_load (path, &failure);

  if (g_error_matches (failure, SIPWAKE_ERROR, SIPWAKE_ERROR_NOT_FOUND)) {
    g_clear_error (&failure);
    if (!create_key (path, error))
      return NULL;
    key = key_file_load (path, &failure);
  }
  if (!key) {
    g_propagate_error (error, g_steal_pointer (&failure));
    return NULL;
  }
  if (g_bytes_get_size (key) != TOKEN_KEY_SIZE) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CRYPTO,
                 "%s: holds %" G_GSIZE_FORMAT " bytes, a key has %d", path, g_bytes_get_size (key),
                 TOKEN_KEY_SIZE);
    return NULL;
  }
  return keyed_hash_new (g_bytes_get_data (key, NULL), g_bytes_get_size (key));
}
