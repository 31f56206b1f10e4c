/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#define BENCODE_MAX_DEPTH 16
#define BENCODE_MAX_VALUES 8192
#define BENCODE_MAX_SIZE 65535

#define BENCODE_ROOT 0
#define BENCODE_NONE (-1)

typedef struct _Bencode Bencode;

typedef enum { BENCODE_INTEGER, BENCODE_STRING, BENCODE_LIST, BENCODE_DICT } BencodeType;

Bencode *bencode_parse (const gchar *data, gsize size, GError **error);
void bencode_free (Bencode *bencode);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Bencode, bencode_free)

BencodeType bencode_type (const Bencode *bencode, gint value);
const gchar *bencode_string (const Bencode *bencode, gint value, gsize *size);
gboolean bencode_is (const Bencode *bencode, gint value, const gchar *text);
gboolean bencode_integer (const Bencode *bencode, gint value, gint64 *integer);
gint bencode_find (const Bencode *bencode, gint dict, const gchar *key);
gint bencode_first (const Bencode *bencode, gint container);
gint bencode_next (const Bencode *bencode, gint value);

void bencode_put_string (GString *out, const gchar *text);
void bencode_put_bytes (GString *out, const gchar *bytes, gsize size);
void bencode_put_integer (GString *out, gint64 integer);
void bencode_put_strings (GString *out, const gchar *const *texts);
