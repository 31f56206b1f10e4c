/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/edge-frame.h"
#include "edge/edge-stream.h"

#include <glib.h>
#include <string.h>

#define LIMIT 1024

/* One letter per event that matters: m message, p ping, L too large, X malformed, + goes on. */
static gchar *
events_of (const gchar *bytes, gsize size, gsize step)
{
  GString *events = g_string_new (NULL);
  EdgeStream stream;
  gboolean goes_on = FALSE;

  edge_stream_init (&stream, LIMIT);
  for (gsize at = 0; at < size;) {
    gsize eaten;
    EdgeStreamEvent event =
        edge_stream_next (&stream, (const guint8 *) bytes + at, MIN (step, size - at), &eaten);

    goes_on = event == EDGE_STREAM_MORE;
    if (event == EDGE_STREAM_TOO_LARGE || event == EDGE_STREAM_MALFORMED) {
      g_string_append_c (events, event == EDGE_STREAM_TOO_LARGE ? 'L' : 'X');
      break;
    }
    g_assert_cmpuint (eaten, >, 0);
    if (event == EDGE_STREAM_MESSAGE)
      g_string_append_c (events, 'm');
    if (event == EDGE_STREAM_PING)
      g_string_append_c (events, 'p');
    at += eaten;
  }
  if (goes_on)
    g_string_append_c (events, '+');
  return g_string_free (events, FALSE);
}

static void
test_streams (void)
{
  static const struct {
    const gchar *bytes;
    const gchar *events;
  } cases[] = {
    { "OPTIONS sip:a SIP/2.0\r\n\r\n", "m" },
    { "OPTIONS sip:a SIP/2.0\r\nContent-Length: 4\r\n\r\nbody", "m" },
    { "OPTIONS sip:a SIP/2.0\r\nContent-Length: 4\r\n\r\nbodySIP/2.0 200 OK\r\nl:1\r\n\r\nx",
      "mm" },
    { "SIP/2.0 200 OK\r\nL : 2\r\n\r\n\r\n\r\n\r\n", "mp" },
    { "SIP/2.0 200 OK\r\ncontent-length:\r\n 2 \r\nA: b\r\n\r\nxySIP/2.0 200 OK\r\n", "m+" },
    { "SIP/2.0 200 OK\nContent-Length: 1\n\nx", "m" },
    { "SIP/2.0 200 OK\r\nContent-Lengthy: 9\r\nX: l: 3\r\n\r\n", "m" },
    { "SIP/2.0 200 OK\r\nA: b\r\n l: 3\r\n\r\n", "m" },
    { "SIP/2.0 200 OK\r\nContent-Length: 00002\r\n\r\nxy", "m" },
    { "\r\n\r\n", "p" },
    { "\r\n\r\n\r\n", "p" },
    { "\r\n\r\n\r\n\r\n", "pp" },
    { "\r\nSIP/2.0 200 OK\r\n\r\n\r\n", "m" },
    { "\n\n\n\n", "" },
    { "\r\r\n\r\n", "p" },
    { "OPTIONS sip:a SIP/2.0\r\nContent-Length: 5\r\n\r\nbody", "+" },
    { "OPTIONS sip:a SIP/2.0\r\nContent-Length:\r\n\r\n", "X" },
    { "OPTIONS sip:a SIP/2.0\r\nContent-Length\r\nA: b\r\n\r\n", "m" },
    { "OPTIONS sip:a SIP/2.0\r\nContent-Length \r\n\r\n", "X" },
    { "OPTIONS sip:a SIP/2.0\r\nContent-Length: 1 2\r\n\r\n", "X" },
    { "OPTIONS sip:a SIP/2.0\r\nContent-Length: +1\r\n\r\n", "X" },
    { "OPTIONS sip:a SIP/2.0\r\nContent-Length: 1;a\r\n\r\n", "X" },
    { "OPTIONS sip:a SIP/2.0\r\nl: 1\r\nContent-Length: 1\r\n\r\nx", "X" },
    { "OPTIONS sip:a SIP/2.0\r\nA: b\rC: d\r\n\r\n", "X" },
    { "OPTIONS sip:a SIP/2.0\r\n folded\r\n\r\n", "X" },
    { " OPTIONS sip:a SIP/2.0\r\n\r\n", "X" },
    { "\x16\x03\x01", "X" },
    { "OPTIONS sip:a SIP/2.0\r\nContent-Length: 1000\r\n\r\n", "L" },
    { "OPTIONS sip:a SIP/2.0\r\nContent-Length: 18446744073709551617\r\n\r\nx", "L" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    for (gsize step = 1; step <= strlen (cases[i].bytes); step++) {
      g_autofree gchar *events = events_of (cases[i].bytes, strlen (cases[i].bytes), step);

      g_test_message ("case %" G_GSIZE_FORMAT ", %" G_GSIZE_FORMAT " bytes at a time", i, step);
      g_assert_cmpstr (events, ==, cases[i].events);
    }
}

static void
test_nul_is_refused (void)
{
  static const gchar bytes[] = "OPTIONS sip:a\0 SIP/2.0\r\n\r\n";
  g_autofree gchar *events = events_of (bytes, sizeof bytes - 1, 7);

  g_assert_cmpstr (events, ==, "X");
}

static void
test_endless_header_is_refused (void)
{
  g_autofree gchar *line = g_strnfill (LIMIT + 1, 'a');
  g_autofree gchar *events = events_of (line, LIMIT + 1, 100);
  g_autofree gchar *fits = events_of (line, LIMIT, 100);

  g_assert_cmpstr (events, ==, "L");
  g_assert_cmpstr (fits, ==, "+");
}

static void
test_broken_stays_broken (void)
{
  EdgeStream stream;
  gsize eaten;

  edge_stream_init (&stream, LIMIT);
  g_assert_cmpint (edge_stream_next (&stream, (const guint8 *) ":", 1, &eaten), ==,
                   EDGE_STREAM_MALFORMED);
  g_assert_cmpint (edge_stream_next (&stream, (const guint8 *) "SIP", 3, &eaten), ==,
                   EDGE_STREAM_MALFORMED);
  g_assert_false (edge_stream_is_between (&stream));
}

static void
test_frames (void)
{
  static const struct {
    const gchar *frame;
    EdgeFrame verdict;
    const gchar *message;
  } cases[] = {
    { "BYE sip:a SIP/2.0\r\nl: 2\r\n\r\nxy", EDGE_FRAME_MESSAGE,
      "BYE sip:a SIP/2.0\r\nl: 2\r\n\r\nxy" },
    { "\r\nBYE sip:a SIP/2.0\r\n\r\n", EDGE_FRAME_MESSAGE, "BYE sip:a SIP/2.0\r\n\r\n" },
    { "BYE sip:a SIP/2.0\r\n\r\nxy", EDGE_FRAME_MESSAGE,
      "BYE sip:a SIP/2.0\r\nContent-Length: 2\r\n\r\nxy" },
    { "BYE sip:a SIP/2.0\n\nxy", EDGE_FRAME_MESSAGE,
      "BYE sip:a SIP/2.0\nContent-Length: 2\r\n\nxy" },
    { "BYE sip:a SIP/2.0\r\nl: 1\r\n\r\nxyz", EDGE_FRAME_MESSAGE,
      "BYE sip:a SIP/2.0\r\nl: 1\r\n\r\nx" },
    { "BYE sip:a SIP/2.0\r\nl: 0\r\n\r\nBYE sip:b SIP/2.0\r\n\r\n", EDGE_FRAME_MESSAGE,
      "BYE sip:a SIP/2.0\r\nl: 0\r\n\r\n" },
    { "BYE sip:a SIP/2.0\r\nl: 3\r\n\r\nxy", EDGE_FRAME_TRUNCATED, "" },
    { "BYE sip:a SIP/2.0\r\n", EDGE_FRAME_TRUNCATED, "" },
    { "BYE sip:a SIP/2.0\r\nl: x\r\n\r\n", EDGE_FRAME_MALFORMED, "" },
    { "{\"sip\": false}", EDGE_FRAME_MALFORMED, "" },
    { "\r\n\r\n", EDGE_FRAME_PING, "" },
    { "\r\n", EDGE_FRAME_BLANK, "" },
    { "", EDGE_FRAME_BLANK, "" },
    { "BYE sip:a SIP/2.0\r\nl: 5000\r\n\r\n", EDGE_FRAME_TOO_LARGE, "" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GByteArray) out = g_byte_array_new ();
    EdgeFrame verdict =
        edge_frame_unpack ((const guint8 *) cases[i].frame, strlen (cases[i].frame), LIMIT, out);

    g_test_message ("case %" G_GSIZE_FORMAT, i);
    g_assert_cmpint (verdict, ==, cases[i].verdict);
    g_assert_cmpmem (out->data, out->len, cases[i].message, strlen (cases[i].message));
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/edge-stream/streams", test_streams);
  g_test_add_func ("/edge-stream/nul-is-refused", test_nul_is_refused);
  g_test_add_func ("/edge-stream/endless-header-is-refused", test_endless_header_is_refused);
  g_test_add_func ("/edge-stream/broken-stays-broken", test_broken_stays_broken);
  g_test_add_func ("/edge-frame/frames", test_frames);
  return g_test_run ();
}
