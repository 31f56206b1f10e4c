/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"
#include "proto/address.h"
#include "proto/aor.h"

#include <string.h>

static void
test_one_spelling (void)
{
  static const struct {
    const gchar *uri, *aor;
  } cases[] = {
    { "sip:alice@example.com", "sip:alice@example.com" },
    { "SIPS:Alice@EXAMPLE.com:5061;transport=tls;pn-prid=x", "sip:Alice@example.com" },
    { "sip:%61lice:secret@example.com?Subject=x", "sip:alice@example.com" },
    { "sip:a%2fb@example.com", "sip:a%2Fb@example.com" },
    { "sip:a/b@example.com", "sip:a/b@example.com" },
    { "sip:%2b49@example.com", "sip:%2B49@example.com" },
    { "sip:#31#@example.com", "sip:%2331%23@example.com" },
    { "sip:50%@example.com", "sip:50%25@example.com" },
    { "sip:j\xc3\xbcrg@example.com", "sip:j%C3%BCrg@example.com" },
    { "sip:j%c3%bcrg@example.com", "sip:j%C3%BCrg@example.com" },
    { "sip:x%00y@example.com", "sip:x%00y@example.com" },
    { "sip:42;phone-context=x?y@example.com", "sip:42;phone-context=x?y@example.com" },
    { "sip:alice@[2001:DB8::1]:5060", "sip:alice@[2001:db8::1]" },
    { "sip:example.com", "sip:example.com" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;
    g_autofree gchar *aor = aor_from_uri (cases[i].uri, &error);

    g_assert_no_error (error);
    g_assert_cmpstr (aor, ==, cases[i].aor);
  }
}

static void
test_refused (void)
{
  static const gchar *const uris[] = {
    "",
    "sip:",
    "tel:+4930123",
    "alice@example.com",
    "sip:@example.com",
    "sip:alice@",
    "sip:alice@bad@example.com",
    "sip:alice@ex ample.com",
    "sip:alice@example.com:0",
    "sip:alice@example.com:65536",
    "sip:alice@example.com:",
    "sip:alice@[2001:db8::1",
    "sip:alice@[2001:db8::g]",
    "sip:alice@2001:db8::1",
    "sip:alice@..",
    "sip:alice@example.com;x=\"open",
    "sip:al\xffice@example.com",
    "sip:alice@example.com\r\nVia: x",
    "sip:alice@example.com;a b=c",
  };
  g_autofree gchar *host = g_strnfill (300, 'h');
  g_autofree gchar *uri = g_strdup_printf ("sip:%s", host);

  for (gsize i = 0; i < G_N_ELEMENTS (uris); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (aor_from_uri (uris[i], &error));
    g_assert_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID);
  }
  g_assert_null (aor_from_uri (uri, NULL));
}

static void
test_too_long (void)
{
  g_autofree gchar *user = g_strnfill (5000, 'u');
  g_autofree gchar *uri = g_strdup_printf ("sip:%s@h", user);
  g_autoptr (GError) error = NULL;

  g_assert_null (aor_from_uri (uri, &error));
  g_assert_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_LIMIT);
}

static void
test_parts (void)
{
  g_autofree gchar *bare = aor_new (NULL, "2001:DB8::2");
  g_autofree gchar *aor = aor_new ("a b", "[2001:db8::2]");
  g_autofree gchar *user = aor_user (aor), *host = aor_host (aor), *bare_host = aor_host (bare);

  g_assert_cmpstr (bare, ==, "sip:[2001:db8::2]");
  g_assert_cmpstr (aor, ==, "sip:a%20b@[2001:db8::2]");
  g_assert_cmpstr (user, ==, "a%20b");
  g_assert_cmpstr (host, ==, "[2001:db8::2]");
  g_assert_null (aor_user (bare));
  g_assert_cmpstr (bare_host, ==, "[2001:db8::2]");
}

static void
test_addresses (void)
{
  static const struct {
    const gchar *pattern, *address;
    gboolean matches;
  } cases[] = {
    { "192.0.2.1", "192.0.2.1", TRUE },           { "192.0.2.1", "192.0.2.2", FALSE },
    { "192.0.2.0/24", "192.0.2.200", TRUE },      { "192.0.2.0/24", "192.0.3.1", FALSE },
    { "192.0.2.0/24", "::ffff:192.0.2.9", TRUE }, { "2001:db8::/32", "2001:db8:1::1", TRUE },
    { "2001:db8::/32", "192.0.2.1", FALSE },      { "0.0.0.0/0", "198.51.100.1", TRUE },
    { "nonsense", "192.0.2.1", FALSE },           { "", "192.0.2.1", FALSE },
    { "192.0.2.0/33", "192.0.2.1", FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GInetAddress) address = g_inet_address_new_from_string (cases[i].address);

    g_assert_true (address_matches (cases[i].pattern, address) == cases[i].matches);
  }
  g_assert_true (address_pattern_is_valid ("2001:db8::1"));
  g_assert_false (address_pattern_is_valid ("pbx.example.com"));
}

static void
test_subscribers (void)
{
  static const gchar *const cases[][2] = {
    { "192.0.2.1", "192.0.2.1" },
    { "::ffff:192.0.2.9", "192.0.2.9" },
    { "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64" },
    { "2001:db8:1:2::", "2001:db8:1:2::/64" },
    { "2001:db8:1:3::6", "2001:db8:1:3::/64" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GInetAddress) address = g_inet_address_new_from_string (cases[i][0]);
    g_autofree gchar *subscriber = address_subscriber (address);

    g_assert_cmpstr (subscriber, ==, cases[i][1]);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/aor/one-spelling", test_one_spelling);
  g_test_add_func ("/aor/refused", test_refused);
  g_test_add_func ("/aor/too-long", test_too_long);
  g_test_add_func ("/aor/parts", test_parts);
  g_test_add_func ("/address/patterns", test_addresses);
  g_test_add_func ("/address/subscribers", test_subscribers);
  return g_test_run ();
}
