/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#define BENCODE_MAX_DEPTH 16
#define BENCODE_MAX_SIZE 65535

typedef enum { BENCODE_INTEGER, BENCODE_STRING, BENCODE_LIST, BENCODE_DICT } BencodeType;

/* Where one is in a text; what is malformed stays so. */
typedef struct {
  const gchar *data;
  gsize size;
  gsize at;
  guint depth;
  gboolean failed;
} BencodeReader;

void bencode_reader_init (BencodeReader *reader, const gchar *data, gsize size);
gboolean bencode_read_end (BencodeReader *reader, GError **error);

BencodeType bencode_type (const BencodeReader *reader);
gboolean bencode_enter (BencodeReader *reader, BencodeType type);
gboolean bencode_leave (BencodeReader *reader);
const gchar *bencode_read_key (BencodeReader *reader, gsize *size);
const gchar *bencode_read_string (BencodeReader *reader, gsize *size);
gboolean bencode_read_integer (BencodeReader *reader, gint64 *integer);
void bencode_skip (BencodeReader *reader);
gboolean bencode_is (const gchar *bytes, gsize size, const gchar *text);

void bencode_put_string (GString *out, const gchar *text);
void bencode_put_bytes (GString *out, const gchar *bytes, gsize size);
void bencode_put_strings (GString *out, const gchar *const *texts);
