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

/* Takes the first word off a text. */
static gboolean
take_word (const gchar **text, const gchar *end, const gchar **word, gsize *size)
{
  while (*text < end && **text == ' ')
    (*text)++;
  *word = *text;
  while (*text < end && **text != ' ')
    (*text)++;
  *size = (gsize) (*text - *word);
  return *size > 0;
}

static gboolean
ends_with (const gchar *word, gsize size, const gchar *suffix)
{
  gsize length = strlen (suffix);

  return size >= length && g_ascii_strncasecmp (word + size - length, suffix, length) == 0;
}

static void
read_stream (const SdpLine *line, SdpTraits *traits)
{
  const gchar *text = line->text, *end = line->text + line->size;
  const gchar *kind, *port, *profile;
  gsize kind_size, port_size, profile_size;

  traits->streams++;
  if (!take_word (&text, end, &kind, &kind_size) || !take_word (&text, end, &port, &port_size) ||
      !take_word (&text, end, &profile, &profile_size))
    return;
  if (kind_size == 5 && g_ascii_strncasecmp (kind, "audio", 5) == 0 &&
      !(port_size == 1 && *port == '0'))
    traits->audio = TRUE;
  if (ends_with (profile, profile_size, "RTP/AVP"))
    traits->rtp = TRUE;
  else if (ends_with (profile, profile_size, "RTP/AVPF"))
    traits->rtp = traits->feedback = TRUE;
  else if (ends_with (profile, profile_size, "RTP/SAVP"))
    traits->rtp = traits->secure = TRUE;
  else if (ends_with (profile, profile_size, "RTP/SAVPF"))
    traits->rtp = traits->secure = traits->feedback = TRUE;
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
    else if (sdp_line_is_attribute (&line, "ice-ufrag"))
      traits->ice = TRUE;
    else if (sdp_line_is_attribute (&line, "fingerprint"))
      traits->fingerprint = TRUE;
    else if (sdp_line_is_attribute (&line, "crypto"))
      traits->crypto = TRUE;
    else if (sdp_line_is_attribute (&line, "rtcp-mux"))
      traits->rtcp_mux = TRUE;
  }
}
