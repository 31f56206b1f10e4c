/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * limit-watch: says in the log which limits were hit, however often, once in a while.
 *
 * Whoever enforces a limit counts, and nothing else: under an attack there is no line for each
 * refusal. Management starts it.
 */
#include "manage/limit-watch.h"

#include "base/counters.h"
#include "base/deadline.h"
#include "base/log-ids.h"
#include "base/log.h"

#define INTERVAL_MS 10000

static const struct {
  Counter counter;
  const gchar *what;
} limits[] = {
  { COUNTER_REGISTERS_OVER_LIMIT,
    "phones were refused by [registrar] phones, phones-per-user or phones-per-address" },
  { COUNTER_OFFENDERS_REFUSED, "requests were refused after too many wrong passwords" },
  { COUNTER_REQUESTS_OVER_LIMIT, "messages or subscriptions were refused as too many at once" },
  { COUNTER_EDGE_REFUSED_TOTAL, "connections were refused by [edge] connections" },
  { COUNTER_EDGE_REFUSED_SOURCE, "connections were refused by [edge] connections-per-source" },
  { COUNTER_EDGE_HANDSHAKES_DEFERRED, "connections waited because of [edge] handshakes" },
  { COUNTER_EDGE_MESSAGES_TOO_LARGE, "messages were refused as too large" },
  { COUNTER_STORE_QUEUE_FULL, "writes were refused because too many waited for the disk" },
  { COUNTER_STORE_LAZY_DROPPED, "refreshed rows were dropped because too many waited for the disk" },
  { COUNTER_PBX_PINS_DROPPED, "ways to a PBX were forgotten because there were too many" },
  { COUNTER_MEDIA_NG_FULL, "requests to rtpengine were refused because too many waited" },
  { COUNTER_MEDIA_DELETES_DROPPED, "sessions at rtpengine were left to their own timeout" },
};

struct _LimitWatch {
  gint64 told[G_N_ELEMENTS (limits)];
  Deadline *look;
};

static void
on_look (gpointer user_data)
{
  LimitWatch *self = user_data;

  for (gsize i = 0; i < G_N_ELEMENTS (limits); i++) {
    gint64 now = counters_get (limits[i].counter), more = now - self->told[i];
    g_autofree gchar *count = g_strdup_printf ("%" G_GINT64_FORMAT, more);

    if (more > 0)
      log_warning (LOG_FIELDS ("MESSAGE_ID", LOG_ID_LIMIT_REACHED, "COUNTER",
                               counters_name (limits[i].counter), "COUNT", count),
                   "a limit was reached: %s %s", count, limits[i].what);
    self->told[i] = now;
  }
  self->look = deadline_new (INTERVAL_MS, on_look, self);
}

/**
 * limit_watch_new:
 *
 * Returns: (transfer full): a watch over what is counted from now on
 */
LimitWatch *
limit_watch_new (void)
{
  LimitWatch *self = g_new0 (LimitWatch, 1);

  for (gsize i = 0; i < G_N_ELEMENTS (limits); i++)
    self->told[i] = counters_get (limits[i].counter);
  self->look = deadline_new (INTERVAL_MS, on_look, self);
  return self;
}

/**
 * limit_watch_free:
 * @watch: (transfer full): the watch
 */
void
limit_watch_free (LimitWatch *self)
{
  deadline_clear (&self->look);
  g_free (self);
}
