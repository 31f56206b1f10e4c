/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-sdp-edit: which addresses are replaced, and that nothing else is touched.
 */
#include "base/error.h"
#include "proto/sdp-edit.h"
#include "proto/sdp-line.h"

#include <string.h>

static void
assert_edit (const gchar *sdp, const gchar *const *patterns, const gchar *address,
             const gchar *expected)
{
  g_autoptr (GInetAddress) public = g_inet_address_new_from_string (address);
  g_autoptr (GError) error = NULL;
  gsize size;
  /* Exact, so that the sanitizer sees a step past the end. */
  g_autofree gchar *exact = g_memdup2 (sdp, strlen (sdp));
  g_autofree gchar *edited =
    sdp_edit_address (exact, strlen (sdp), patterns, public, &size, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (edited, ==, expected);
  g_assert_cmpuint (size, ==, strlen (expected));
}

static void
test_pbx (void)
{
  assert_edit ("v=0\r\no=- 1 2 IN IP4 10.0.0.5\r\ns=a b\r\nc=IN IP4 10.0.0.5\r\nt=0 0\r\n"
               "m=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\n"
               "a=rtcp:4001 IN IP4 10.0.0.5\r\na=sendrecv\r\n",
               NULL, "203.0.113.7",
               "v=0\r\no=- 1 2 IN IP4 203.0.113.7\r\ns=a b\r\nc=IN IP4 203.0.113.7\r\nt=0 0\r\n"
               "m=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\n"
               "a=rtcp:4001 IN IP4 203.0.113.7\r\na=sendrecv\r\n");
}

static void
test_kept (void)
{
  static const gchar *const kept[] = {
    "",
    "v=0",
    "c=",
    "c=IN IP4",
    "c= IP4 10.0.0.1",
    "c=ATM IP4 10.0.0.1\r\n",
    "c=IN IP4 0.0.0.0\r\n",
    "c=IN IP6 ::\r\n",
    "c=IN IP4 198.51.100.4\r\n",
    "c=IN IP6 2001:db8::9\r\n",
    "c=IN IP4 pbx.example.com\r\n",
    "c=IN IP4 224.2.1.1/127/3\r\n",
    "c=IN IP4 10.0.0.1/127\r\n",
    "c=IN IP4 10.0.0\r\n",
    "c=IN IP4 172.32.0.1\r\n",
    "a=rtcp:4001\r\n",
    "a=rtcpx:4001 IN IP4 10.0.0.1\r\n",
    "a=rtcp-fb:0 IN IP4 10.0.0.1\r\n",
    "a=candidate:1 1 UDP 2130706431 10.0.0.1 5555 typ host\r\n",
    "s=IN IP4 10.0.0.1\r\n",
    "c =IN IP4 10.0.0.1\r\n",
    "m=image 4004 udptl t38\r\na=T38FaxVersion:0\r\n",
    "m=application 4010 TCP/BFCP *\r\na=x IN IP4 10.0.0.1\n\n\r\r\n",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (kept); i++)
    assert_edit (kept[i], NULL, "203.0.113.7", kept[i]);
}

static void
test_private (void)
{
  static const gchar *const private[] = {
    "10.255.0.1", "172.16.0.1",  "172.31.255.255", "192.168.7.7", "127.0.0.1",
    "169.254.1.1", "fd12:3456::1", "fc00::1",       "fe80::1",     "::1",
    "::ffff:10.0.0.1", "100.64.0.1", "100.127.255.255",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (private); i++) {
    gboolean six = strchr (private[i], ':') != NULL;
    g_autofree gchar *sdp = g_strdup_printf ("c=IN IP%c %s\r\n", six ? '6' : '4', private[i]);

    assert_edit (sdp, NULL, "203.0.113.7", "c=IN IP4 203.0.113.7\r\n");
    assert_edit (sdp, NULL, "2001:db8::7", "c=IN IP6 2001:db8::7\r\n");
  }
}

static void
test_only_the_named (void)
{
  static const gchar *const patterns[] = { "10.0.0.5", "192.168.0.0/16", NULL };
  static const gchar *const all[] = { "0.0.0.0/0", NULL };

  assert_edit ("c=IN IP4 0.0.0.0\r\n", all, "203.0.113.7", "c=IN IP4 0.0.0.0\r\n");
  assert_edit ("c=IN IP4 10.0.0.5\r\nc=IN IP4 10.0.0.6\r\nc=IN IP4 192.168.3.4\r\n", patterns,
               "203.0.113.7",
               "c=IN IP4 203.0.113.7\r\nc=IN IP4 10.0.0.6\r\nc=IN IP4 203.0.113.7\r\n");
}

static void
test_oddities (void)
{
  assert_edit ("v=0\ns=-\nm=audio 4000 RTP/AVP 0\nc=IN IP4 10.0.0.5", NULL, "203.0.113.7",
               "v=0\ns=-\nm=audio 4000 RTP/AVP 0\nc=IN IP4 203.0.113.7");
  assert_edit ("c=IN  IP4\t10.0.0.5 \n", NULL, "203.0.113.7", "c=IN  IP4\t203.0.113.7 \n");
  assert_edit ("c=in ip4 10.0.0.5\n", NULL, "203.0.113.7", "c=in IP4 203.0.113.7\n");
  assert_edit ("c=IN IP4 10.0.0.5\r\nm=audio 1 RTP/AVP 0\r\nc=IN IP4 10.0.0.6\r\n"
               "m=image 2 udptl t38\r\nc=IN IP4 198.51.100.1\r\n",
               NULL, "203.0.113.7",
               "c=IN IP4 203.0.113.7\r\nm=audio 1 RTP/AVP 0\r\nc=IN IP4 203.0.113.7\r\n"
               "m=image 2 udptl t38\r\nc=IN IP4 198.51.100.1\r\n");
}

static void
test_too_big (void)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string ("203.0.113.7");
  g_autofree gchar *big = g_strnfill (SDP_MAX_SIZE + 1, 'x');
  g_autoptr (GError) error = NULL;
  gsize size;

  g_assert_null (sdp_edit_address (big, SDP_MAX_SIZE + 1, NULL, address, &size, &error));
  g_assert_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_LIMIT);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sdp-edit/pbx", test_pbx);
  g_test_add_func ("/sdp-edit/kept", test_kept);
  g_test_add_func ("/sdp-edit/private", test_private);
  g_test_add_func ("/sdp-edit/only-the-named", test_only_the_named);
  g_test_add_func ("/sdp-edit/oddities", test_oddities);
  g_test_add_func ("/sdp-edit/too-big", test_too_big);
  return g_test_run ();
}
