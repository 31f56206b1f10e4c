/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bench-push: what a Web Push costs this process at 500 in a second, what the same costs libcurl
 * alone, and over how many connections 1,000 at once go. bench-push.py runs it.
 */
#define _GNU_SOURCE /* RUSAGE_THREAD */
#include "bare-push.h"
#include "simulator.h"

#include "base/clock.h"
#include "base/log.h"
#include "push/provider-webpush.h"
#include "push/push-service.h"

#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#define RATE 500
#define WARM_UP 500
#define PUSHES 1000 /* in a turn */
#define TURNS 3
#define AT_ONCE 1000
#define MAX_FD 256

typedef struct {
  PushService *service;
  PushRequest *request;
  GMainLoop *loop;
  gint64 started;
  gboolean burst;
  guint16 port;
  guint connections; /* the most that were open during the burst */
  guint to_send;
  guint sent;
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

static guint
count_connections (guint16 port)
{
  struct sockaddr_in peer;
  guint n = 0;

  for (int fd = 0; fd < MAX_FD; fd++) {
    socklen_t size = sizeof peer;

    n += getpeername (fd, (struct sockaddr *) &peer, &size) == 0 && peer.sin_family == AF_INET &&
         ntohs (peer.sin_port) == port;
  }
  return n;
}

static void
on_result (GObject *source, GAsyncResult *async, gpointer user_data)
{
  g_autoptr (PushResult) result = push_service_send_finish (PUSH_SERVICE (source), async, NULL);
  Bench *bench = user_data;

  if (bench->burst && bench->left % 20 == 0)
    bench->connections = MAX (bench->connections, count_connections (bench->port));
  bench->left--;
  if (result->outcome != PUSH_ACCEPTED) {
    bench->failed++;
    g_printerr ("%s %u: %s\n", push_outcome_to_string (result->outcome), result->status,
                result->reason ? result->reason : "");
  }
  if (!bench->left && bench->sent == bench->to_send)
    g_main_loop_quit (bench->loop);
}

static void
push (Bench *bench)
{
  bench->left++;
  bench->sent++;
  push_service_send_async (bench->service, bench->request, 20000, NULL, on_result, bench);
}

static gboolean
on_tick (gpointer user_data)
{
  Bench *bench = user_data;

  while (bench->sent < bench->to_send &&
         g_get_monotonic_time () - bench->started >= bench->sent * (G_USEC_PER_SEC / RATE))
    push (bench);
  return bench->sent < bench->to_send;
}

static gboolean
on_burst (gpointer user_data)
{
  Bench *bench = user_data;

  bench->burst = TRUE;
  while (bench->sent < bench->to_send)
    push (bench);
  return G_SOURCE_REMOVE;
}

/* Inside the main loop, as the daemon does: from outside each source would wake it up. */
static void
run (Bench *bench, guint n, GSourceFunc send)
{
  bench->started = g_get_monotonic_time ();
  bench->sent = 0;
  bench->to_send = n;
  g_timeout_add (1000 / RATE, send, bench);
  g_main_loop_run (bench->loop);
}

/* The simulator stops when nobody listens. */
static gpointer
listen_to (gpointer simulator)
{
  GInputStream *stream = g_subprocess_get_stdout_pipe (((Simulator *) simulator)->process);

  while (g_input_stream_skip (stream, 65536, NULL, NULL) > 0)
    continue;
  return NULL;
}

/* The request that the service sends. */
static BarePush *
make_bare (const Bench *bench, const Simulator *simulator, Vapid *vapid)
{
  g_autofree gchar *token = vapid_authorization (vapid, simulator->url, NULL, clock_wall ());
  g_autofree gchar *authorization = g_strconcat ("Authorization: ", token, NULL);
  const gchar *const headers[] = {
    "Accept:",       "User-Agent: sipwake", "Content-Type:",           "TTL: 30",
    "Urgency: high", authorization,         "Topic: 0123456789abcdef", NULL
  };

  return bare_push_new (bench->request->prid, simulator->ca, headers);
}

/* They take turns, so that a busy machine is busy for both. */
static void
take_turns (Bench *bench, BarePush *bare)
{
  gint64 ours = 0, theirs = 0;
  guint failed = 0;

  run (bench, WARM_UP, on_tick);
  bare_push_run (bare, WARM_UP, RATE);
  for (int i = 0; i < TURNS; i++) {
    gint64 before = cpu_us (), between;

    run (bench, PUSHES, on_tick);
    between = cpu_us ();
    failed += bare_push_run (bare, PUSHES, RATE);
    ours += between - before;
    theirs += cpu_us () - between;
  }
  bench->failed += failed;
  printf ("push_cpu_us %.1f\npush_cpu_peer_us %.1f\n", (gdouble) ours / (TURNS * PUSHES),
          (gdouble) theirs / (TURNS * PUSHES));
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
  Bench bench = { .service = push_service_new (),
                  .request = push_request_new (PUSH_KIND_CALL, "webpush"),
                  .loop = g_main_loop_new (NULL, FALSE) };
  GThread *reader = g_thread_new ("reader", listen_to, simulator);
  BarePush *bare;

  log_set_level (G_LOG_LEVEL_CRITICAL);
  push_service_add (bench.service, PUSH_PROVIDER (webpush));
  bench.request->prid = simulator_url (simulator, "/push/a");
  bench.request->call_id = g_strdup ("bench");
  bench.request->ttl = 30;
  bench.port = (guint16) g_ascii_strtoull (strrchr (simulator->url, ':') + 1, NULL, 10);

  bare = make_bare (&bench, simulator, vapid);
  take_turns (&bench, bare);
  bare_push_free (bare);
  run (&bench, AT_ONCE, on_burst);

  g_subprocess_send_signal (simulator->process, SIGTERM);
  printf ("push_connections %u\npush_failed %u\n", bench.connections, bench.failed);
  g_thread_join (reader);
  simulator_stop (simulator);
  return 0;
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  return measure ();
}
