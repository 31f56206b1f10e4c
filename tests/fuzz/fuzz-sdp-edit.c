/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-sdp-edit: any bytes as a session description whose private addresses are replaced.
 */
#include "fuzz/fuzz.h"
#include "proto/sdp-edit.h"
#include "proto/sdp-line.h"
#include "proto/sdp-traits.h"

#include <string.h>

/* As many lines of the same kinds as before. */
static void
check_lines (const gchar *before, gsize before_size, const gchar *after, gsize after_size)
{
  SdpReader one, other;
  SdpLine left, right;

  sdp_reader_init (&one, before, before_size);
  sdp_reader_init (&other, after, after_size);
  while (sdp_reader_next (&one, &left)) {
    g_assert_true (sdp_reader_next (&other, &right));
    g_assert_cmpint (left.type, ==, right.type);
    if (left.type != 'c' && left.type != 'o' && left.type != 'a')
      g_assert_cmpmem (left.text, left.size, right.text, right.size);
  }
  g_assert_false (sdp_reader_next (&other, &right));
}

static void
check_edit (const gchar *sdp, gsize size, GInetAddress *address)
{
  static const gchar *const none[] = { NULL };
  gsize once_size, twice_size, same_size;
  g_autofree gchar *once = sdp_edit_address (sdp, size, NULL, address, &once_size, NULL);
  g_autofree gchar *twice = NULL;
  g_autofree gchar *same = sdp_edit_address (sdp, size, none, address, &same_size, NULL);

  g_assert_true ((once != NULL) == (size <= SDP_MAX_SIZE));
  if (!once)
    return;
  g_assert_cmpmem (same, same_size, sdp, size);
  check_lines (sdp, size, once, once_size);
  if (once_size > SDP_MAX_SIZE)
    return;
  twice = sdp_edit_address (once, once_size, NULL, address, &twice_size, NULL);
  g_assert_cmpmem (once, once_size, twice, twice_size);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GInetAddress) four = g_inet_address_new_from_string ("203.0.113.7");
  g_autoptr (GInetAddress) six = g_inet_address_new_from_string ("2001:db8::7");
  SdpTraits traits;

  check_edit ((const gchar *) data, size, four);
  check_edit ((const gchar *) data, size, six);
  sdp_traits_read ((const gchar *) data, size, &traits);
  g_assert_true (traits.rtp || !traits.live);
  g_assert_true (traits.live || !traits.secure);
  return 0;
}
