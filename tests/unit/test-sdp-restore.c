/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-sdp-restore: that what is not RTP comes out of a media relay as it went in.
 */
#include "base/error.h"
#include "proto/sdp-restore.h"

#include <string.h>

static gchar *
restore (const gchar *sdp, const gchar *relayed, GError **error)
{
  /* Exact, so that the sanitizer sees a step past the end. */
  g_autofree gchar *before = g_memdup2 (sdp, strlen (sdp));
  g_autofree gchar *after = g_memdup2 (relayed, strlen (relayed));
  gsize size = 0;
  gchar *restored = sdp_restore (before, strlen (sdp), after, strlen (relayed), &size, error);

  g_assert_cmpuint (size, ==, restored ? strlen (restored) : 0);
  return restored;
}

static void
assert_restored (const gchar *sdp, const gchar *relayed, const gchar *expected)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *restored = restore (sdp, relayed, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (restored, ==, expected);
}

#define SESSION "v=0\r\no=- 1 1 IN IP4 10.0.0.5\r\ns=-\r\nc=IN IP4 10.0.0.5\r\nt=0 0\r\n"
#define RELAYED "v=0\r\no=- 1 1 IN IP4 203.0.113.7\r\ns=-\r\nc=IN IP4 203.0.113.7\r\nt=0 0\r\n"
#define AUDIO "m=audio 4000 RTP/AVP 0\r\n"
#define RELAYED_AUDIO "m=audio 30000 RTP/SAVP 0\r\na=sendrecv\r\na=rtcp:30001\r\n"

static void
test_fax (void)
{
  assert_restored (SESSION AUDIO "m=image 4002 udptl t38\r\na=T38FaxVersion:0\r\n"
                                 "a=T38FaxUdpEC:t38UDPRedundancy\r\n",
                   RELAYED RELAYED_AUDIO "m=image 30002 udptl t38\r\na=T38FaxVersion:0\r\n"
                                         "a=sendrecv\r\na=ice-ufrag:x\r\n",
                   RELAYED RELAYED_AUDIO "m=image 30002 udptl t38\r\na=T38FaxVersion:0\r\n"
                                         "a=T38FaxUdpEC:t38UDPRedundancy\r\n");
}

/* The order, several c= lines, a bare LF, strange spacing and a line that is none. */
static void
test_odd (void)
{
  assert_restored (SESSION
                   "m=application  9002  UDP/BFCP *\n"
                   "i=floor\r\nc=IN IP4 10.0.0.6\nc=IN IP6 fd00::6\r\nnonsense\r\na=setup:actpass\r\n"
                   "m=video 0 RTP/AVP 31\r\nm=message 2855 TCP/MSRP *",
                   RELAYED
                   "m=application 30004 UDP/BFCP *\r\nc=IN IP4 203.0.113.8\r\na=sendrecv\r\n"
                   "m=video 0 RTP/SAVP 31\r\nm=message 30006 TCP/MSRP *\r\na=sendrecv\r\n",
                   RELAYED
                   "m=application  30004  UDP/BFCP *\n"
                   "i=floor\r\nc=IN IP4 203.0.113.8\nc=IN IP4 203.0.113.8\r\nnonsense\r\n"
                   "a=setup:actpass\r\nm=video 0 RTP/SAVP 31\r\nm=message 30006 TCP/MSRP *");
}

/* The relay has said where its streams are once for all; a stream may say it itself. */
static void
test_connection (void)
{
  assert_restored (SESSION "m=image 4002 udptl t38\r\nc=IN IP4 10.0.0.6\r\n",
                   RELAYED "m=image 30002 udptl t38\r\n",
                   RELAYED "m=image 30002 udptl t38\r\nc=IN IP4 203.0.113.7\r\n");
  assert_restored ("v=0\r\nm=image 4002 udptl t38\r\nc=IN IP4 10.0.0.6\r\n",
                   "v=0\r\nm=image 30002 udptl t38\r\n",
                   "v=0\r\nm=image 30002 udptl t38\r\nc=IN IP4 10.0.0.6\r\n");
}

/* The relay says of each stream where it is, the sender once for all. */
static void
test_connection_of_relay (void)
{
  static const gchar head[] = "v=0\r\no=- 1 1 IN IP4 203.0.113.7\r\ns=-\r\nt=0 0\r\n";
  static const gchar relayed[] =
    "m=image 30002 udptl t38\r\nc=IN IP4 203.0.113.8\r\na=sendrecv\r\n";
  const struct {
    const gchar *session;
    const gchar *sent;
    const gchar *restored;
  } cases[] = {
    { head, "m=image 4002 udptl t38\r\ni=fax\r\nb=AS:64\r\na=T38FaxVersion:0\r\n",
      "m=image 30002 udptl t38\r\ni=fax\r\nc=IN IP4 203.0.113.8\r\nb=AS:64\r\n"
      "a=T38FaxVersion:0\r\n" },
    { RELAYED, "m=image 4002 udptl t38\n", "m=image 30002 udptl t38\nc=IN IP4 203.0.113.8\r\n" },
    { RELAYED, "m=image 4002 udptl t38", "m=image 30002 udptl t38\r\nc=IN IP4 203.0.113.8\r\n" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree gchar *sdp = g_strconcat (SESSION, cases[i].sent, NULL);
    g_autofree gchar *after = g_strconcat (cases[i].session, relayed, NULL);
    g_autofree gchar *expected = g_strconcat (cases[i].session, cases[i].restored, NULL);

    assert_restored (sdp, after, expected);
  }
  assert_restored (SESSION "m=image 4002 udptl t38\r\n",
                   RELAYED "m=image 30002 udptl t38\r\nc=IN IP4 203.0.113.7\r\n",
                   RELAYED "m=image 30002 udptl t38\r\n");
}

static void
test_refused (void)
{
  static const gchar *const relayed[] = {
    RELAYED,
    RELAYED RELAYED_AUDIO,
    RELAYED "m=image 30002 udptl t38\r\n" RELAYED_AUDIO,
    RELAYED RELAYED_AUDIO "m=image 30002 udptl t38\r\nm=image 30002 udptl t38\r\n",
    "",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (relayed); i++) {
    g_autoptr (GError) error = NULL;
    g_autofree gchar *restored =
      restore (SESSION AUDIO "m=image 4002 udptl t38\r\n", relayed[i], &error);

    g_assert_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_PROTOCOL);
    g_assert_null (restored);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sdp-restore/fax", test_fax);
  g_test_add_func ("/sdp-restore/odd", test_odd);
  g_test_add_func ("/sdp-restore/connection", test_connection);
  g_test_add_func ("/sdp-restore/connection-of-relay", test_connection_of_relay);
  g_test_add_func ("/sdp-restore/refused", test_refused);
  return g_test_run ();
}
