/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "media/media-session.h"
#include "sip/sip-body.h"
#include "sip/sip-flow.h"

/* How the media of a PBX's calls find their way. */
typedef struct {
  MediaOptions options;
  Rtpengine *rtpengine;         /* nullable */
  const MediaTransport *phones; /* nullable: by the transport that each phone has registered with */
} CallMedia;

MediaSession *call_media_open (const CallMedia *media, const SipFlow *phone, const SipFlow *pbx);
MediaKind call_media_kind (const sip_t *original);
MediaParty call_media_called (MediaParty caller);
