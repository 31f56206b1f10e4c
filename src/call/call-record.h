/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

typedef struct {
  gint64 at; /* microseconds since the call began */
  gchar *text;
} CallStep;

typedef struct _CallRecord CallRecord;

CallRecord *call_record_new (const gchar *id);
CallRecord *call_record_ref (CallRecord *record);
void call_record_unref (CallRecord *record);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CallRecord, call_record_unref)

void call_record_add (CallRecord *record, const gchar *format, ...) G_GNUC_PRINTF (2, 3);
const gchar *call_record_id (const CallRecord *record);
gint64 call_record_begun (const CallRecord *record);
GArray *call_record_steps (const CallRecord *record);
