/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "media/media-session.h"
#include "sip/sip-body.h"
#include "sip/sip-flow.h"

typedef struct _CallMedia CallMedia;

typedef struct {
  MediaOptions session;
  Rtpengine *rtpengine;         /* nullable; outlives all calls */
  const MediaTransport *phones; /* nullable: by the transport that each phone has registered with */
  GHashTable *users;            /* user -> MediaTransport or NULL, which count before @phones */
  const MediaTransport *pbx;    /* nullable: plain */
} CallMediaOptions;

CallMedia *call_media_new (const CallMediaOptions *options);
CallMedia *call_media_ref (CallMedia *media);
void call_media_unref (CallMedia *media);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CallMedia, call_media_unref)

MediaSession *call_media_open (const CallMedia *media, const gchar *user, const SipFlow *phone,
                               const SipFlow *pbx);
MediaKind call_media_kind (const sip_t *original);
MediaParty call_media_called (MediaParty caller);
