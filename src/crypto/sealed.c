/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sealed: secrets at rest, AES-256-GCM.
 *
 * The registrar seals an account's password or HA1 before the store sees it. The blob is bound to
 * the name of its owner, so that it opens in no other row. The key comes from systemd's credentials
 * where the administrator set one up, else from a file in the state directory that is made at the
 * first start; whoever steals the database alone has nothing.
 *
 * Blob: one byte of version, 96 random bits of nonce, the ciphertext, 128 bits of tag.
 */
#include "crypto/sealed.h"

#include "base/error.h"
#include "base/names.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_SIZE 32
#define MAX_KEY_FILE 4096
#define VERSION 1
#define NONCE_SIZE 12
#define TAG_SIZE 16
#define HEAD_SIZE (1 + NONCE_SIZE)
#define MAX_SECRET 4096

struct _SealedKey {
  guchar bytes[KEY_SIZE];
  gchar *source;
};

/* Whatever length or form the administrator chose, and never the same key for another purpose. */
static gboolean
derive_key (const guchar *material, gsize size, guchar key[KEY_SIZE])
{
  static const gchar info[] = "sipwake secrets at rest";
  EVP_KDF *kdf = EVP_KDF_fetch (NULL, "HKDF", NULL);
  EVP_KDF_CTX *context = kdf ? EVP_KDF_CTX_new (kdf) : NULL;
  OSSL_PARAM params[] = {
    OSSL_PARAM_construct_utf8_string (OSSL_KDF_PARAM_DIGEST, (gchar *) "SHA2-256", 0),
    OSSL_PARAM_construct_octet_string (OSSL_KDF_PARAM_KEY, (guchar *) material, size),
    OSSL_PARAM_construct_octet_string (OSSL_KDF_PARAM_INFO, (gchar *) info, strlen (info)),
    OSSL_PARAM_construct_end (),
  };
  gboolean done = context && EVP_KDF_derive (context, key, KEY_SIZE, params) == 1;

  EVP_KDF_CTX_free (context);
  EVP_KDF_free (kdf);
  return done;
}

static gboolean
set_errno_error (GError **error, const gchar *path, const gchar *what)
{
  g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_STORAGE, "%s: %s: %s", path, what,
               g_strerror (errno));
  return FALSE;
}

/* Makes the file whole or not at all; where another start made one meanwhile, that one stays. */
static gboolean
make_key_file (const gchar *path, GError **error)
{
  g_autofree gchar *temporary = g_strdup_printf ("%s.XXXXXX", path);
  g_autofree gchar *dir = g_path_get_dirname (path);
  guchar bytes[KEY_SIZE];
  gint fd, dir_fd;
  gboolean done;

  if (RAND_bytes (bytes, sizeof bytes) != 1) {
    g_set_error_literal (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CRYPTO, "no randomness for a key");
    return FALSE;
  }
  fd = g_mkstemp_full (temporary, O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0)
    return set_errno_error (error, path, "the key file cannot be made");
  done = write (fd, bytes, sizeof bytes) == sizeof bytes && fsync (fd) == 0 &&
         (link (temporary, path) == 0 || errno == EEXIST);
  OPENSSL_cleanse (bytes, sizeof bytes);
  if (!done)
    set_errno_error (error, path, "the key file cannot be written");
  close (fd);
  unlink (temporary);

  dir_fd = open (dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (dir_fd >= 0) {
    fsync (dir_fd);
    close (dir_fd);
  }
  return done;
}

/* A credential is the service manager's to guard; our own file must be closed to others. */
static gboolean
check_key_file (gint fd, const gchar *path, gboolean ours, GError **error)
{
  struct stat info;

  if (fstat (fd, &info) < 0)
    return set_errno_error (error, path, "the key file cannot be read");
  if (ours && (info.st_mode & (S_IRWXG | S_IRWXO))) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CRYPTO,
                 "%s: others may read the key (mode %04o): chmod 600 it", path,
                 (guint) info.st_mode & 07777);
    return FALSE;
  }
  if (ours && info.st_uid != geteuid ()) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CRYPTO,
                 "%s: the key belongs to user %u, not to the one that sipwaked runs as", path,
                 (guint) info.st_uid);
    return FALSE;
  }
  return TRUE;
}

static SealedKey *
key_from_file (const gchar *path, gboolean ours, GError **error)
{
  guchar material[MAX_KEY_FILE + 1];
  gint fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  g_autoptr (SealedKey) key = NULL;
  gboolean done;
  gssize size;

  if (fd < 0) {
    set_errno_error (error, path, "the key file cannot be opened");
    return NULL;
  }
  if (!check_key_file (fd, path, ours, error)) {
    close (fd);
    return NULL;
  }
  size = read (fd, material, sizeof material);
  close (fd);
  if (size < KEY_SIZE || size > MAX_KEY_FILE) {
    OPENSSL_cleanse (material, sizeof material);
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CRYPTO,
                 "%s: a key has %d to %d bytes, as head -c 32 /dev/urandom makes it", path,
                 KEY_SIZE, MAX_KEY_FILE);
    return NULL;
  }
  key = g_new0 (SealedKey, 1);
  key->source = g_strdup (path);
  done = derive_key (material, size, key->bytes);
  OPENSSL_cleanse (material, sizeof material);
  if (!done) {
    g_set_error_literal (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CRYPTO, "OpenSSL offers no HKDF");
    return NULL;
  }
  return g_steal_pointer (&key);
}

/**
 * sealed_key_load:
 * @state_dir: where the key file lives when systemd hands over no credential
 * @error: return location
 *
 * Takes the credential "sipwake-key" ($CREDENTIALS_DIRECTORY), or the file of mode 0600 in
 * @state_dir, which is made when it is missing. Blocks on the disk: to be called at start.
 *
 * Returns: (transfer full) (nullable): the key; %NULL with %SIPWAKE_ERROR_CRYPTO or
 *   %SIPWAKE_ERROR_STORAGE
 */
SealedKey *
sealed_key_load (const gchar *state_dir, GError **error)
{
  const gchar *credentials = g_getenv ("CREDENTIALS_DIRECTORY");
  g_autofree gchar *path = NULL;

  if (credentials) {
    path = g_build_filename (credentials, SIPWAKE_SEALING_CREDENTIAL, NULL);
    if (g_file_test (path, G_FILE_TEST_EXISTS))
      return key_from_file (path, FALSE, error);
    g_free (path);
  }
  path = g_build_filename (state_dir, SIPWAKE_SEALING_KEY_FILE, NULL);
  if (!g_file_test (path, G_FILE_TEST_EXISTS) && !make_key_file (path, error))
    return NULL;
  return key_from_file (path, TRUE, error);
}

/**
 * sealed_key_free:
 * @key: (nullable) (transfer full): a key
 *
 * Wipes the key.
 */
void
sealed_key_free (SealedKey *key)
{
  if (!key)
    return;
  OPENSSL_cleanse (key->bytes, sizeof key->bytes);
  g_free (key->source);
  g_free (key);
}

/**
 * sealed_key_source:
 * @key: a key
 *
 * Returns: (transfer none): the path that it was read from, for messages
 */
const gchar *
sealed_key_source (const SealedKey *key)
{
  return key->source;
}

static gboolean
encrypt (EVP_CIPHER_CTX *context,
         const SealedKey *key,
         const gchar *owner,
         const gchar *secret,
         guchar *blob)
{
  gsize size = strlen (secret);
  gint length;

  blob[0] = VERSION;
  return RAND_bytes (blob + 1, NONCE_SIZE) == 1 &&
         EVP_EncryptInit_ex (context, EVP_aes_256_gcm (), NULL, key->bytes, blob + 1) == 1 &&
         EVP_EncryptUpdate (context, NULL, &length, blob, 1) == 1 &&
         EVP_EncryptUpdate (context, NULL, &length, (const guchar *) owner, strlen (owner)) == 1 &&
         EVP_EncryptUpdate (context, blob + HEAD_SIZE, &length, (const guchar *) secret, size) ==
             1 &&
         EVP_EncryptFinal_ex (context, blob + HEAD_SIZE + size, &length) == 1 &&
         EVP_CIPHER_CTX_ctrl (context, EVP_CTRL_GCM_GET_TAG, TAG_SIZE, blob + HEAD_SIZE + size) ==
             1;
}

/**
 * sealed_close:
 * @key: the key
 * @owner: whose secret it is: the account's AOR
 * @secret: the secret, at most 4096 bytes
 * @error: return location
 *
 * Returns: (transfer full) (nullable): the sealed blob, never the same twice; %NULL with
 *   %SIPWAKE_ERROR_CRYPTO or %SIPWAKE_ERROR_LIMIT
 */
GBytes *
sealed_close (const SealedKey *key, const gchar *owner, const gchar *secret, GError **error)
{
  gsize size = HEAD_SIZE + strlen (secret) + TAG_SIZE;
  g_autofree guchar *blob = NULL;
  EVP_CIPHER_CTX *context;
  gboolean done;

  if (strlen (secret) > MAX_SECRET) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_LIMIT, "a secret of more than %d bytes",
                 MAX_SECRET);
    return NULL;
  }
  blob = g_malloc (size);
  context = EVP_CIPHER_CTX_new ();
  done = context && encrypt (context, key, owner, secret, blob);
  EVP_CIPHER_CTX_free (context);
  if (!done) {
    g_set_error_literal (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CRYPTO, "a secret cannot be sealed");
    return NULL;
  }
  return g_bytes_new_take (g_steal_pointer (&blob), size);
}

static gboolean
decrypt (EVP_CIPHER_CTX *context,
         const SealedKey *key,
         const gchar *owner,
         const guchar *blob,
         gsize size,
         gchar *secret)
{
  gint length;

  return EVP_DecryptInit_ex (context, EVP_aes_256_gcm (), NULL, key->bytes, blob + 1) == 1 &&
         EVP_DecryptUpdate (context, NULL, &length, blob, 1) == 1 &&
         EVP_DecryptUpdate (context, NULL, &length, (const guchar *) owner, strlen (owner)) == 1 &&
         EVP_DecryptUpdate (context, (guchar *) secret, &length, blob + HEAD_SIZE, size) == 1 &&
         EVP_CIPHER_CTX_ctrl (context, EVP_CTRL_GCM_SET_TAG, TAG_SIZE,
                              (guchar *) blob + HEAD_SIZE + size) == 1 &&
         EVP_DecryptFinal_ex (context, (guchar *) secret + size, &length) == 1;
}

/**
 * sealed_open:
 * @key: the key
 * @owner: whose secret it should be
 * @blob: what sealed_close() returned
 * @error: return location
 *
 * Returns: (transfer full) (nullable): the secret, to be freed with sealed_wipe(); %NULL with
 *   %SIPWAKE_ERROR_CRYPTO when the key or the owner is another one, or the blob was tampered with
 */
gchar *
sealed_open (const SealedKey *key, const gchar *owner, GBytes *blob, GError **error)
{
  gsize size;
  const guchar *data = g_bytes_get_data (blob, &size);
  EVP_CIPHER_CTX *context;
  gboolean done;
  gchar *secret;

  if (size < HEAD_SIZE + TAG_SIZE || size > HEAD_SIZE + MAX_SECRET + TAG_SIZE ||
      data[0] != VERSION) {
    g_set_error_literal (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CRYPTO,
                         "this is no secret that sipwake sealed");
    return NULL;
  }
  size -= HEAD_SIZE + TAG_SIZE;
  secret = g_malloc0 (size + 1);
  context = EVP_CIPHER_CTX_new ();
  done = context && decrypt (context, key, owner, data, size, secret);
  EVP_CIPHER_CTX_free (context);
  if (!done) {
    OPENSSL_cleanse (secret, size);
    g_free (secret);
    g_set_error (
        error, SIPWAKE_ERROR, SIPWAKE_ERROR_CRYPTO,
        "a sealed secret does not open: it was sealed with another key than %s, or changed",
        key->source);
    return NULL;
  }
  return secret;
}

/**
 * sealed_wipe:
 * @secret: (nullable) (transfer full): a password or an HA1
 *
 * Overwrites and frees it.
 */
void
sealed_wipe (gchar *secret)
{
  if (!secret)
    return;
  OPENSSL_cleanse (secret, strlen (secret));
  g_free (secret);
}

/**
 * sealed_wipe_buffer:
 * @buffer: memory in which secrets were worked on
 * @size: in bytes
 *
 * Overwrites it, also where the compiler sees no use in that.
 */
void
sealed_wipe_buffer (gpointer buffer, gsize size)
{
  OPENSSL_cleanse (buffer, size);
}
