/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/error.h"
#include "proto/contact.h"

#include <string.h>

static Contact *
parse (const gchar *text)
{
  g_autoptr (GError) error = NULL;
  Contact *contact = contact_parse (text, &error);

  g_assert_no_error (error);
  return contact;
}

static void
test_full (void)
{
  g_autoptr (Contact) contact = parse (
      " \"Alice, \\\"mobile\\\" <1>\" <SIPS:al%69ce:pw@[2001:db8::1]:5063;transport=tls;pn-prid=a:b"
      ";ob;x=1>;+sip.instance=\"<urn:uuid:f81d4fae>\";reg-id=2;Expires=300;+sip.pnsreg;q=0.5 ");
  g_autofree gchar *instance = contact_instance (contact);
  g_autofree gchar *target = contact_target_uri (contact, FALSE);
  g_autofree gchar *whole = contact_target_uri (contact, TRUE);
  g_autofree gchar *text = contact_to_string (contact, 60);
  g_autofree gchar *bare = contact_to_string (contact, -1);

  g_assert_false (contact->wildcard);
  g_assert_cmpstr (contact->display, ==, "\"Alice, \\\"mobile\\\" <1>\"");
  g_assert_cmpstr (contact->scheme, ==, "sips");
  g_assert_cmpstr (contact->user, ==, "al%69ce");
  g_assert_cmpstr (contact->password, ==, "pw");
  g_assert_cmpstr (contact->host, ==, "[2001:db8::1]");
  g_assert_cmpuint (contact->port, ==, 5063);
  g_assert_cmpstr (uri_params_find (contact->uri_params, "TRANSPORT"), ==, "tls");
  g_assert_cmpstr (uri_params_find (contact->uri_params, "ob"), ==, "");
  g_assert_null (uri_params_find (contact->uri_params, "reg-id"));
  g_assert_cmpstr (contact_param (contact, "q"), ==, "0.5");
  g_assert_cmpstr (instance, ==, "<urn:uuid:f81d4fae>");
  g_assert_cmpuint (contact_reg_id (contact), ==, 2);
  g_assert_cmpint (contact_expires (contact), ==, 300);
  g_assert_true (contact_wants_pnsreg (contact));
  g_assert_cmpstr (contact->uri, ==,
                   "SIPS:al%69ce:pw@[2001:db8::1]:5063;transport=tls;pn-prid=a:b;ob;x=1");
  g_assert_cmpstr (target, ==, "sips:al%69ce:pw@[2001:db8::1]:5063;transport=tls;ob;x=1");
  g_assert_cmpstr (whole, ==,
                   "sips:al%69ce:pw@[2001:db8::1]:5063;transport=tls;pn-prid=a:b;ob;x=1");
  g_assert_true (g_str_has_prefix (text, "\"Alice, \\\"mobile\\\" <1>\" <SIPS:al%69ce"));
  g_assert_true (g_str_has_suffix (text, ";ob;x=1>;+sip.instance=\"<urn:uuid:f81d4fae>\";reg-id=2"
                                         ";+sip.pnsreg;q=0.5;expires=60"));
  g_assert_true (g_str_has_suffix (bare, ";+sip.pnsreg;q=0.5"));
}

static void
test_forms (void)
{
  g_autoptr (Contact) wildcard = parse (" * ");
  g_autoptr (Contact) bare = parse ("sip:bob@192.0.2.4;expires=10;pn-prid=x");
  g_autoptr (Contact) words = parse ("Bob B <sip:h;ob?a=1>");
  g_autoptr (Contact) quoted = parse ("<sip:u@h;pn-prid=\"a;b?c@d\"?e=f>;x=\",\"");
  g_autofree gchar *star = contact_to_string (wildcard, 60);
  g_autofree gchar *target = contact_target_uri (words, FALSE), *text = contact_to_string (words, 0);

  g_assert_true (wildcard->wildcard);
  g_assert_cmpstr (star, ==, "*");
  g_assert_cmpint (contact_expires (wildcard), ==, -1);
  g_assert_cmpstr (bare->uri, ==, "sip:bob@192.0.2.4");
  g_assert_cmpstr (contact_param (bare, "pn-prid"), ==, "x");
  g_assert_cmpstr (words->display, ==, "Bob B");
  g_assert_null (words->user);
  g_assert_cmpstr (words->uri_headers, ==, "a=1");
  g_assert_cmpstr (target, ==, "sip:h;ob");
  g_assert_cmpstr (text, ==, "Bob B <sip:h;ob?a=1>;expires=0");
  g_assert_cmpstr (uri_params_find (quoted->uri_params, "pn-prid"), ==, "\"a;b?c@d\"");
  g_assert_cmpstr (quoted->uri_headers, ==, "e=f");
}

static void
test_numbers (void)
{
  static const struct {
    const gchar *params;
    gint64 expires;
    guint reg_id;
  } cases[] = {
    { "", -1, 0 },
    { ";expires=0;reg-id=0", 0, 0 },
    { ";expires=-1;reg-id=-1", 3600, 0 },
    { ";expires;reg-id", 3600, 0 },
    { ";expires=;reg-id=", 3600, 0 },
    { ";expires=12x;reg-id=1x", 3600, 0 },
    { ";expires=\"60\";reg-id=\"1\"", 3600, 0 },
    { ";expires=4294967295;reg-id=2147483647", G_MAXUINT32, G_MAXINT32 },
    { ";expires=4294967296;reg-id=2147483648", G_MAXUINT32, 0 },
    { ";expires=99999999999999999999999999;reg-id=99999999999999999999", G_MAXUINT32, 0 },
    { ";expires=7;expires=8", 7, 0 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree gchar *text = g_strdup_printf ("<sip:u@h>%s", cases[i].params);
    g_autoptr (Contact) contact = parse (text);

    g_assert_cmpint (contact_expires (contact), ==, cases[i].expires);
    g_assert_cmpuint (contact_reg_id (contact), ==, cases[i].reg_id);
    g_assert_null (contact_instance (contact));
    g_assert_false (contact_wants_pnsreg (contact));
  }
}

static void
test_refused (void)
{
  static const gchar *const values[] = {
    "",
    "**",
    "*;expires=0",
    "<>",
    "<sip:u@h",
    "<tel:+49301234>",
    "<mailto:u@h>",
    "<sip:u@h> trailing",
    "<sip:u@h>, <sip:v@h>",
    "<sip:u@h>;q=1, <sip:v@h>",
    "sip:u@h, sip:v@h",
    "\"open <sip:u@h>",
    "\"name\" sip:u@h",
    "\"name\"",
    "<sip:u@h;x=\"open>",
    "<sip:u@h>;x=\"open",
    "<sip:u@h>;=value",
    "<sip:u@h>;a b",
    "<sip:u@h\r\nVia: x>",
    "<sip:u@h>;x=\"\x01\"",
    "\"\xff\" <sip:u@h>",
    "<sip:u@h>;x=\xc3",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (values); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (Contact) contact = contact_parse (values[i], &error);

    g_assert_null (contact);
    g_assert_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID);
  }
}

static void
assert_limit (const gchar *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Contact) contact = contact_parse (text, &error);

  g_assert_null (contact);
  g_assert_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_LIMIT);
}

static void
test_limits (void)
{
  GString *many = g_string_new ("<sip:u@h>"), *many_inside = g_string_new ("<sip:u@h");
  g_autofree gchar *fits = NULL, *long_value = NULL, *fill = NULL;

  for (guint i = 0; i < 1000; i++) {
    g_string_append (many, ";a");
    g_string_append (many_inside, ";a");
  }
  g_string_append_c (many_inside, '>');
  assert_limit (many->str);
  assert_limit (many_inside->str);
  g_string_free (many, TRUE);
  g_string_free (many_inside, TRUE);

  fill = g_strnfill (CONTACT_MAX_SIZE - strlen ("<sip:u@h;p=>"), 'x');
  fits = g_strdup_printf ("<sip:u@h;p=%s>", fill);
  long_value = g_strdup_printf ("<sip:u@h;p=%sx>", fill);
  contact_free (parse (fits));
  assert_limit (long_value);
}

/* What we give back to a phone, we can read again, and it says the same. */
static void
test_again (void)
{
  static const gchar *const values[] = {
    "<sip:u@h>",
    "X <sip:u@h;a;b=\"c\">;d;e=\"f,;g\"",
    "sip:u@h;a=b",
    "\"\" <sip:h>",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (values); i++) {
    g_autoptr (Contact) first = parse (values[i]);
    g_autofree gchar *once = contact_to_string (first, 5);
    g_autoptr (Contact) second = parse (once);
    g_autofree gchar *twice = contact_to_string (second, 5);

    g_assert_cmpstr (once, ==, twice);
    g_assert_cmpint (contact_expires (second), ==, 5);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/contact/full", test_full);
  g_test_add_func ("/contact/forms", test_forms);
  g_test_add_func ("/contact/numbers", test_numbers);
  g_test_add_func ("/contact/refused", test_refused);
  g_test_add_func ("/contact/limits", test_limits);
  g_test_add_func ("/contact/again", test_again);
  return g_test_run ();
}
