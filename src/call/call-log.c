/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * call-log: the records of the calls that are, and of the last ones that were.
 *
 * The router enters each call; whoever wants to know why a telephone did not ring reads here after
 * the call is over. "changed" is emitted when a call begins, gets further or ends, "dropped" when
 * the record of an ended call makes room for newer ones.
 */
#include "call/call-log.h"

struct _CallLog {
  GObject parent;
  GHashTable *records; /* id -> CallRecord, owned */
  GQueue ended;        /* CallRecord, the oldest first */
};

enum { CHANGED, DROPPED, N_SIGNALS };
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (CallLog, call_log, G_TYPE_OBJECT)

static void
drop_oldest (CallLog *self)
{
  CallRecord *oldest = g_queue_pop_head (&self->ended);

  g_signal_emit (self, signals[DROPPED], 0, oldest);
  g_hash_table_remove (self->records, call_record_id (oldest));
}

static void
on_record_changed (CallRecord *record, gpointer user_data)
{
  CallLog *self = user_data;

  if (call_record_state (record) == CALL_OVER) {
    g_queue_push_tail (&self->ended, record);
    if (self->ended.length > CALL_LOG_MAX_ENDED)
      drop_oldest (self);
  }
  g_signal_emit (self, signals[CHANGED], 0, record);
}

/**
 * call_log_open:
 * @log: the log
 * @record: (transfer none): of a call that begins
 */
void
call_log_open (CallLog *self, CallRecord *record)
{
  g_hash_table_insert (self->records, (gpointer) call_record_id (record), call_record_ref (record));
  call_record_watch (record, on_record_changed, self);
  g_signal_emit (self, signals[CHANGED], 0, record);
}

/**
 * call_log_find:
 * @log: the log
 * @id: a call's id
 *
 * Returns: (transfer none) (nullable): its record
 */
CallRecord *
call_log_find (CallLog *self, const gchar *id)
{
  return g_hash_table_lookup (self->records, id);
}

/**
 * call_log_other_name:
 * @log: the log
 * @call_id: by which one side of a call knows it
 *
 * Returns: (transfer none) (nullable): the Call-ID by which the other side does
 */
const gchar *
call_log_other_name (CallLog *self, const gchar *call_id)
{
  CallRecord *record = call_log_find (self, call_id);
  GHashTableIter iter;
  gpointer other;

  if (record)
    return call_record_caller_id (record);
  g_hash_table_iter_init (&iter, self->records);
  while (g_hash_table_iter_next (&iter, NULL, &other))
    if (g_strcmp0 (call_record_caller_id (other), call_id) == 0)
      return call_record_id (other);
  return NULL;
}

static gint
newest_first (gconstpointer a, gconstpointer b)
{
  gint64 left = call_record_begun (*(CallRecord *const *) a);
  gint64 right = call_record_begun (*(CallRecord *const *) b);

  return (left < right) - (left > right);
}

/**
 * call_log_records:
 * @log: the log
 *
 * Returns: (transfer container) (element-type CallRecord): all records, the newest call first
 */
GPtrArray *
call_log_records (CallLog *self)
{
  GPtrArray *records = g_ptr_array_sized_new (g_hash_table_size (self->records));
  GHashTableIter iter;
  gpointer record;

  g_hash_table_iter_init (&iter, self->records);
  while (g_hash_table_iter_next (&iter, NULL, &record))
    g_ptr_array_add (records, record);
  g_ptr_array_sort (records, newest_first);
  return records;
}

static void
release_record (gpointer record)
{
  call_record_watch (record, NULL, NULL);
  call_record_unref (record);
}

static void
call_log_finalize (GObject *object)
{
  CallLog *self = CALL_LOG (object);

  g_queue_clear (&self->ended);
  g_hash_table_unref (self->records);
  G_OBJECT_CLASS (call_log_parent_class)->finalize (object);
}

static void
call_log_class_init (CallLogClass *class)
{
  G_OBJECT_CLASS (class)->finalize = call_log_finalize;

  /**
   * CallLog::changed:
   * @record: (type gpointer): the CallRecord of the call
   */
  signals[CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (class), G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 1, G_TYPE_POINTER);
  /**
   * CallLog::dropped:
   * @record: (type gpointer): the CallRecord that is forgotten
   */
  signals[DROPPED] = g_signal_new ("dropped", G_TYPE_FROM_CLASS (class), G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 1, G_TYPE_POINTER);
}

static void
call_log_init (CallLog *self)
{
  self->records = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, release_record);
}

/**
 * call_log_new:
 *
 * Returns: (transfer full): a log without calls
 */
CallLog *
call_log_new (void)
{
  return g_object_new (CALL_TYPE_LOG, NULL);
}
