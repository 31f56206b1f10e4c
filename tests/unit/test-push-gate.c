/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"
#include "push/push-gate.h"
#include "push/push-origins.h"
#include "push/push-url.h"

#include <gio/gio.h>
#include <string.h>

static gboolean
allows (const gchar *text)
{
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string (text, 443);
  struct sockaddr_storage native;

  g_assert_nonnull (address);
  g_assert_true (g_socket_address_to_native (address, &native, sizeof native, NULL));
  return push_gate_allows ((const struct sockaddr *) &native);
}

static void
test_public_addresses (void)
{
  static const gchar *const addresses[] = {
    "8.8.8.8",
    "17.188.143.34",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.167.255.255",
    "192.169.0.0",
    "223.255.255.255",
    "2a00:1450:4001:80b::200a",
    "2620:149:a44::1",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2002:808:808::1",
    "2400:cb00::5efe:808:808",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (addresses); i++)
    if (!allows (addresses[i]))
      g_error ("%s is public", addresses[i]);
}

static void
test_closed_addresses (void)
{
  static const gchar *const addresses[] = {
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "64:ff9b:1::808:808",
    "2002:7f00:1::1",
    "2002:a00:1::1",
    "2001::1",
    "2001:0:808:808::1",
    "2001:10::1",
    "2001:db8::1",
    "3fff::1",
    "fc00::1",
    "fd12::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "100::1",
    "2400:cb00::5efe:10.0.0.1",
    "2400:cb00::200:5efe:127.0.0.1",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (addresses); i++)
    if (allows (addresses[i]))
      g_error ("%s is not public", addresses[i]);
  g_assert_false (push_gate_allows (&(struct sockaddr){ .sa_family = AF_UNIX }));
}

static void
test_good_urls (void)
{
  static const struct {
    const gchar *url;
    const gchar *origin;
    const gchar *canonical;
  } rows[] = {
    { "https://push.example.net/p/abc?x=1", "https://push.example.net",
      "https://push.example.net/p/abc?x=1" },
    { "HTTPS://Push.Example.NET:443/A", "https://push.example.net", "https://push.example.net/A" },
    { "https://push.example.net:8443", "https://push.example.net:8443",
      "https://push.example.net:8443/" },
    { "https://push.example.net:08443/", "https://push.example.net:8443",
      "https://push.example.net:8443/" },
    { "https://h?x", "https://h", "https://h/?x" },
    { "https://h#x", "https://h", "https://h/" },
    { "https://h/a@b:c", "https://h", "https://h/a@b:c" },
    { "https://[2001:DB8::1]:8443/x", "https://[2001:db8::1]:8443",
      "https://[2001:db8::1]:8443/x" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GError) error = NULL;
    g_autofree gchar *origin = NULL;
    g_autofree gchar *url = push_url_parse (rows[i].url, &origin, &error);

    g_assert_no_error (error);
    g_assert_cmpstr (url, ==, rows[i].canonical);
    g_assert_cmpstr (origin, ==, rows[i].origin);
  }
}

static void
test_bad_urls (void)
{
  static const gchar *const urls[] = {
    "",
    "https",
    "https://",
    "https:///x",
    "http://push.example.net/",
    "ftp://push.example.net/",
    "push.example.net",
    "https:push.example.net",
    "https://user@push.example.net/",
    "https://user:secret@push.example.net/",
    "https://push.example.net@evil.example/",
    "https://push.example.net\\@evil.example/",
    "https://push.example.net/a b",
    "https://push.example.net/a\r\nX: y",
    "https://push.example.net:0/",
    "https://push.example.net:65536/",
    "https://push.example.net:99999999999/",
    "https://push.example.net:/",
    "https://push.example.net:80x/",
    "https://p%75sh.example.net/",
    "https://p\xc3\xbcsh.example.net/",
    "https://[::1/",
    "https://[]/",
    "https://[fe80::1%25eth0]/",
    "https://[::1]x/",
  };
  g_autofree gchar *letters = g_strnfill (4096, 'x');
  g_autofree gchar *large = g_strconcat ("https://h/", letters, NULL);
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (urls); i++) {
    g_autoptr (GError) refusal = NULL;
    gchar *origin = NULL;

    if (push_url_parse (urls[i], &origin, &refusal))
      g_error ("%s is no push URL", urls[i]);
    g_assert_error (refusal, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID);
    g_assert_null (origin);
  }
  g_assert_null (push_url_parse (large, NULL, NULL));
  g_assert_null (push_url_parse ("https://user@h/", NULL, &error));
  g_assert_nonnull (strstr (error->message, "user information"));
}

static void
test_one_origin_cannot_take_all_the_room (void)
{
  PushOrigins *origins = push_origins_new (16);

  for (int i = 0; i < 3; i++)
    g_assert_true (push_origins_enter (origins, "https://slow", FALSE));
  g_assert_false (push_origins_enter (origins, "https://slow", FALSE));
  for (int i = 0; i < 13; i++)
    g_assert_true (push_origins_enter (origins, "https://ours", TRUE));
  g_assert_false (push_origins_enter (origins, "https://ours", TRUE));
  g_assert_false (push_origins_enter (origins, "https://other", FALSE));
  push_origins_leave (origins, "https://slow");
  g_assert_true (push_origins_enter (origins, "https://other", FALSE));
  g_assert_true (push_origins_were_trusted (origins, "https://ours"));
  g_assert_false (push_origins_were_trusted (origins, "https://slow"));
  push_origins_free (origins);
}

static void
test_one_renews_the_connection_for_all (void)
{
  PushOrigins *origins = push_origins_new (16);

  push_origins_enter (origins, "https://a", TRUE);
  push_origins_enter (origins, "https://a", TRUE);
  push_origins_enter (origins, "https://b", TRUE);
  g_assert_true (push_origins_renew (origins, "https://a", 5 * G_USEC_PER_SEC));
  g_assert_false (push_origins_renew (origins, "https://a", 5 * G_USEC_PER_SEC + 1));
  g_assert_true (push_origins_renew (origins, "https://b", 5 * G_USEC_PER_SEC + 1));
  g_assert_true (push_origins_renew (origins, "https://a", 6 * G_USEC_PER_SEC));
  push_origins_free (origins);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/push-gate/public-addresses", test_public_addresses);
  g_test_add_func ("/push-gate/closed-addresses", test_closed_addresses);
  g_test_add_func ("/push-url/good", test_good_urls);
  g_test_add_func ("/push-url/bad", test_bad_urls);
  g_test_add_func ("/push-origins/one-cannot-take-all-the-room",
                   test_one_origin_cannot_take_all_the_room);
  g_test_add_func ("/push-origins/one-renews-the-connection-for-all",
                   test_one_renews_the_connection_for_all);
  return g_test_run ();
}
