/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * call-media: what a media session needs to know of the two sides of a call: by what transport the
 * phone came, and in which address family each of them lives.
 *
 * Each branch of a call opens a session of its own.
 */
#include "call/call-media.h"

/**
 * call_media_open:
 * @media: of the PBX; outlives the session
 * @phone: the way to the phone
 * @pbx: the way to the PBX
 *
 * Returns: (transfer full): a session
 */
MediaSession *
call_media_open (const CallMedia *media, const SipFlow *phone, const SipFlow *pbx)
{
  const SipListener *listener = sip_flow_listener (phone);
  MediaSide phone_side = { .family = listener->family };
  MediaSide pbx_side = { .family = sip_flow_listener (pbx)->family };

  if (media->phones)
    phone_side.transport = *media->phones;
  else
    media_transport_for_sip (sip_transport_name (listener->transport), &phone_side.transport);
  return media_session_new (&media->options, media->rtpengine, &phone_side, &pbx_side);
}

/**
 * call_media_kind:
 * @original: the caller's INVITE
 *
 * Returns: what an SDP in an answer to it is: an answer, or an offer where the caller made none
 */
MediaKind
call_media_kind (const sip_t *original)
{
  gsize size;

  return sip_body_sdp (original, &size) ? MEDIA_ANSWER : MEDIA_OFFER;
}

/**
 * call_media_called:
 * @caller: who calls
 *
 * Returns: who is called
 */
MediaParty
call_media_called (MediaParty caller)
{
  return caller == MEDIA_PBX ? MEDIA_PHONE : MEDIA_PBX;
}
