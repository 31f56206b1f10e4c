/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * edge-expiry: whether a certificate ends soon, while there is still time to renew it.
 *
 * Pure but for reading the file; the daemon's edge-renewal asks, at start and once a day.
 */
#include "edge/edge-expiry.h"

#include "base/clock.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <time.h>

#define LONGEST_WARNING (14 * 24 * 3600)
#define LIFE_PARTS 5 /* certificates that live for days only are renewed late */

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
 * edge_expiry_is_near:
 * @path: a PEM file with a certificate, and maybe its issuers after it
 * @end: (out): when the certificate ends, in seconds since the epoch
 *
 * Near is the last fifth of its life, and two weeks at most.
 *
 * Returns: whether its end is near or past; FALSE for a file that cannot be read
 */
gboolean
edge_expiry_is_near (const gchar *path, gint64 *end)
{
  X509 *certificate = read_first (path);
  gint64 begin;

  if (!certificate)
    return FALSE;
  begin = to_wall (X509_get0_notBefore (certificate));
  *end = to_wall (X509_get0_notAfter (certificate));
  X509_free (certificate);
  return *end - clock_wall () <= MIN ((*end - begin) / LIFE_PARTS, LONGEST_WARNING);
}
