/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Each counter with the name under which management shows it. Gauges rise and fall. */
#define COUNTERS(X)                                                                                \
  X (REQUESTS_RECEIVED, "requests_received")                                                       \
  X (REQUESTS_MALFORMED, "requests_malformed")                                                     \
  X (REQUESTS_REFUSED, "requests_refused")                                                         \
  X (REQUESTS_OVER_LIMIT, "requests_over_limit")                                                   \
  X (FLOWS_OPEN, "flows_open")                                                                     \
  X (DIALOGS_OPEN, "dialogs_open")                                                                 \
  X (TRANSACTIONS_OPEN, "transactions_open")                                                       \
  X (REGISTERS_RELAYED, "registers_relayed")                                                       \
  X (REGISTERS_ACCEPTED, "registers_accepted")                                                     \
  X (REGISTERS_REJECTED, "registers_rejected")                                                     \
  X (REGISTERS_OVER_LIMIT, "registers_over_limit")                                                 \
  X (REGISTERS_MISNAMED, "registers_misnamed")                                                     \
  X (AUTHENTICATIONS_FAILED, "authentications_failed")                                             \
  X (OFFENDERS_REFUSED, "offenders_refused")                                                       \
  X (UPSTREAM_HELD, "upstream_held")                                                               \
  X (UPSTREAM_REGISTERS, "upstream_registers")                                                     \
  X (UPSTREAM_INQUIRIES, "upstream_inquiries")                                                     \
  X (UPSTREAM_FAILURES, "upstream_failures")                                                       \
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
  X (REFRESHES_PUSHED, "refreshes_pushed")                                                         \
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
  X (MEDIA_SESSIONS_OPEN, "media_sessions_open")                                                   \
  X (MEDIA_OFFERS, "media_offers")                                                                 \
  X (MEDIA_ANSWERS, "media_answers")                                                               \
  X (MEDIA_REFUSED, "media_refused")                                                               \
  X (MEDIA_UNAVAILABLE, "media_unavailable")                                                       \
  X (MEDIA_FAILOVERS, "media_failovers")                                                           \
  X (MEDIA_DELETES, "media_deletes")                                                               \
  X (MEDIA_DELETES_DROPPED, "media_deletes_dropped")                                               \
  X (MEDIA_LEFTOVERS, "media_leftovers")                                                           \
  X (MEDIA_INSTANCES_LOST, "media_instances_lost")                                                 \
  X (MEDIA_NG_IN_FLIGHT, "media_ng_in_flight")                                                     \
  X (MEDIA_NG_REPEATED, "media_ng_repeated")                                                       \
  X (MEDIA_NG_TIMED_OUT, "media_ng_timed_out")                                                     \
  X (MEDIA_NG_STRAY, "media_ng_stray")                                                             \
  X (MEDIA_NG_MALFORMED, "media_ng_malformed")                                                     \
  X (MEDIA_NG_FULL, "media_ng_full")                                                               \
  X (LEGS_OPEN, "legs_open")                                                                       \
  X (PBX_ROUTES_DOWN, "pbx_routes_down")                                                           \
  X (PBX_PROBES_SENT, "pbx_probes_sent")                                                           \
  X (PBX_PROBES_FAILED, "pbx_probes_failed")                                                       \
  X (PBX_FAILOVERS, "pbx_failovers")                                                               \
  X (PBX_UNREACHABLE, "pbx_unreachable")                                                           \
  X (PBX_CONNECTIONS_LOST, "pbx_connections_lost")                                                 \
  X (PBX_LOOKUPS_FAILED, "pbx_lookups_failed")                                                     \
  X (PBX_PINS, "pbx_pins")                                                                         \
  X (PBX_PINS_DROPPED, "pbx_pins_dropped")                                                         \
  X (MESSAGES_OPEN, "messages_open")                                                               \
  X (SUBSCRIPTIONS_OPEN, "subscriptions_open")                                                     \
  X (STORE_QUEUED, "store_queued")                                                                 \
  X (STORE_ROWS, "store_rows")                                                                     \
  X (STORE_COMMITS, "store_commits")                                                               \
  X (STORE_FAILED, "store_failed")                                                                 \
  X (STORE_TIMED_OUT, "store_timed_out")                                                           \
  X (STORE_QUEUE_FULL, "store_queue_full")                                                         \
  X (STORE_LAZY_PUT_OFF, "store_lazy_put_off")                                                     \
  X (STORE_LAZY_DROPPED, "store_lazy_dropped")                                                     \
  X (EDGE_CONNECTIONS, "edge_connections")                                                         \
  X (EDGE_CONNECTIONS_OPEN, "edge_connections_open")                                               \
  X (EDGE_HANDSHAKES_OPEN, "edge_handshakes_open")                                                 \
  X (EDGE_HANDSHAKES_DEFERRED, "edge_handshakes_deferred")                                         \
  X (EDGE_HANDSHAKES_FAILED, "edge_handshakes_failed")                                             \
  X (EDGE_HANDSHAKES_TIMED_OUT, "edge_handshakes_timed_out")                                       \
  X (EDGE_UPGRADES_REFUSED, "edge_upgrades_refused")                                               \
  X (EDGE_REFUSED_TOTAL, "edge_refused_total")                                                     \
  X (EDGE_REFUSED_SOURCE, "edge_refused_source")                                                   \
  X (EDGE_ACCEPT_PAUSED, "edge_accept_paused")                                                     \
  X (EDGE_LOOPBACK_FAILED, "edge_loopback_failed")                                                 \
  X (EDGE_MESSAGES_TOO_LARGE, "edge_messages_too_large")                                           \
  X (EDGE_MESSAGES_MALFORMED, "edge_messages_malformed")                                           \
  X (EDGE_SLOW_READERS, "edge_slow_readers")                                                       \
  X (EDGE_SLOW_WRITERS, "edge_slow_writers")                                                       \
  X (EDGE_IDLE_CLOSED, "edge_idle_closed")                                                         \
  X (EDGE_DIALS_FAILED, "edge_dials_failed")                                                       \
  X (EDGE_STRANGERS, "edge_strangers")

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
