/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/edge-expiry.h"

#include "base/clock.h"
#include "test-certificate.h"

#include <glib/gstdio.h>

#define DAY (24 * 3600)

static gboolean
is_near (gint64 seconds)
{
  g_autofree gchar *folder = g_dir_make_tmp ("sipwake-expiry-XXXXXX", NULL);
  g_autofree gchar *path = g_build_filename (folder, "c.pem", NULL);
  g_autofree gchar *key = g_build_filename (folder, "k.pem", NULL);
  g_autoptr (GError) error = NULL;
  gint64 end = 0;
  gboolean near;

  g_assert_true (test_certificate_make_with (path, key, "DNS:a.example", seconds, &error));
  near = edge_expiry_is_near (path, &end);
  g_assert_cmpint (ABS (end - clock_wall () - seconds), <=, 60);
  g_unlink (path);
  g_unlink (key);
  g_rmdir (folder);
  return near;
}

/* The certificate began a week ago. */
static void
test_last_fifth_of_life (void)
{
  g_assert_false (is_near (90 * DAY));
  g_assert_false (is_near (2 * DAY));
  g_assert_true (is_near (DAY));
  g_assert_true (is_near (-60));
}

static void
test_no_file (void)
{
  gint64 end;

  g_assert_false (edge_expiry_is_near ("/nowhere/c.pem", &end));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/edge-expiry/last-fifth-of-life", test_last_fifth_of_life);
  g_test_add_func ("/edge-expiry/no-file", test_no_file);
  return g_test_run ();
}
