/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * media-transport: how RTP travels toward one side of a call: plain (RFC 3551), with keys in SDP
 * (SDES, RFC 4568), or as browsers do (DTLS-SRTP with ICE, RFC 5763).
 *
 * media-session picks one for an offer by the way the phone registered, and learns better as
 * soon as the phone has sent SDP itself.
 */
#include "media/media-transport.h"

static const MediaTransport plain = { .security = MEDIA_PLAIN };
static const MediaTransport sdes = { .security = MEDIA_SDES };
static const MediaTransport browser = {
  .security = MEDIA_DTLS,
  .feedback = TRUE,
  .ice = TRUE,
  .rtcp_mux = TRUE,
};

/**
 * media_transport_from_string:
 * @text: "rtp", "srtp" (keys in SDP) or "webrtc"
 * @transport: (out caller-allocates): the transport
 *
 * Returns: whether @text names one
 */
gboolean
media_transport_from_string (const gchar *text, MediaTransport *transport)
{
  static const struct {
    const gchar *word;
    const MediaTransport *transport;
  } words[] = { { "rtp", &plain }, { "srtp", &sdes }, { "webrtc", &browser } };

  for (gsize i = 0; i < G_N_ELEMENTS (words); i++) {
    if (g_str_equal (words[i].word, text)) {
      *transport = *words[i].transport;
      return TRUE;
    }
  }
  return FALSE;
}

/**
 * media_transport_for_sip:
 * @protocol: "udp", "tcp", "tls", "ws" or "wss": by which a phone has registered
 * @transport: (out caller-allocates): what such a phone expects in an offer
 */
void
media_transport_for_sip (const gchar *protocol, MediaTransport *transport)
{
  if (g_str_equal (protocol, "ws") || g_str_equal (protocol, "wss"))
    *transport = browser;
  else
    *transport = g_str_equal (protocol, "tls") ? sdes : plain;
}

/**
 * media_transport_learn:
 * @transport: (inout): what was believed of a side
 * @traits: of what it has sent; without a stream of RTP that is not switched off it
 *   teaches nothing
 */
void
media_transport_learn (MediaTransport *transport, const SdpTraits *traits)
{
  if (!traits->live)
    return;
  if (!traits->secure)
    transport->security = MEDIA_PLAIN;
  else
    transport->security = traits->fingerprint ? MEDIA_DTLS : MEDIA_SDES;
  transport->feedback = traits->feedback;
  transport->ice = traits->ice;
  transport->rtcp_mux = traits->rtcp_mux;
}

/**
 * media_transport_profile:
 * @transport: a transport
 *
 * Returns: (transfer none): its profile, as in an m= line
 */
const gchar *
media_transport_profile (const MediaTransport *transport)
{
  switch (transport->security) {
  case MEDIA_PLAIN:
    return transport->feedback ? "RTP/AVPF" : "RTP/AVP";
  case MEDIA_SDES:
    return transport->feedback ? "RTP/SAVPF" : "RTP/SAVP";
  case MEDIA_DTLS:
    return transport->feedback ? "UDP/TLS/RTP/SAVPF" : "UDP/TLS/RTP/SAVP";
  }
  return NULL;
}
