/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bench-push: what a Web Push costs this process at 500 in a second, and over how many connections
 * 1,000 at once go. bench-push.py runs it.
 */
#define _GNU_SOURCE /* RUSAGE_THREAD */
#include "simulator.h"

#include "base/log.h"
#include "push/provider-webpush.h"
#include "push/push-service.h"

#include <sys/resource.h>

#define RATE 500
#define WARM_UP 500
#define PUSHES 3000
#define AT_ONCE 1000

typedef struct {
  PushService *service;
  PushRequest *request;
  guint left;
  guint failed;
} Bench;

/* Of this thread: another one reads what the simulator tells. */
static gint64
cpu_us (void)
{
  struct rusage usage;

  getrusage (RUSAGE_THREAD, &usage);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * G_USEC_PER_SEC + usage.ru_utime.tv_usec +
         usage.ru_stime.tv_usec;
}

static void
on_result (GObject *source, GAsyncResult *async, gpointer user_data)
{
  g_autoptr (PushResult) result = push_service_send_finish (PUSH_SERVICE (source), async, NULL);
  Bench *bench = user_data;

  bench->left--;
  bench->failed += result->outcome != PUSH_ACCEPTED;
}

static void
push (Bench *bench)
{
  bench->left++;
  push_service_send_async (bench->service, bench->request, 20000, NULL, on_result, bench);
}

static void
wait_for_all (Bench *bench)
{
  while (bench->left)
    g_main_context_iteration (NULL, TRUE);
}

static gboolean
on_tick (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

static void
push_evenly (Bench *bench, guint n)
{
  gint64 started = g_get_monotonic_time ();
  guint tick = g_timeout_add (1000 / RATE, on_tick, NULL);

  for (guint sent = 0; sent < n;) {
    g_main_context_iteration (NULL, TRUE);
    while (sent < n && g_get_monotonic_time () - started >= sent * (G_USEC_PER_SEC / RATE)) {
      push (bench);
      sent++;
    }
  }
  wait_for_all (bench);
  g_source_remove (tick);
}

static gpointer
read_ports (gpointer user_data)
{
  GHashTable *ports = g_hash_table_new (NULL, NULL);
  Simulator *simulator = user_data;

  for (guint i = 0; i < WARM_UP + PUSHES + AT_ONCE; i++) {
    g_autoptr (JsonObject) event = simulator_next (simulator);

    if (i == WARM_UP + PUSHES)
      g_hash_table_remove_all (ports);
    g_hash_table_add (ports, GINT_TO_POINTER (json_object_get_int_member (event, "peer_port")));
  }
  return ports;
}

static gint
measure (void)
{
  Simulator *simulator = simulator_start ((const gchar *const[]){ "--delay", "5", NULL });
  const gchar *const origins[] = { simulator->url, NULL };
  ProviderWebpushOptions options = { .allow_origins = origins, .ca_file = simulator->ca };
  g_autoptr (PushHttp) http = push_http_new (PUSH_HTTP_MAX_IN_FLIGHT);
  Vapid *vapid = vapid_new (key_pair_generate (NULL), NULL);
  g_autoptr (ProviderWebpush) webpush = provider_webpush_new (http, vapid, &options, NULL);
  Bench bench = { push_service_new (), push_request_new (PUSH_KIND_CALL, "webpush"), 0, 0 };
  GThread *reader = g_thread_new ("reader", read_ports, simulator);
  gint64 before;
  gdouble cpu;

  log_set_level (G_LOG_LEVEL_CRITICAL);
  push_service_add (bench.service, PUSH_PROVIDER (webpush));
  bench.request->prid = simulator_url (simulator, "/push/a");
  bench.request->call_id = g_strdup ("bench");
  bench.request->ttl = 30;

  push_evenly (&bench, WARM_UP);
  before = cpu_us ();
  push_evenly (&bench, PUSHES);
  cpu = (gdouble) (cpu_us () - before) / PUSHES;
  for (guint i = 0; i < AT_ONCE; i++)
    push (&bench);
  wait_for_all (&bench);

  g_print ("push_cpu_us %.1f\npush_connections %u\npush_failed %u\n", cpu,
           g_hash_table_size (g_thread_join (reader)), bench.failed);
  simulator_stop (simulator);
  return 0;
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  return measure ();
}
