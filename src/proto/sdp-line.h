/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#define SDP_MAX_SIZE 65535

/* What is left to read of a body. */
typedef struct {
  const gchar *next;
  const gchar *end;
} SdpReader;

typedef struct {
  gchar type;        /* the letter before "=", 0 where the line has none */
  const gchar *text; /* behind the "=", without the line end; not terminated */
  gsize size;
  const gchar *end; /* of the line, behind its line end */
} SdpLine;

typedef struct {
  const gchar *text; /* not terminated */
  gsize size;
} SdpWord;

/* How an m= line begins. */
typedef struct {
  SdpWord kind;
  SdpWord port;
  SdpWord profile;
} SdpMedia;

/* What a c= line says. */
typedef struct {
  SdpWord network;
  SdpWord type;
  SdpWord address;
} SdpConnection;

void sdp_reader_init (SdpReader *reader, const gchar *sdp, gsize size);
gboolean sdp_reader_next (SdpReader *reader, SdpLine *line);

gboolean sdp_line_is_attribute (const SdpLine *line, const gchar *name);
gboolean sdp_line_is_media (const SdpLine *line, SdpMedia *media);
gboolean sdp_line_is_connection (const SdpLine *line, SdpConnection *connection);
gboolean sdp_word_is (const SdpWord *word, const gchar *text);
gboolean sdp_word_ends_with (const SdpWord *word, const gchar *suffix);
