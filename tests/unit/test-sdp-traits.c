/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-sdp-traits: what is read out of a session description.
 */
#include "proto/sdp-traits.h"

#include <string.h>

static SdpTraits
read_traits (const gchar *sdp)
{
  SdpTraits traits;

  sdp_traits_read (sdp, strlen (sdp), &traits);
  return traits;
}

static void
test_plain (void)
{
  SdpTraits traits = read_traits ("v=0\nm=audio 4000 RTP/AVP 0\na=rtpmap:0 PCMU/8000\n"
                                  "m=image 4002 udptl t38\n");

  g_assert_cmpuint (traits.streams, ==, 2);
  g_assert_true (traits.live && traits.rtp && traits.other);
  g_assert_false (traits.secure || traits.feedback || traits.ice || traits.fingerprint ||
                  traits.crypto || traits.rtcp_mux);
}

static void
test_browser (void)
{
  SdpTraits traits = read_traits ("v=0\r\na=fingerprint:sha-256 00\r\n"
                                  "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=ice-ufrag:x\r\n"
                                  "a=rtcp-mux\r\n");

  g_assert_true (traits.live && traits.rtp && traits.secure && traits.feedback && traits.ice &&
                 traits.fingerprint && traits.rtcp_mux);
  g_assert_false (traits.crypto || traits.other);
}

static void
test_sdes (void)
{
  SdpTraits traits = read_traits ("m=audio 9 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 i\r\n"
                                  "a=rtcp-mux-only\r\n");

  g_assert_true (traits.secure && traits.crypto);
  g_assert_false (traits.feedback || traits.rtcp_mux || traits.fingerprint);
}

static void
test_no_audio (void)
{
  SdpTraits off = read_traits ("m=audio 0 RTP/SAVPF 0\r\n");

  g_assert_true (off.rtp);
  g_assert_false (off.live || off.secure || off.feedback);
  g_assert_false (read_traits ("m=application 4 TCP/BFCP *\r\n").rtp);
  g_assert_cmpuint (read_traits ("m=audio").streams, ==, 1);
  g_assert_cmpuint (read_traits ("").streams, ==, 0);
}

static void
test_family (void)
{
  g_assert_cmpint (read_traits ("c=IN IP4 192.0.2.1\n").family, ==, G_SOCKET_FAMILY_IPV4);
  g_assert_cmpint (read_traits ("c=IN IP6 2001:db8::1\r\nm=audio 4 RTP/AVP 0\r\nc=IN IP6 ::").family,
                   ==, G_SOCKET_FAMILY_IPV6);
  g_assert_cmpint (read_traits ("c=IN IP4 0.0.0.0\r\n").family, ==, G_SOCKET_FAMILY_INVALID);
  g_assert_cmpint (read_traits ("c=IN IP6\r\nc=\r\nc").family, ==, G_SOCKET_FAMILY_INVALID);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sdp-traits/plain", test_plain);
  g_test_add_func ("/sdp-traits/browser", test_browser);
  g_test_add_func ("/sdp-traits/sdes", test_sdes);
  g_test_add_func ("/sdp-traits/no-audio", test_no_audio);
  g_test_add_func ("/sdp-traits/family", test_family);
  return g_test_run ();
}
