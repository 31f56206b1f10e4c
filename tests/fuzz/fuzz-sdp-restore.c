/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-sdp-restore: any bytes, up to the first NUL, as a session description, and what follows as
 * what a media relay has made of it.
 */
#include "fuzz/fuzz.h"
#include "proto/sdp-restore.h"
#include "proto/sdp-traits.h"

#include <string.h>

/* A relay that changes nothing makes no difference to how many streams there are. */
static void
check_same (const gchar *sdp, gsize size)
{
  SdpTraits before, after;
  gsize restored_size;
  g_autofree gchar *restored = sdp_restore (sdp, size, sdp, size, &restored_size, NULL);

  g_assert_nonnull (restored);
  sdp_traits_read (sdp, size, &before);
  sdp_traits_read (restored, restored_size, &after);
  g_assert_cmpuint (before.streams, ==, after.streams);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const gchar *text = (const gchar *) data;
  const gchar *end = size > 0 ? memchr (text, '\0', size) : NULL;
  gsize first = end ? (gsize) (end - text) : size, restored_size = 0;
  g_autofree gchar *restored = NULL;

  check_same (text, first);
  if (end)
    restored = sdp_restore (text, first, end + 1, size - first - 1, &restored_size, NULL);
  g_assert_true (!restored || strlen (restored) <= restored_size);
  return 0;
}
