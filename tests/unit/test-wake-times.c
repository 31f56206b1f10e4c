/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-wake-times: the histograms add up, and no phone makes them grow without end.
 */
#include "manage/wake-times.h"

#include <string.h>

#define MILLISECOND 1000

static void
assert_line (const GString *text, const gchar *line)
{
  g_autofree gchar *whole = g_strdup_printf ("\n%s\n", line);

  if (!strstr (text->str, whole))
    g_error ("no %s in\n%s", line, text->str);
}

static void
test_buckets (void)
{
  WakeTimes *times = wake_times_new ();
  g_autoptr (GString) text = g_string_new (NULL);

  wake_times_add (times, "webpush", 250 * MILLISECOND);
  wake_times_add (times, "webpush", 251 * MILLISECOND);
  wake_times_add (times, "webpush", 4000 * MILLISECOND);
  wake_times_add (times, "webpush", 31000 * MILLISECOND);
  wake_times_add (times, "webpush", -1);
  wake_times_add (times, "apns", 100 * MILLISECOND);
  wake_times_print (times, text);
  assert_line (text, "sipwake_wake_seconds_bucket{service=\"webpush\",le=\"0.25\"} 1");
  assert_line (text, "sipwake_wake_seconds_bucket{service=\"webpush\",le=\"0.5\"} 2");
  assert_line (text, "sipwake_wake_seconds_bucket{service=\"webpush\",le=\"3\"} 2");
  assert_line (text, "sipwake_wake_seconds_bucket{service=\"webpush\",le=\"5\"} 3");
  assert_line (text, "sipwake_wake_seconds_bucket{service=\"webpush\",le=\"30\"} 3");
  assert_line (text, "sipwake_wake_seconds_bucket{service=\"webpush\",le=\"+Inf\"} 4");
  assert_line (text, "sipwake_wake_seconds_count{service=\"webpush\"} 4");
  assert_line (text, "sipwake_wake_seconds_sum{service=\"webpush\"} 35.501000");
  assert_line (text, "sipwake_wake_failures_total{service=\"webpush\"} 1");
  assert_line (text, "sipwake_wake_seconds_count{service=\"apns\"} 1");
  wake_times_free (times);
}

/* What phones call their service is theirs to choose. */
static void
test_hostile_names (void)
{
  WakeTimes *times = wake_times_new ();
  g_autoptr (GString) text = g_string_new (NULL);

  wake_times_add (times, "a\"b\\c\nd\xff", 1);
  for (guint i = 0; i < 100; i++) {
    g_autofree gchar *name = g_strdup_printf ("service%u", i);

    wake_times_add (times, name, 1);
  }
  wake_times_print (times, text);
  assert_line (text, "sipwake_wake_seconds_count{service=\"a\\\"b\\\\c\\nd\357\277\275\"} 1");
  assert_line (text, "sipwake_wake_seconds_count{service=\"other\"} 85");
  g_assert_null (strstr (text->str, "service99"));
  wake_times_free (times);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/wake-times/buckets", test_buckets);
  g_test_add_func ("/wake-times/hostile-names", test_hostile_names);
  return g_test_run ();
}
