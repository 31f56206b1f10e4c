/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-multipart: any bytes, the first line as a content type and the rest as the body.
 */
#include "fuzz/fuzz.h"
#include "proto/multipart.h"

#include <glib.h>
#include <string.h>

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const gchar *text = (const gchar *) data;
  const gchar *end = size > 0 ? memchr (text, '\n', size) : NULL;
  g_autofree gchar *type = end ? g_strndup (text, (gsize) (end - text)) : NULL;
  const gchar *part;
  gsize part_size;

  if (!end)
    return 0;
  end++;
  part = multipart_find (end, (gsize) (text + size - end), type, "application/sdp", &part_size);
  g_assert_true (!part || (part >= end && part + part_size <= text + size));
  return 0;
}
