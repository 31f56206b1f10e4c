/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

typedef enum {
  EDGE_FRAME_MESSAGE,
  EDGE_FRAME_PING,
  EDGE_FRAME_BLANK,
  EDGE_FRAME_TRUNCATED,
  EDGE_FRAME_TOO_LARGE,
  EDGE_FRAME_MALFORMED,
} EdgeFrame;

EdgeFrame edge_frame_unpack (const guint8 *bytes, gsize size, gsize limit, GByteArray *out);
