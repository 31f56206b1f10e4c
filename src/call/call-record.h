/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

typedef enum { CALL_TO_PHONE, CALL_TO_PBX } CallDirection;

typedef enum {
  CALL_CALLING, /* nobody who is called has said anything yet */
  CALL_HELD,    /* the phone is being woken */
  CALL_RINGING,
  CALL_TALKING,
  CALL_OVER,
} CallState;

typedef struct {
  gint64 at; /* microseconds since the call began */
  gchar *text;
} CallStep;

typedef struct _CallRecord CallRecord;
typedef void (*CallRecordFunc) (CallRecord *record, gpointer user_data);

CallRecord *call_record_new (const gchar *id, CallDirection direction);
CallRecord *call_record_ref (CallRecord *record);
void call_record_unref (CallRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CallRecord, call_record_unref)

void call_record_add (CallRecord *record, const gchar *format, ...) G_GNUC_PRINTF (2, 3);
void call_record_set_state (CallRecord *record, CallState state);
void call_record_watch (CallRecord *record, CallRecordFunc func, gpointer user_data);

void call_record_set_caller_id (CallRecord *record, const gchar *call_id);
const gchar *call_record_caller_id (const CallRecord *record);
const gchar *call_record_id (const CallRecord *record);
CallDirection call_record_direction (const CallRecord *record);
CallState call_record_state (const CallRecord *record);
gint64 call_record_begun (const CallRecord *record);
gint64 call_record_begun_wall (const CallRecord *record);
GArray *call_record_steps (const CallRecord *record);
const gchar *call_record_last (const CallRecord *record);
