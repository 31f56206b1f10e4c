/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-certificate: a self-signed certificate for this host's loopback.
 */
#include "test-certificate.h"

#include <gio/gio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#define LIFE (7 * 24 * 3600)
#define LOOPBACK "DNS:localhost,IP:127.0.0.1,IP:::1"

static void
add_extension (X509 *certificate, int nid, const gchar *value)
{
  X509V3_CTX context;
  X509_EXTENSION *extension;

  X509V3_set_ctx (&context, certificate, certificate, NULL, NULL, 0);
  extension = X509V3_EXT_conf_nid (NULL, &context, nid, value);
  g_assert_nonnull (extension);
  X509_add_ext (certificate, extension, -1);
  X509_EXTENSION_free (extension);
}

static X509 *
make (EVP_PKEY *key, const gchar *names, gint64 end)
{
  X509 *certificate = X509_new ();
  X509_NAME *name = X509_get_subject_name (certificate);

  X509_set_version (certificate, X509_VERSION_3);
  ASN1_INTEGER_set_int64 (X509_get_serialNumber (certificate), g_get_real_time ());
  X509_gmtime_adj (X509_getm_notBefore (certificate), -LIFE);
  X509_gmtime_adj (X509_getm_notAfter (certificate), end);
  X509_set_pubkey (certificate, key);
  X509_NAME_add_entry_by_txt (name, "CN", MBSTRING_ASC, (const guchar *) "localhost", -1, -1, 0);
  X509_set_issuer_name (certificate, name);
  add_extension (certificate, NID_subject_alt_name, names);
  add_extension (certificate, NID_basic_constraints, "critical,CA:TRUE");
  X509_sign (certificate, key, EVP_sha256 ());
  return certificate;
}

static gboolean
write_bio (const gchar *path, BIO *bio, GError **error)
{
  gchar *data;
  long size = BIO_get_mem_data (bio, &data);
  gboolean good =
      g_file_set_contents_full (path, data, size, G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);

  BIO_free_all (bio);
  return good;
}

/**
 * test_certificate_make:
 * @certificate_path: where the certificate goes
 * @key_path: where its key goes
 * @error: where an error goes
 *
 * Makes a P-256 certificate for localhost, 127.0.0.1 and ::1, valid for a week.
 *
 * Returns: whether both are written
 */
gboolean
test_certificate_make (const gchar *certificate_path, const gchar *key_path, GError **error)
{
  return test_certificate_make_with (certificate_path, key_path, NULL, 0, error);
}

/**
 * test_certificate_make_with:
 * @certificate_path: where the certificate goes
 * @key_path: where its key goes
 * @names: (nullable): the subject's names in OpenSSL's notation; NULL: this host's loopback
 * @end: when it ends, in seconds from now; 0: in a week
 * @error: where an error goes
 *
 * Returns: whether both are written
 */
gboolean
test_certificate_make_with (const gchar *certificate_path,
                            const gchar *key_path,
                            const gchar *names,
                            gint64 end,
                            GError **error)
{
  EVP_PKEY *key = EVP_EC_gen ("P-256");
  X509 *certificate = make (key, names ? names : LOOPBACK, end ? end : LIFE);
  BIO *certificate_bio = BIO_new (BIO_s_mem ()), *key_bio = BIO_new (BIO_s_mem ());
  gboolean good;

  PEM_write_bio_X509 (certificate_bio, certificate);
  PEM_write_bio_PKCS8PrivateKey (key_bio, key, NULL, NULL, 0, NULL, NULL);
  good = write_bio (certificate_path, certificate_bio, error);
  good = write_bio (key_path, key_bio, good ? error : NULL) && good;
  X509_free (certificate);
  EVP_PKEY_free (key);
  return good;
}
