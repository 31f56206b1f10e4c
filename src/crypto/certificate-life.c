/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * certificate-life: from when until when a certificate on the disk is valid (RFC 5280
 * section 4.1.2.5).
 */
#include "crypto/certificate-life.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <time.h>

static X509 *
read_first (const gchar *path)
{
  BIO *file = BIO_new_file (path, "r");
  X509 *certificate = file ? PEM_read_bio_X509 (file, NULL, NULL, NULL) : NULL;

  BIO_free (file);
  return certificate;
}

static gint64
to_wall (const ASN1_TIME *time)
{
  struct tm parts = { 0 };

  return ASN1_TIME_to_tm (time, &parts) == 1 ? (gint64) timegm (&parts) : 0;
}

/**
 * certificate_life_read:
 * @path: a PEM file with a certificate, and maybe others after it
 * @begin: (out): from when it is valid, in seconds since the epoch
 * @end: (out): until when
 *
 * Returns: FALSE for a file that cannot be read
 */
gboolean
certificate_life_read (const gchar *path, gint64 *begin, gint64 *end)
{
  X509 *certificate = read_first (path);

  if (!certificate)
    return FALSE;
  *begin = to_wall (X509_get0_notBefore (certificate));
  *end = to_wall (X509_get0_notAfter (certificate));
  X509_free (certificate);
  return TRUE;
}
