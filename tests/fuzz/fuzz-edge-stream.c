/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-edge-stream: bytes of a hostile phone through the stream splitter, the frame unpacker and
 * the upgrade parser.
 *
 * The splitter must say the same whether bytes come at once or one by one, and what the unpacker
 * lets through must be one message, the whole of it, for the splitter that stands behind.
 */
#include "edge/edge-frame.h"
#include "edge/edge-stream.h"
#include "edge/edge-upgrade.h"
#include "fuzz/fuzz.h"

#include <string.h>

#define LIMIT 4096

static void
note (GString *trace, EdgeStreamEvent event, gsize at)
{
  if (event != EDGE_STREAM_MORE && event != EDGE_STREAM_BLANK)
    g_string_append_printf (trace, "%d@%" G_GSIZE_FORMAT ";", event, at);
}

static gchar *
trace_of (const guint8 *bytes, gsize size, gsize step)
{
  GString *trace = g_string_new (NULL);
  EdgeStream stream;
  gsize eaten;

  edge_stream_init (&stream, LIMIT);
  for (gsize at = 0; at < size; at += eaten) {
    EdgeStreamEvent event = edge_stream_next (&stream, bytes + at, MIN (step, size - at), &eaten);

    g_assert (eaten <= MIN (step, size - at));
    note (trace, event, at + eaten);
    if (event == EDGE_STREAM_TOO_LARGE || event == EDGE_STREAM_MALFORMED)
      break;
    g_assert (eaten > 0);
  }
  return g_string_free (trace, FALSE);
}

static void
check_frame (const guint8 *bytes, gsize size)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();
  EdgeFrame verdict = edge_frame_unpack (bytes, size, LIMIT, out);
  EdgeStream stream;
  gsize eaten;

  g_assert ((verdict == EDGE_FRAME_MESSAGE) == (out->len > 0));
  if (verdict != EDGE_FRAME_MESSAGE)
    return;
  /* A length that was put in may lift the message over the limit by its line. */
  edge_stream_init (&stream, LIMIT + 64);
  g_assert (edge_stream_next (&stream, out->data, out->len, &eaten) == EDGE_STREAM_MESSAGE);
  g_assert (eaten == out->len);
}

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size)
{
  g_autofree gchar *whole = trace_of (bytes, size, G_MAXSIZE);
  g_autofree gchar *single = trace_of (bytes, size, 1);
  g_autofree gchar *seven = trace_of (bytes, size, 7);
  const gchar *const origins[] = { "https://a.example", NULL };
  EdgeUpgrade upgrade;

  g_assert (g_str_equal (whole, single) && g_str_equal (whole, seven));
  check_frame (bytes, size);
  edge_upgrade_parse (bytes, size, "/sip", origins, &upgrade);
  g_assert (upgrade.verdict != EDGE_UPGRADE_ACCEPTED || upgrade.eaten <= size);
  return 0;
}
