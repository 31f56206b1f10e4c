/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-call-log: what the log keeps, what it forgets, and that it says so.
 */
#include "call/call-log.h"

typedef struct {
  guint changed;
  guint dropped;
  gchar *last_dropped;
} Heard;

static void
on_changed (CallLog *log, CallRecord *record, gpointer user_data)
{
  ((Heard *) user_data)->changed++;
}

static void
on_dropped (CallLog *log, CallRecord *record, gpointer user_data)
{
  Heard *heard = user_data;

  heard->dropped++;
  g_free (heard->last_dropped);
  heard->last_dropped = g_strdup (call_record_id (record));
}

static CallLog *
log_with_ears (Heard *heard)
{
  CallLog *log = call_log_new ();

  g_signal_connect (log, "changed", G_CALLBACK (on_changed), heard);
  g_signal_connect (log, "dropped", G_CALLBACK (on_dropped), heard);
  return log;
}

static void
test_states (void)
{
  Heard heard = { 0 };
  g_autoptr (CallLog) log = log_with_ears (&heard);
  g_autoptr (CallRecord) record = call_record_new ("one", CALL_TO_PHONE);

  call_log_open (log, record);
  g_assert_cmpuint (heard.changed, ==, 1);
  g_assert_true (call_log_find (log, "one") == record);
  g_assert_null (call_log_find (log, "two"));

  call_record_set_state (record, CALL_RINGING);
  call_record_set_state (record, CALL_HELD);
  g_assert_cmpint (call_record_state (record), ==, CALL_RINGING);
  call_record_set_state (record, CALL_OVER);
  call_record_set_state (record, CALL_OVER);
  g_assert_cmpuint (heard.changed, ==, 3);
  g_assert_true (call_log_find (log, "one") == record);
}

static void
test_bound (void)
{
  Heard heard = { 0 };
  g_autoptr (CallLog) log = log_with_ears (&heard);
  g_autoptr (CallRecord) open = call_record_new ("open", CALL_TO_PBX);
  g_autoptr (GPtrArray) records = NULL;

  call_log_open (log, open);
  for (guint i = 0; i < CALL_LOG_MAX_ENDED + 2; i++) {
    g_autofree gchar *id = g_strdup_printf ("call%u", i);
    g_autoptr (CallRecord) record = call_record_new (id, CALL_TO_PHONE);

    call_log_open (log, record);
    call_record_set_state (record, CALL_OVER);
  }
  g_assert_cmpuint (heard.dropped, ==, 2);
  g_assert_cmpstr (heard.last_dropped, ==, "call1");
  g_assert_null (call_log_find (log, "call1"));
  g_assert_nonnull (call_log_find (log, "call2"));
  g_assert_true (call_log_find (log, "open") == open);
  records = call_log_records (log);
  g_assert_cmpuint (records->len, ==, CALL_LOG_MAX_ENDED + 1);
  g_assert_true (g_ptr_array_index (records, records->len - 1) == open);
  g_free (heard.last_dropped);
}

/* The call may outlive the log when the daemon stops. */
static void
test_record_outlives_log (void)
{
  Heard heard = { 0 };
  CallLog *log = log_with_ears (&heard);
  g_autoptr (CallRecord) record = call_record_new ("one", CALL_TO_PHONE);

  call_log_open (log, record);
  g_object_unref (log);
  call_record_set_state (record, CALL_OVER);
  g_assert_cmpuint (heard.changed, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/call-log/states", test_states);
  g_test_add_func ("/call-log/bound", test_bound);
  g_test_add_func ("/call-log/record-outlives-log", test_record_outlives_log);
  return g_test_run ();
}
