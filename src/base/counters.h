/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Each counter with the name under which management shows it. Gauges rise and fall. */
#define COUNTERS(X)                                                                                \
  X (REQUESTS_RECEIVED, "requests_received")                                                       \
  X (REQUESTS_MALFORMED, "requests_malformed")                                                     \
  X (REQUESTS_REFUSED, "requests_refused")                                                         \
  X (FLOWS_OPEN, "flows_open")                                                                     \
  X (DIALOGS_OPEN, "dialogs_open")                                                                 \
  X (TRANSACTIONS_OPEN, "transactions_open")                                                       \
  X (REGISTERS_RELAYED, "registers_relayed")                                                       \
  X (REGISTERS_ACCEPTED, "registers_accepted")                                                     \
  X (REGISTERS_REJECTED, "registers_rejected")                                                     \
  X (BINDINGS, "bindings")                                                                         \
  X (BINDINGS_WITH_PUSH, "bindings_with_push")                                                     \
  X (BINDINGS_EXPIRED, "bindings_expired")                                                         \
  X (BUCKET_WAITING, "bucket_waiting")                                                             \
  X (WAKES_STARTED, "wakes_started")                                                               \
  X (WAKES_JOINED, "wakes_joined")                                                                 \
  X (WAKES_REPEATED, "wakes_repeated")                                                             \
  X (WAKES_SUCCEEDED, "wakes_succeeded")                                                           \
  X (WAKES_REFUSED, "wakes_refused")                                                               \
  X (WAKES_TIMED_OUT, "wakes_timed_out")                                                           \
  X (PUSHES_IN_FLIGHT, "pushes_in_flight")                                                         \
  X (PUSHES_SENT, "pushes_sent")                                                                   \
  X (PUSHES_ACCEPTED, "pushes_accepted")                                                           \
  X (PUSHES_TOKEN_DEAD, "pushes_token_dead")                                                       \
  X (PUSHES_REFUSED, "pushes_refused")                                                             \
  X (PUSHES_FAILED, "pushes_failed")                                                               \
  X (PUSHES_RETRIED, "pushes_retried")                                                             \
  X (PUSHES_QUEUE_FULL, "pushes_queue_full")                                                       \
  X (PUSH_CONNECTIONS, "push_connections")                                                         \
  X (CALLS_OPEN, "calls_open")                                                                     \
  X (CALLS_IN, "calls_in")                                                                         \
  X (CALLS_OUT, "calls_out")                                                                       \
  X (CALLS_BRIDGED, "calls_bridged")                                                               \
  X (CALLS_CANCELLED, "calls_cancelled")                                                           \
  X (CALLS_FAILED, "calls_failed")                                                                 \
  X (LEGS_OPEN, "legs_open")                                                                       \
  X (STORE_QUEUED, "store_queued")                                                                 \
  X (STORE_ROWS, "store_rows")                                                                     \
  X (STORE_COMMITS, "store_commits")                                                               \
  X (STORE_FAILED, "store_failed")                                                                 \
  X (STORE_TIMED_OUT, "store_timed_out")                                                           \
  X (STORE_QUEUE_FULL, "store_queue_full")                                                         \
  X (STORE_LAZY_PUT_OFF, "store_lazy_put_off")                                                     \
  X (STORE_LAZY_DROPPED, "store_lazy_dropped")

typedef enum {
#define COUNTER_ENUM(id, name) COUNTER_##id,
  COUNTERS (COUNTER_ENUM)
#undef COUNTER_ENUM
  N_COUNTERS
} Counter;

void counters_add (Counter counter, gint64 delta);
gint64 counters_get (Counter counter);
const gchar *counters_name (Counter counter);

#define counters_inc(counter) counters_add (counter, 1)
#define counters_dec(counter) counters_add (counter, -1)
