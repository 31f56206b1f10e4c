/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

typedef enum {
  EDGE_STREAM_MORE,
  EDGE_STREAM_MESSAGE,
  EDGE_STREAM_BLANK,
  EDGE_STREAM_PING,
  EDGE_STREAM_TOO_LARGE,
  EDGE_STREAM_MALFORMED,
} EdgeStreamEvent;

typedef enum {
  EDGE_STREAM_BETWEEN,
  EDGE_STREAM_HEADER,
  EDGE_STREAM_BODY,
  EDGE_STREAM_BROKEN,
} EdgeStreamPlace;

typedef enum {
  EDGE_STREAM_NAME,
  EDGE_STREAM_COLON,
  EDGE_STREAM_VALUE,
  EDGE_STREAM_VALUE_END,
  EDGE_STREAM_SKIP,
} EdgeStreamField;

/* Fits into its owner: it holds no byte of the message. */
typedef struct {
  gsize limit;
  gsize size;
  gsize body;
  gsize length;
  guint64 messages;
  EdgeStreamPlace place;
  EdgeStreamField field;
  guint8 blanks;
  guint8 name_size;
  gchar name[16];
  gboolean has_length;
  gboolean has_value;
  gboolean first_line;
  gboolean line_start;
  gboolean after_cr;
} EdgeStream;

void edge_stream_init (EdgeStream *stream, gsize limit);
EdgeStreamEvent edge_stream_next (EdgeStream *stream, const guint8 *bytes, gsize size,
                                  gsize *eaten);
gboolean edge_stream_is_between (const EdgeStream *stream);
