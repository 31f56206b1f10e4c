/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/log.h"

#include <glib.h>

static void
test_mask_hides_token (void)
{
  g_assert_cmpstr (log_mask ("00fc13adff78512"), ==, "00~15");
  g_assert_cmpstr (log_mask ("1001"), ==, "~4");
  g_assert_cmpstr (log_mask (NULL), ==, "-");
}

static void
test_mask_hides_user (void)
{
  g_assert_cmpstr (log_mask_aor ("sip:alice@example.com"), ==, "sip:a~5@example.com");
  g_assert_cmpstr (log_mask_aor ("sip:42@[2001:db8::1]:5060"), ==, "sip:~2@[2001:db8::1]:5060");
  g_assert_cmpstr (log_mask_aor ("sip:example.com"), ==, "sip:example.com");
}

static void
test_masks_live_side_by_side (void)
{
  const gchar *first = log_mask ("first-token"), *second = log_mask_aor ("sip:second@h");

  g_assert_cmpstr (first, ==, "fi~11");
  g_assert_cmpstr (second, ==, "sip:s~6@h");
}

static void
test_personal_data_on_demand (void)
{
  log_set_personal (TRUE);
  g_assert_cmpstr (log_mask ("00fc13adff78512"), ==, "00fc13adff78512");
  g_assert_cmpstr (log_mask_aor ("sip:alice@example.com"), ==, "sip:alice@example.com");
  log_set_personal (FALSE);
}

static void
test_levels (void)
{
  GLogLevelFlags level;

  g_assert_true (log_level_from_string ("warning", &level));
  log_set_level (level);
  g_assert_true (log_wants (G_LOG_LEVEL_CRITICAL));
  g_assert_true (log_wants (G_LOG_LEVEL_WARNING));
  g_assert_false (log_wants (G_LOG_LEVEL_INFO));
  g_assert_false (log_level_from_string ("loud", &level));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/log/mask-hides-token", test_mask_hides_token);
  g_test_add_func ("/log/mask-hides-user", test_mask_hides_user);
  g_test_add_func ("/log/masks-live-side-by-side", test_masks_live_side_by_side);
  g_test_add_func ("/log/personal-data-on-demand", test_personal_data_on_demand);
  g_test_add_func ("/log/levels", test_levels);
  return g_test_run ();
}
