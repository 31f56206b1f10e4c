/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-multipart: which part of a body is found, to the byte, and that nothing hurts.
 */
#include "proto/multipart.h"

#include <string.h>

#define SDP "v=0\r\no=- 1 1 IN IP4 10.0.0.5\r\n"
#define TEXT "--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n"

static gchar *
find (const gchar *type, const gchar *body)
{
  /* Exact, so that the sanitizer sees a step past the end. */
  g_autofree gchar *exact = g_memdup2 (body, strlen (body));
  gsize size;
  const gchar *part = multipart_find (exact, strlen (body), type, "application/sdp", &size);

  return part ? g_strndup (part, size) : NULL;
}

static void
assert_found (const gchar *type, const gchar *body, const gchar *expected)
{
  g_autofree gchar *found = find (type, body);

  g_assert_cmpstr (found, ==, expected);
}

static void
test_mixed (void)
{
  const gchar *body = TEXT "--b\r\nContent-Type: application/sdp\r\nX: y\r\n\r\n" SDP "\r\n"
                           "--b\r\nContent-Type: application/isup\r\n\r\n\x01\x02\r\n--b--\r\n";

  assert_found ("multipart/mixed;boundary=b", body, SDP);
  assert_found ("Multipart/Related; x=\"a;boundary=c\" ; BOUNDARY=\"b\"", body, SDP);
  assert_found ("multipart/mixed;boundary=other", body, NULL);
  assert_found ("multipart/mixed", body, NULL);
  assert_found ("multipart/mixed;boundary=", body, NULL);
  assert_found ("text/plain;boundary=b", body, NULL);
  assert_found ("application/sdp", SDP, SDP);
}

static void
test_first (void)
{
  assert_found ("multipart/alternative;boundary=b",
                "preamble\r\n--bb\r\n--b \t\r\nContent-type : Application/SDP;charset=x\r\n\r\n"
                "one\r\n--b\r\nContent-Type: application/sdp\r\n\r\ntwo\r\n--b--\r\n",
                "one");
}

static void
test_nested (void)
{
  assert_found ("multipart/mixed;boundary=b",
                TEXT "--b\r\nContent-Type: multipart/alternative;\r\n boundary=\"c d\"\r\n\r\n"
                     "--c d\r\n\r\nnothing\r\n--c d\r\nContent-Type:application/sdp\r\n\r\n" SDP
                     "\r\n--c d--\r\n\r\n--b--\r\n",
                SDP);
}

static void
test_odd (void)
{
  /* Bare LF; without an end; with nothing in it. */
  assert_found ("multipart/mixed;boundary=b",
                "--b\nContent-Type:application/sdp\n\nv=0\ns=-\n\n--b--\n", "v=0\ns=-\n");
  assert_found ("multipart/mixed;boundary=b", "--b\r\nContent-Type:application/sdp\r\n\r\nv=0\r\n",
                "v=0\r\n");
  assert_found ("multipart/mixed;boundary=b", "--b\nContent-Type:application/sdp\n\n--b--", "");
  assert_found ("multipart/mixed;boundary=b", "--b\nContent-Type:application/sdp", "");
  /* What follows the last delimiter is no part, nor is a continued line a header. */
  assert_found ("multipart/mixed;boundary=b", "--b--\nContent-Type:application/sdp\n\nv=0\n",
                NULL);
  assert_found ("multipart/mixed;boundary=b", "--b\nX: y\n Content-Type:application/sdp\n\nv=0\n",
                NULL);
  assert_found ("multipart/mixed;boundary=b", "", NULL);
}

static void
test_deep (void)
{
  g_autoptr (GString) body = g_string_new (NULL);

  for (guint depth = 1; depth <= MULTIPART_MAX_DEPTH + 1; depth++) {
    g_autofree gchar *whole =
      g_strdup_printf ("%s--%u\nContent-Type:application/sdp\n\nv=0", body->str, depth);

    assert_found ("multipart/mixed;boundary=1", whole,
                  depth <= MULTIPART_MAX_DEPTH ? "v=0" : NULL);
    g_string_append_printf (body, "--%u\nContent-Type:multipart/mixed;boundary=%u\n\n", depth,
                            depth + 1);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/multipart/mixed", test_mixed);
  g_test_add_func ("/multipart/first", test_first);
  g_test_add_func ("/multipart/nested", test_nested);
  g_test_add_func ("/multipart/odd", test_odd);
  g_test_add_func ("/multipart/deep", test_deep);
  return g_test_run ();
}
