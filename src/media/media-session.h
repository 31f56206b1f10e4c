/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "media/media-mode.h"
#include "media/media-transport.h"
#include "media/rtpengine.h"

typedef struct _MediaSession MediaSession;

typedef enum {
  MEDIA_DONE,
  MEDIA_REFUSED,     /* what was offered cannot be served: 488 */
  MEDIA_UNAVAILABLE, /* nobody is there to serve it: 503 */
  MEDIA_RELEASED,    /* the session was released before */
} MediaOutcome;

typedef enum { MEDIA_OFFER, MEDIA_ANSWER } MediaKind;

typedef struct {
  MediaOutcome outcome;
  const gchar *sdp; /* of MEDIA_DONE; not terminated */
  gsize size;
  const gchar *problem; /* of the others */
} MediaResult;

typedef void (*MediaSessionFunc) (const MediaResult *result, gpointer user_data);

typedef struct {
  MediaTransport transport;
  GSocketFamily family; /* G_SOCKET_FAMILY_INVALID: the same as the other side's */
} MediaSide;

MediaSession *media_session_new (const MediaOptions *options, Rtpengine *rtpengine,
                                 const MediaSide *phone, const MediaSide *pbx);
void media_session_release (MediaSession *session);

gboolean media_session_translates (const MediaSession *session);
void media_session_translate (MediaSession *session, MediaParty from, MediaKind kind,
                              const gchar *sdp, gsize size, MediaSessionFunc func,
                              gpointer user_data);
void media_session_refused (MediaSession *session, MediaParty from);
