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
  const gchar *const *private_addresses;  /* of MEDIA_ADDRESS; nullable: any that is private */
  const gchar *interfaces[N_MEDIA_PARTIES]; /* of MEDIA_RTPENGINE; nullable: its names for them */
} MediaOptions;

gboolean media_mode_from_string (const gchar *text, MediaMode *mode);
const gchar *media_mode_to_string (MediaMode mode);
gchar *media_mode_edit (const MediaOptions *options, MediaParty from, const gchar *sdp, gsize size,
                        gsize *new_size, GError **error);
