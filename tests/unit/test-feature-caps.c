/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "proto/feature-caps.h"

static void
test_written (void)
{
  g_autofree gchar *plain = feature_caps_push ("fcm", NULL, 0, NULL);
  g_autofree gchar *pnsreg = feature_caps_push ("apns", NULL, 130, NULL);
  g_autofree gchar *full = feature_caps_push ("webpush", "BA1Hxzyi-_", 130, "f3c1");

  g_assert_cmpstr (plain, ==, "*;+sip.pns=\"fcm\"");
  g_assert_cmpstr (pnsreg, ==, "*;+sip.pns=\"apns\";+sip.pnsreg=\"130\"");
  g_assert_cmpstr (full, ==,
                   "*;+sip.pns=\"webpush\";+sip.vapid=\"BA1Hxzyi-_\";+sip.pnsreg=\"130\""
                   ";+sip.pnspurr=\"f3c1\"");
}

static void
test_never_torn_open (void)
{
  g_assert_null (feature_caps_push ("apns\";x=\"y", NULL, 0, NULL));
  g_assert_null (feature_caps_push ("", NULL, 0, NULL));
  g_assert_null (feature_caps_push ("apns", "a\r\nb", 0, NULL));
  g_assert_null (feature_caps_push ("apns", NULL, 0, "a\\"));
}

static void
test_read (void)
{
  static const struct {
    const gchar *value;
    gboolean has_pns;
  } cases[] = {
    { "*;+sip.pns=\"apns\"", TRUE },
    { "*;+sip.pns=\"apns\";+sip.pnsreg=\"130\"", TRUE },
    { "+sip.pns=\"apns\"", TRUE },
    { "* ; +SIP.PNS = \"apns\"", TRUE },
    { "*;+g.x=\"a,b;c\",*;+sip.pns=\"fcm\"", TRUE },
    { "*;+sip.pns", TRUE },
    { "", FALSE },
    { "*", FALSE },
    { "*;+sip.pnsreg=\"130\"", FALSE },
    { "*;+sip.pn=\"x\"", FALSE },
    { "*;+g.x=\";+sip.pns=\"", FALSE },
    { "*;+g.x=\";+sip.pns", FALSE },
    { ";;,,=,;\"\\", FALSE },
    { "*;\xff+sip.pns", FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_true (feature_caps_has_pns (cases[i].value) == cases[i].has_pns);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/feature-caps/written", test_written);
  g_test_add_func ("/feature-caps/never-torn-open", test_never_torn_open);
  g_test_add_func ("/feature-caps/read", test_read);
  return g_test_run ();
}
