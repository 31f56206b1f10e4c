/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sip-map: status codes: their phrases, and the one for each error of ours.
 *
 * The stack's own table lacks 430 and 555 and gives 439 another meaning (RFC 5626, RFC 8599).
 */
#include "sip/sip-map.h"

#include "base/error.h"
#include "sip/sofia.h"

/**
 * sip_map_phrase:
 * @status: a SIP status code
 *
 * Returns: (transfer none): the reason phrase of its RFC
 */
const gchar *
sip_map_phrase (guint status)
{
  static const struct {
    guint status;
    const gchar *phrase;
  } phrases[] = {
    { 430, "Flow Failed" },
    { 439, "First Hop Lacks Outbound Support" },
    { 440, "Max-Breadth Exceeded" },
    { 555, "Push Notification Service Not Supported" },
  };
  const gchar *phrase;

  for (gsize i = 0; i < G_N_ELEMENTS (phrases); i++)
    if (phrases[i].status == status)
      return phrases[i].phrase;
  phrase = sip_status_phrase ((int) status);
  return phrase ? phrase : "Unknown";
}

/**
 * sip_map_error:
 * @error: what went wrong
 *
 * Returns: the SIP status code that says so
 */
guint
sip_map_error (const GError *error)
{
  if (error->domain != SIPWAKE_ERROR)
    return 500;
  switch ((SipwakeError) error->code) {
  case SIPWAKE_ERROR_INVALID:
  case SIPWAKE_ERROR_PROTOCOL:
    return 400;
  case SIPWAKE_ERROR_NOT_FOUND:
    return 404;
  case SIPWAKE_ERROR_DENIED:
    return 403;
  case SIPWAKE_ERROR_LIMIT:
    return 503;
  case SIPWAKE_ERROR_TIMED_OUT:
    return 504;
  case SIPWAKE_ERROR_UNREACHABLE:
    return 503;
  case SIPWAKE_ERROR_FAILED:
  case SIPWAKE_ERROR_CONFIG:
  case SIPWAKE_ERROR_STORAGE:
  case SIPWAKE_ERROR_CRYPTO:
  case SIPWAKE_ERROR_CANCELLED:
    return 500;
  }
  return 500;
}
