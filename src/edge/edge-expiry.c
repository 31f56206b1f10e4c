/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * edge-expiry: whether a certificate ends soon, while there is still time to renew it.
 *
 * Pure but for reading the file; the daemon's edge-renewal asks, at start and once a day.
 */
#include "edge/edge-expiry.h"

#include "base/clock.h"
#include "crypto/certificate-life.h"

#define LONGEST_WARNING (14 * 24 * 3600)
#define LIFE_PARTS 5 /* certificates that live for days only are renewed late */

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
  gint64 begin;

  return certificate_life_read (path, &begin, end) &&
         *end - clock_wall () <= MIN ((*end - begin) / LIFE_PARTS, LONGEST_WARNING);
}
