/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

typedef enum {
  PUSH_ACCEPTED,
  PUSH_TOKEN_DEAD,
  PUSH_CREDENTIALS,
  PUSH_REFUSED,
  PUSH_UNREACHABLE,
  PUSH_TIMED_OUT,
  PUSH_RATE_LIMITED,
  PUSH_QUEUE_FULL,
  PUSH_CANCELLED,
} PushOutcome;

typedef struct {
  PushOutcome outcome;
  guint status;       /* the service's HTTP status; 0 when it said nothing */
  gchar *reason;      /* for the log and the administrator, nullable */
  guint retry_after;  /* seconds that the service or our own limits ask for, or 0 */
  gchar *date;        /* the time by the service's clock as it tells it, nullable */
  gint64 dead_since;  /* wall seconds since when the service knows the token dead, or 0 */
  gboolean final;     /* the device must not be pushed again for the same reason */
  gint64 duration_us; /* from push_service_send_async() to the result */
} PushResult;

PushResult *push_result_new (PushOutcome outcome, guint status, const gchar *reason);
void push_result_free (PushResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PushResult, push_result_free)

void push_result_quote (PushResult *result, const gchar *said);
const gchar *push_outcome_to_string (PushOutcome outcome);
