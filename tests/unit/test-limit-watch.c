/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manage/limit-watch.h"

#include "base/clock.h"
#include "base/counters.h"
#include "base/log-ids.h"
#include "base/log.h"

#define INTERVAL (11 * CLOCK_SECOND)

static GPtrArray *lines; /* what was logged under our id: COUNTER=COUNT */

static const gchar *
field (const GLogField *fields, gsize n_fields, const gchar *key)
{
  for (gsize i = 0; i < n_fields; i++)
    if (g_str_equal (fields[i].key, key))
      return fields[i].value;
  return NULL;
}

static GLogWriterOutput
writer (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  if (g_strcmp0 (field (fields, n_fields, "MESSAGE_ID"), LOG_ID_LIMIT_REACHED) == 0)
    g_ptr_array_add (lines, g_strdup_printf ("%s=%s", field (fields, n_fields, "COUNTER"),
                                             field (fields, n_fields, "COUNT")));
  return G_LOG_WRITER_HANDLED;
}

static void
pass_interval (void)
{
  clock_test_advance (INTERVAL);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
test_one_line_for_many (void)
{
  LimitWatch *watch;

  counters_add (COUNTER_OFFENDERS_REFUSED, 5);
  watch = limit_watch_new ();
  pass_interval ();
  g_assert_cmpuint (lines->len, ==, 0);
  counters_add (COUNTER_OFFENDERS_REFUSED, 40);
  counters_add (COUNTER_REGISTERS_ACCEPTED, 3);
  pass_interval ();
  g_assert_cmpuint (lines->len, ==, 1);
  g_assert_cmpstr (lines->pdata[0], ==, "offenders_refused=40");
  pass_interval ();
  g_assert_cmpuint (lines->len, ==, 1);
  counters_inc (COUNTER_OFFENDERS_REFUSED);
  pass_interval ();
  g_assert_cmpuint (lines->len, ==, 2);
  g_assert_cmpstr (lines->pdata[1], ==, "offenders_refused=1");
  limit_watch_free (watch);
}

int
main (int argc, char **argv)
{
  lines = g_ptr_array_new_with_free_func (g_free);
  g_log_set_writer_func (writer, NULL, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/limit-watch/one-line-for-many", test_one_line_for_many);
  return g_test_run ();
}
