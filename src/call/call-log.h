/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "call/call-record.h"

#include <glib-object.h>

#define CALL_LOG_MAX_ENDED 1000

#define CALL_TYPE_LOG (call_log_get_type ())
G_DECLARE_FINAL_TYPE (CallLog, call_log, CALL, LOG, GObject)

CallLog *call_log_new (void);

void call_log_open (CallLog *log, CallRecord *record);

CallRecord *call_log_find (CallLog *log, const gchar *id);
const gchar *call_log_other_name (CallLog *log, const gchar *call_id);
GPtrArray *call_log_records (CallLog *log);
