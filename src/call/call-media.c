/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * call-media: how the media of a PBX's calls find their way, and what a media session needs to know
 * of the two sides: by what transport the phone came, and in which address family each of them
 * lives.
 *
 * The router has one for each PBX, and each call keeps the one that it began with. Each branch of a
 * call opens a session of its own.
 */
#include "call/call-media.h"

struct _CallMedia {
  CallMediaOptions options;
  gchar *address;
  gchar *interfaces[N_MEDIA_PARTIES];
};

/**
 * call_media_new:
 * @options: what is to hold; its texts are copied, its private addresses outlive all calls
 *
 * Returns: (transfer full): the media of a PBX's calls
 */
CallMedia *
call_media_new (const CallMediaOptions *options)
{
  CallMedia *media = g_rc_box_new0 (CallMedia);

  media->options = *options;
  if (options->users)
    g_hash_table_ref (options->users);
  media->options.session.address = media->address = g_strdup (options->session.address);
  for (guint i = 0; i < N_MEDIA_PARTIES; i++)
    media->options.session.interfaces[i] = media->interfaces[i] =
      g_strdup (options->session.interfaces[i]);
  return media;
}

/**
 * call_media_ref:
 * @media: the media of a PBX's calls
 *
 * Returns: (transfer full): @media
 */
CallMedia *
call_media_ref (CallMedia *media)
{
  return g_rc_box_acquire (media);
}

static void
clear (CallMedia *media)
{
  g_free (media->address);
  g_clear_pointer (&media->options.users, g_hash_table_unref);
  for (guint i = 0; i < N_MEDIA_PARTIES; i++)
    g_free (media->interfaces[i]);
}

/**
 * call_media_unref:
 * @media: (transfer full): the media of a PBX's calls
 */
void
call_media_unref (CallMedia *media)
{
  g_rc_box_release_full (media, (GDestroyNotify) clear);
}

static const MediaTransport *
phone_transport (const CallMediaOptions *options, const gchar *user)
{
  gpointer transport;

  if (options->users && user && g_hash_table_lookup_extended (options->users, user, NULL, &transport))
    return transport;
  return options->phones;
}

/**
 * call_media_open:
 * @media: of the PBX; outlives the session's use
 * @user: (nullable): of the phone
 * @phone: the way to the phone
 * @pbx: the way to the PBX
 *
 * Returns: (transfer full): a session
 */
MediaSession *
call_media_open (const CallMedia *media, const gchar *user, const SipFlow *phone,
                 const SipFlow *pbx)
{
  const MediaTransport *transport = phone_transport (&media->options, user);
  const SipListener *listener = sip_flow_listener (phone);
  MediaSide phone_side = { .family = listener->family };
  MediaSide pbx_side = { .family = sip_flow_listener (pbx)->family };

  if (transport)
    phone_side.transport = *transport;
  else
    media_transport_for_sip (sip_transport_name (listener->transport), &phone_side.transport);
  if (media->options.pbx)
    pbx_side.transport = *media->options.pbx;
  return media_session_new (&media->options.session, media->options.rtpengine, &phone_side,
                            &pbx_side);
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
