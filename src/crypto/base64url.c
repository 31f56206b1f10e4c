/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * base64url: base64 in the alphabet for URLs, without padding (RFC 4648 section 5).
 */
#include "crypto/base64url.h"

#include <string.h>

/**
 * base64url_encode:
 * @data: bytes
 * @size: how many
 *
 * Returns: (transfer full): them as text, unpadded
 */
gchar *
base64url_encode (gconstpointer data, gsize size)
{
  gchar *text = g_base64_encode (data, size);

  g_strdelimit (text, "+", '-');
  g_strdelimit (text, "/", '_');
  text[strcspn (text, "=")] = '\0';
  return text;
}

/**
 * base64url_encode_bytes:
 * @bytes: bytes
 *
 * Returns: (transfer full): them as text, unpadded
 */
gchar *
base64url_encode_bytes (GBytes *bytes)
{
  gsize size;
  gconstpointer data = g_bytes_get_data (bytes, &size);

  return base64url_encode (data, size);
}

static gboolean
is_base64 (const gchar *text, gsize length)
{
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isalnum (text[i]) && !strchr ("+/", text[i]))
      return FALSE;
  return length % 4 != 1;
}

/**
 * base64url_decode:
 * @text: text, padded or not; the plain base64 alphabet is taken too, since phones mix them up
 * @length: how long it is, or -1
 *
 * Returns: (transfer full) (nullable): the bytes; NULL when @text is empty or no base64
 */
GBytes *
base64url_decode (const gchar *text, gssize length)
{
  g_autofree gchar *plain = length < 0 ? g_strdup (text) : g_strndup (text, length);
  g_autofree gchar *padded = NULL;
  gsize bare = strlen (plain), size;
  guchar *data;

  while (bare > 0 && plain[bare - 1] == '=')
    plain[--bare] = '\0';
  g_strdelimit (plain, "-", '+');
  g_strdelimit (plain, "_", '/');
  if (bare == 0 || !is_base64 (plain, bare))
    return NULL;
  padded = g_strconcat (plain, &"==="[3 - (4 - bare % 4) % 4], NULL);
  data = g_base64_decode (padded, &size);
  return g_bytes_new_take (data, size);
}
