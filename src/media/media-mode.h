/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

typedef enum { MEDIA_DIRECT, MEDIA_ADDRESS, MEDIA_RTPENGINE } MediaMode;

/* Every call is between a phone and a PBX, whoever calls. */
typedef enum { MEDIA_PHONE, MEDIA_PBX } MediaParty;
#define N_MEDIA_PARTIES 2

typedef struct {
  MediaMode mode;
  const gchar *address;                   /* of MEDIA_ADDRESS */
  const gchar *interfaces[N_MEDIA_PARTIES]; /* of MEDIA_RTPENGINE; nullable: its names for them */
} MediaOptions;

gchar *media_mode_edit (const MediaOptions *options, MediaParty from, const gchar *sdp, gsize size,
                        gsize *new_size, GError **error);
