/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * media-mode: who may touch the session descriptions of a PBX's calls: nobody, sipwake for the
 * PBX's private addresses, or rtpengine.
 *
 * media-session asks it.
 */
#include "media/media-mode.h"

#include "base/error.h"
#include "proto/sdp-edit.h"

#include <string.h>

static gchar *
copy (const gchar *sdp, gsize size, gsize *new_size)
{
  gchar *body = g_malloc (size + 1);

  memcpy (body, sdp, size);
  body[size] = '\0';
  *new_size = size;
  return body;
}

static gchar *
replace_address (const MediaOptions *options, const gchar *sdp, gsize size, gsize *new_size,
                 GError **error)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (options->address);

  if (!address) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CONFIG, "media-address: \"%s\" is no address",
                 options->address);
    return NULL;
  }
  return sdp_edit_address (sdp, size, NULL, address, new_size, error);
}

/**
 * media_mode_edit:
 * @options: of the PBX
 * @from: who sent the body
 * @sdp: the body; not necessarily terminated
 * @size: bytes in it
 * @new_size: (out): bytes in what is returned
 * @error: set where it could not be done
 *
 * What sipwake itself changes on the way to the other side: with %MEDIA_ADDRESS the addresses of the
 * PBX, toward phones; else nothing.
 *
 * Returns: (transfer full) (nullable): the body for the other side, terminated
 */
gchar *
media_mode_edit (const MediaOptions *options, MediaParty from, const gchar *sdp, gsize size,
                 gsize *new_size, GError **error)
{
  switch (options->mode) {
  case MEDIA_ADDRESS:
    return from == MEDIA_PBX ? replace_address (options, sdp, size, new_size, error)
                             : copy (sdp, size, new_size);
  case MEDIA_DIRECT:
  case MEDIA_RTPENGINE:
    return copy (sdp, size, new_size);
  }
  return NULL;
}
