/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/edge-upgrade.h"

#include <glib.h>
#include <string.h>

#define REQUEST                                                                                    \
  "GET /sip HTTP/1.1\r\n"                                                                          \
  "Host: edge.example\r\n"                                                                         \
  "Upgrade: WebSocket\r\n"                                                                         \
  "Connection: keep-alive, Upgrade\r\n"                                                            \
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"                                                \
  "Sec-WebSocket-Version: 13\r\n"                                                                  \
  "Sec-WebSocket-Protocol: chat, sip\r\n\r\n"

/* The key and its answer stand in RFC 6455 section 1.3. */
static void
test_accepts (void)
{
  static const gchar bytes[] = REQUEST "\x81";
  g_autofree gchar *answer = NULL;
  EdgeUpgrade upgrade;

  edge_upgrade_parse ((const guint8 *) bytes, strlen (bytes), "/sip", NULL, &upgrade);
  g_assert_cmpint (upgrade.verdict, ==, EDGE_UPGRADE_ACCEPTED);
  g_assert_cmpuint (upgrade.eaten, ==, strlen (REQUEST));
  g_assert_cmpstr (upgrade.accept, ==, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  answer = edge_upgrade_answer (&upgrade);
  g_assert_true (g_str_has_prefix (answer, "HTTP/1.1 101 "));
  g_assert_true (g_str_has_suffix (answer, "Sec-WebSocket-Protocol: sip\r\n\r\n"));
}

static void
test_waits_for_the_whole (void)
{
  EdgeUpgrade upgrade;

  for (gsize size = 0; size < strlen (REQUEST); size++) {
    edge_upgrade_parse ((const guint8 *) REQUEST, size, "/sip", NULL, &upgrade);
    g_assert_cmpint (upgrade.verdict, ==, EDGE_UPGRADE_MORE);
  }
}

static guint
status_of (const gchar *old, const gchar *new, const gchar *const *origins)
{
  g_auto (GStrv) parts = g_strsplit (REQUEST, old, 2);
  g_autofree gchar *request = g_strjoinv (new, parts);
  EdgeUpgrade upgrade;

  g_assert_cmpuint (g_strv_length (parts), ==, 2);
  edge_upgrade_parse ((const guint8 *) request, strlen (request), "/sip", origins, &upgrade);
  return upgrade.verdict == EDGE_UPGRADE_ACCEPTED ? 101 : upgrade.status;
}

static void
test_refuses (void)
{
  static const gchar *const origins[] = { "https://a.example", "https://b.example:8443", NULL };

  g_assert_cmpuint (status_of ("GET", "GET", NULL), ==, 101);
  g_assert_cmpuint (status_of ("GET", "PUT", NULL), ==, 405);
  g_assert_cmpuint (status_of ("/sip", "/SIP", NULL), ==, 404);
  g_assert_cmpuint (status_of ("/sip", "/sip?token", NULL), ==, 101);
  g_assert_cmpuint (status_of ("/sip ", "/sip", NULL), ==, 400);
  g_assert_cmpuint (status_of ("HTTP/1.1", "HTTP/1.0", NULL), ==, 505);
  g_assert_cmpuint (status_of ("HTTP/1.1", "SIP/2.0", NULL), ==, 400);
  g_assert_cmpuint (status_of ("Host", "Hast", NULL), ==, 400);
  g_assert_cmpuint (status_of ("WebSocket\r\n", "h2c\r\n", NULL), ==, 426);
  g_assert_cmpuint (status_of (", Upgrade", "", NULL), ==, 426);
  g_assert_cmpuint (status_of ("13\r\n", "12\r\n", NULL), ==, 426);
  g_assert_cmpuint (status_of ("==\r\n", "=\r\n", NULL), ==, 400);
  g_assert_cmpuint (status_of (", sip", ", sips", NULL), ==, 400);
  g_assert_cmpuint (status_of (": chat", " : chat", NULL), ==, 400);
  g_assert_cmpuint (status_of ("Host: ", "Origin: https://A.example\r\nHost: ", origins), ==, 101);
  g_assert_cmpuint (status_of ("Host: ", "Origin: https://b.example\r\nHost: ", origins), ==, 403);
  g_assert_cmpuint (status_of ("Host: ", "Origin: null\r\nHost: ", origins), ==, 403);
  g_assert_cmpuint (status_of ("Host: ", "Host: ", origins), ==, 101);
}

static void
test_is_bounded (void)
{
  g_autofree gchar *large = g_strnfill (EDGE_UPGRADE_MAX, 'G');
  EdgeUpgrade upgrade;

  edge_upgrade_parse ((const guint8 *) large, EDGE_UPGRADE_MAX, NULL, NULL, &upgrade);
  g_assert_cmpint (upgrade.verdict, ==, EDGE_UPGRADE_REFUSED);
  g_assert_cmpuint (upgrade.status, ==, 431);
  edge_upgrade_parse ((const guint8 *) "\x16\x03", 2, NULL, NULL, &upgrade);
  g_assert_cmpuint (upgrade.status, ==, 400);
}

static void
test_refusals_are_http (void)
{
  g_autofree gchar *answer = edge_upgrade_refusal (426, "why");

  g_assert_cmpstr (answer, ==,
                   "HTTP/1.1 426 Upgrade Required\r\nConnection: close\r\nUpgrade: websocket\r\n"
                   "Sec-WebSocket-Version: 13\r\nContent-Type: text/plain; charset=utf-8\r\n"
                   "Content-Length: 4\r\n\r\nwhy\n");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/edge-upgrade/accepts", test_accepts);
  g_test_add_func ("/edge-upgrade/waits-for-the-whole", test_waits_for_the_whole);
  g_test_add_func ("/edge-upgrade/refuses", test_refuses);
  g_test_add_func ("/edge-upgrade/is-bounded", test_is_bounded);
  g_test_add_func ("/edge-upgrade/refusals-are-http", test_refusals_are_http);
  return g_test_run ();
}
