/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "proto/sdp-traits.h"

typedef enum { MEDIA_PLAIN, MEDIA_SDES, MEDIA_DTLS } MediaSecurity;

/* How RTP travels toward one side. */
typedef struct {
  MediaSecurity security;
  gboolean feedback; /* a profile of RFC 4585 */
  gboolean ice;
  gboolean rtcp_mux;
} MediaTransport;

gboolean media_transport_from_string (const gchar *text, MediaTransport *transport);
void media_transport_for_sip (const gchar *protocol, MediaTransport *transport);
void media_transport_learn (MediaTransport *transport, const SdpTraits *traits);
const gchar *media_transport_profile (const MediaTransport *transport);
