/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * call-record: what happened in a call, step by step: the answer to "why did it not ring?".
 *
 * Steps name no person: who called whom is not part of it.
 */
#include "call/call-record.h"

#include "base/clock.h"
#include "base/log.h"

#define MAX_STEPS 200 /* a call that goes on and on keeps its beginning */

struct _CallRecord {
  gint refs;
  gchar *id;        /* the Call-ID toward who is called, too */
  gchar *caller_id; /* nullable: the caller's Call-ID */
  CallDirection direction;
  CallState state;
  gint64 begun;      /* monotonic microseconds */
  gint64 begun_wall; /* seconds since the epoch */
  CallRecordFunc watch;
  gpointer watch_data;
  GArray *steps;
};

static void
clear_step (gpointer step)
{
  g_free (((CallStep *) step)->text);
}

/**
 * call_record_new:
 * @id: the call's id
 * @direction: where it goes
 *
 * Returns: (transfer full): a record that begins now
 */
CallRecord *
call_record_new (const gchar *id, CallDirection direction)
{
  CallRecord *record = g_new0 (CallRecord, 1);

  record->refs = 1;
  record->id = g_strdup (id);
  record->direction = direction;
  record->begun = clock_now ();
  record->begun_wall = clock_wall ();
  record->steps = g_array_sized_new (FALSE, FALSE, sizeof (CallStep), 4);
  g_array_set_clear_func (record->steps, clear_step);
  return record;
}

/**
 * call_record_ref:
 * @record: a record
 *
 * Returns: (transfer full): @record
 */
CallRecord *
call_record_ref (CallRecord *record)
{
  record->refs++;
  return record;
}

/**
 * call_record_unref:
 * @record: (transfer full): a record
 */
void
call_record_unref (CallRecord *record)
{
  if (--record->refs > 0)
    return;
  g_array_unref (record->steps);
  g_free (record->caller_id);
  g_free (record->id);
  g_free (record);
}

/**
 * call_record_set_caller_id:
 * @record: a new record
 * @call_id: the Call-ID of the caller's INVITE
 */
void
call_record_set_caller_id (CallRecord *record, const gchar *call_id)
{
  record->caller_id = g_strdup (call_id);
}

/**
 * call_record_caller_id:
 * @record: a record
 *
 * Returns: (transfer none) (nullable): the Call-ID of the caller's INVITE
 */
const gchar *
call_record_caller_id (const CallRecord *record)
{
  return record->caller_id;
}

/**
 * call_record_add:
 * @record: a record
 * @format: what happened
 * @...: its arguments
 */
void
call_record_add (CallRecord *record, const gchar *format, ...)
{
  CallStep step = { clock_now () - record->begun, NULL };
  va_list args;

  va_start (args, format);
  step.text = g_strdup_vprintf (format, args);
  va_end (args);
  log_debug (LOG_FIELDS ("CALL_ID", record->id), "call: %s", step.text);
  if (record->steps->len < MAX_STEPS)
    g_array_append_val (record->steps, step);
  else
    g_free (step.text);
}

/**
 * call_record_set_state:
 * @record: a record
 * @state: how far its call is; it never goes back
 */
void
call_record_set_state (CallRecord *record, CallState state)
{
  if (state <= record->state)
    return;
  record->state = state;
  if (record->watch)
    record->watch (record, record->watch_data);
}

/**
 * call_record_watch:
 * @record: a record
 * @func: (nullable): called when the state has changed; there is only one
 * @user_data: for @func
 */
void
call_record_watch (CallRecord *record, CallRecordFunc func, gpointer user_data)
{
  record->watch = func;
  record->watch_data = user_data;
}

/**
 * call_record_id:
 * @record: a record
 *
 * Returns: (transfer none): the call's id
 */
const gchar *
call_record_id (const CallRecord *record)
{
  return record->id;
}

/**
 * call_record_direction:
 * @record: a record
 *
 * Returns: where the call goes
 */
CallDirection
call_record_direction (const CallRecord *record)
{
  return record->direction;
}

/**
 * call_record_state:
 * @record: a record
 *
 * Returns: how far the call is
 */
CallState
call_record_state (const CallRecord *record)
{
  return record->state;
}

/**
 * call_record_begun:
 * @record: a record
 *
 * Returns: when the call began, in monotonic microseconds
 */
gint64
call_record_begun (const CallRecord *record)
{
  return record->begun;
}

/**
 * call_record_begun_wall:
 * @record: a record
 *
 * Returns: when the call began, in seconds since the epoch
 */
gint64
call_record_begun_wall (const CallRecord *record)
{
  return record->begun_wall;
}

/**
 * call_record_steps:
 * @record: a record
 *
 * Returns: (transfer none) (element-type CallStep): what happened, in order
 */
GArray *
call_record_steps (const CallRecord *record)
{
  return record->steps;
}

/**
 * call_record_last:
 * @record: a record
 *
 * Returns: (transfer none): what happened last, or "" before anything has
 */
const gchar *
call_record_last (const CallRecord *record)
{
  const GArray *steps = record->steps;

  return steps->len ? g_array_index (steps, CallStep, steps->len - 1).text : "";
}
