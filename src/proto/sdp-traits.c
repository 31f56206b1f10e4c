/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sdp-traits: what a session description says of how its media travels: plain or encrypted, with
 * ICE or without (RFC 4566 section 5.14, RFC 8839, RFC 5763, RFC 4568, RFC 5761).
 *
 * media-transport learns from it what a phone can do.
 */
#include "proto/sdp-traits.h"

#include "proto/sdp-line.h"

#include <string.h>

/* Whether it is one of RTP. */
static gboolean
read_profile (const SdpWord *profile, gboolean *secure, gboolean *feedback)
{
  *secure = sdp_word_ends_with (profile, "RTP/SAVP") || sdp_word_ends_with (profile, "RTP/SAVPF");
  *feedback = sdp_word_ends_with (profile, "RTP/AVPF") || sdp_word_ends_with (profile, "RTP/SAVPF");
  return *secure || *feedback || sdp_word_ends_with (profile, "RTP/AVP");
}

static void
read_stream (const SdpLine *line, SdpTraits *traits)
{
  gboolean secure, feedback;
  SdpMedia media;

  traits->streams++;
  if (!sdp_line_is_media (line, &media))
    return;
  if (!read_profile (&media.profile, &secure, &feedback)) {
    traits->other = TRUE;
    return;
  }
  traits->rtp = TRUE;
  if (sdp_word_is (&media.port, "0"))
    return;
  traits->live = TRUE;
  traits->secure |= secure;
  traits->feedback |= feedback;
}

static void
read_attribute (const SdpLine *line, SdpTraits *traits)
{
  if (sdp_line_is_attribute (line, "ice-ufrag"))
    traits->ice = TRUE;
  else if (sdp_line_is_attribute (line, "fingerprint"))
    traits->fingerprint = TRUE;
  else if (sdp_line_is_attribute (line, "crypto"))
    traits->crypto = TRUE;
  else if (sdp_line_is_attribute (line, "rtcp-mux"))
    traits->rtcp_mux = TRUE;
}

/* Nowhere (0.0.0.0) is a hold, or ICE that has yet to find a place. */
static void
read_connection (const SdpLine *line, SdpTraits *traits)
{
  SdpConnection connection;

  if (!sdp_line_is_connection (line, &connection))
    return;
  if (sdp_word_is (&connection.type, "IP4") && !sdp_word_is (&connection.address, "0.0.0.0"))
    traits->family = G_SOCKET_FAMILY_IPV4;
  else if (sdp_word_is (&connection.type, "IP6") && !sdp_word_is (&connection.address, "::"))
    traits->family = G_SOCKET_FAMILY_IPV6;
}

/**
 * sdp_traits_read:
 * @sdp: a body; it need not be terminated, nor be a session description at all
 * @size: bytes in it
 * @traits: (out caller-allocates): what it says
 */
void
sdp_traits_read (const gchar *sdp, gsize size, SdpTraits *traits)
{
  SdpReader reader;
  SdpLine line;

  memset (traits, 0, sizeof *traits);
  sdp_reader_init (&reader, sdp, size);
  while (sdp_reader_next (&reader, &line)) {
    if (line.type == 'm')
      read_stream (&line, traits);
    else if (line.type == 'c')
      read_connection (&line, traits);
    else if (line.type == 'a')
      read_attribute (&line, traits);
  }
}
