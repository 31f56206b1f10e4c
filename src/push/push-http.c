/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * push-http: HTTP/2 POSTs to push services, the one libcurl multi handle.
 *
 * Called by the providers. libcurl's sockets and its timer hang in the main loop as one GSource.
 * What it takes from libcurl is connections, TLS, HTTP/2 and names; deadlines, the bound on what
 * is in flight and the second try after a broken connection are its own. All calls come from the
 * thread that made the object.
 */
#include "push/push-http.h"

#include "base/counters.h"
#include "push/push-origins.h"
#include "push/push-transfer.h"
#include "push/push-url.h"
#include "push/push-watch.h"

#include <curl/curl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>

#define MAX_HOST_CONNECTIONS 4L
#define MAX_CONNECTIONS 512L
#define MAX_IDLE_CONNECTIONS 128L
#define MAX_STREAMS 1000L
#define MAX_IDLE_HANDLES 256
#define SILENCE_MS 3000 /* without an answer, then the connection is looked at */
#define SLACK_MS 100    /* the kernel counts in ticks */

struct _PushHttp {
  GObject parent_instance;

  CURLM *multi;
  PushWatch *watch;
  PushOrigins *origins;
  GSequence *deadlines;  /* of PushTransfer that libcurl has, the next one due first */
  GQueue early;          /* of PushTransfer whose answer comes without libcurl */
  GQueue idle;           /* of CURL */
  gint64 timer;          /* when libcurl wants to be called, or -1 */
  gboolean has_messages; /* libcurl has transfers that ended */
};

G_DEFINE_FINAL_TYPE (PushHttp, push_http, G_TYPE_OBJECT)

static void
schedule (PushHttp *http)
{
  GSequenceIter *first = g_sequence_get_begin_iter (http->deadlines);
  gint64 next = http->timer;

  if (!g_sequence_iter_is_end (first)) {
    const PushTransfer *transfer = g_sequence_get (first);

    next = next < 0 ? transfer->due : MIN (next, transfer->due);
  }
  if (http->has_messages || !g_queue_is_empty (&http->early))
    next = 0;
  push_watch_wake_at (http->watch, next);
}

static int
on_timer (CURLM *multi, long milliseconds, void *data)
{
  PushHttp *http = data;

  http->timer = milliseconds < 0 ? -1 : g_get_monotonic_time () + milliseconds * 1000;
  schedule (http);
  return 0;
}

static int
on_socket (CURL *easy, curl_socket_t fd, int what, void *data, void *unused)
{
  PushHttp *http = data;

  push_watch_set (http->watch, fd,
                  what == CURL_POLL_REMOVE
                      ? 0
                      : ((what & CURL_POLL_IN) ? G_IO_IN | G_IO_HUP | G_IO_ERR : 0) |
                            ((what & CURL_POLL_OUT) ? G_IO_OUT | G_IO_ERR : 0));
  return 0;
}

static gint
compare_dues (gconstpointer a, gconstpointer b, gpointer unused)
{
  gint64 first = ((const PushTransfer *) a)->due, second = ((const PushTransfer *) b)->due;

  return (first > second) - (first < second);
}

static void
act (PushHttp *http, curl_socket_t fd, int events)
{
  int running;

  curl_multi_socket_action (http->multi, fd, events, &running);
  http->has_messages = running < g_sequence_get_length (http->deadlines);
}

static void
act_in_time (PushHttp *http)
{
  if (http->timer < 0 || http->timer > g_get_monotonic_time ())
    return;
  http->timer = -1;
  act (http, CURL_SOCKET_TIMEOUT, 0);
}

static void
take_from_libcurl (PushHttp *http, PushTransfer *transfer)
{
  curl_multi_remove_handle (http->multi, transfer->easy);
  if (g_queue_get_length (&http->idle) < MAX_IDLE_HANDLES) {
    curl_easy_setopt (transfer->easy, CURLOPT_ERRORBUFFER, NULL);
    g_queue_push_head (&http->idle, transfer->easy);
  } else {
    curl_easy_cleanup (transfer->easy);
  }
  g_sequence_remove (transfer->place);
  push_origins_leave (http->origins, transfer->origin);
}

static void
complete (PushHttp *http, PushTransfer *transfer, PushHttpAnswer *answer)
{
  PushHttpFunc func = transfer->func;
  gpointer user_data = transfer->user_data;

  if (transfer->easy)
    take_from_libcurl (http, transfer);
  if (transfer->early)
    g_queue_remove (&http->early, transfer);
  push_transfer_free (transfer);
  func (answer, user_data);
}

static void
retry (PushHttp *http, PushTransfer *transfer)
{
  counters_inc (COUNTER_PUSHES_RETRIED);
  transfer->retried = TRUE;
  curl_multi_remove_handle (http->multi, transfer->easy);
  g_string_truncate (transfer->answer, 0);
  /* One new connection serves all that broke together; the others wait for it (PIPEWAIT). */
  if (push_origins_renew (http->origins, transfer->origin, g_get_monotonic_time ()))
    push_transfer_renew (transfer);
  curl_multi_add_handle (http->multi, transfer->easy);
}

static void
on_done (PushHttp *http, PushTransfer *transfer, CURLcode code)
{
  if (push_transfer_is_broken (transfer, code) && !transfer->retried)
    retry (http, transfer);
  else
    complete (http, transfer, push_transfer_answer (transfer, code));
}

static void
read_messages (PushHttp *http)
{
  CURLMsg *message;
  PushTransfer *transfer;
  int left;

  while ((message = curl_multi_info_read (http->multi, &left))) {
    if (message->msg != CURLMSG_DONE)
      continue;
    curl_easy_getinfo (message->easy_handle, CURLINFO_PRIVATE, &transfer);
    on_done (http, transfer, message->data.result);
  }
  http->has_messages = FALSE;
}

static int
end_early (PushHttp *http)
{
  PushTransfer *transfer;
  int n = 0;

  for (; (transfer = g_queue_pop_head (&http->early)); n++)
    complete (http, transfer, g_steal_pointer (&transfer->early));
  return n;
}

/* When a connection that still acknowledges, but brings no answer, is given up. */
static gint64
end_of_patience (const PushTransfer *transfer)
{
  return MAX ((transfer->begun + transfer->deadline) / 2,
              transfer->begun + SILENCE_MS * G_GINT64_CONSTANT (1000));
}

/*
 * The other end's kernel acknowledges while the service is slow, to whom the push must not go
 * twice; where not even that comes there is nobody any more.
 */
static gboolean
is_silent (int fd, const PushTransfer *transfer)
{
  gint64 waited = (transfer->due - transfer->begun) / 1000 - SLACK_MS;
  struct tcp_info info;
  socklen_t size = sizeof info;
  int unacknowledged = 0;

  if (getsockopt (fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 ||
      info.tcpi_last_data_recv < waited)
    return FALSE;
  if (transfer->due >= end_of_patience (transfer))
    return TRUE;
  return info.tcpi_last_ack_recv >= waited && ioctl (fd, SIOCOUTQ, &unacknowledged) == 0 &&
         unacknowledged > 0;
}

/*
 * Nothing at all came over the connection while @transfer waited: it is shut, all who wait there
 * break off and go over another. One that answers others has a stalled stream only.
 */
static void
end_silence (PushHttp *http, PushTransfer *transfer)
{
  PushPlace place;
  int fd;

  if (!push_transfer_place (transfer, &place))
    return;
  fd = push_watch_find (http->watch, push_place_is_of, &place);
  if (fd >= 0 && is_silent (fd, transfer))
    shutdown (fd, SHUT_RDWR);
}

static void
look_again_later (PushTransfer *transfer)
{
  gint64 next = end_of_patience (transfer);

  transfer->due = transfer->due < next ? MIN (next, transfer->deadline) : transfer->deadline;
  g_sequence_sort_changed (transfer->place, compare_dues, NULL);
}

static int
look_after_overdue (PushHttp *http)
{
  int n = 0;

  for (; !g_sequence_is_empty (http->deadlines); n++) {
    PushTransfer *transfer = g_sequence_get (g_sequence_get_begin_iter (http->deadlines));

    if (transfer->due > g_get_monotonic_time ())
      break;
    if (transfer->due < transfer->deadline) {
      end_silence (http, transfer);
      look_again_later (transfer);
      continue;
    }
    complete (http, transfer,
              push_http_answer_new (PUSH_HTTP_TIMED_OUT, "the push service did not answer"));
  }
  return n;
}

static void
on_ready (int fd, GIOCondition condition, gpointer user_data)
{
  g_autoptr (PushHttp) http = g_object_ref (user_data);
  int ended, events = ((condition & (G_IO_IN | G_IO_HUP)) ? CURL_CSELECT_IN : 0) |
                      ((condition & G_IO_OUT) ? CURL_CSELECT_OUT : 0) |
                      ((condition & G_IO_ERR) ? CURL_CSELECT_ERR : 0);

  if (fd >= 0) {
    act (http, fd, events);
    return;
  }
  ended = end_early (http);
  act_in_time (http);
  read_messages (http);
  /* libcurl 8.14 forgets those who waited for the connection that an ended one was opening. */
  ended += look_after_overdue (http);
  if (ended) {
    act (http, CURL_SOCKET_TIMEOUT, 0);
    read_messages (http);
  }
  schedule (http);
}

/* The end itself is left to the main loop. */
static void
answer_early (PushTransfer *transfer, PushHttpAnswer *answer)
{
  PushHttp *http = PUSH_HTTP (transfer->http);

  transfer->early = answer;
  g_queue_push_tail (&http->early, transfer);
  schedule (http);
}

/* Why @transfer is not sent at all; else it has its URL and is entered under its origin. */
static PushHttpAnswer *
object_to (PushHttp *http, PushTransfer *transfer, const PushHttpRequest *request)
{
  g_autoptr (GError) error = NULL;

  if (request->origin) {
    transfer->url = g_strdup (request->url);
    transfer->origin = g_strdup (request->origin);
  } else {
    transfer->url = push_url_parse (request->url, &transfer->origin, &error);
  }
  if (!transfer->url)
    return push_http_answer_new (PUSH_HTTP_FORBIDDEN, error->message);
  if (request->proxy && !request->any_address)
    return push_http_answer_new (PUSH_HTTP_FORBIDDEN,
                                 "behind a proxy nobody can judge the address");
  if (!push_origins_enter (http->origins, transfer->origin, request->any_address))
    return push_http_answer_new (PUSH_HTTP_QUEUE_FULL, "too many pushes are in flight");
  return NULL;
}

static void
give_to_libcurl (PushHttp *http, PushTransfer *transfer, const PushHttpRequest *request)
{
  CURL *easy = g_queue_pop_head (&http->idle);
  gint64 now = g_get_monotonic_time ();

  push_transfer_set_up (transfer, request, easy ? easy : push_transfer_make_easy ());
  transfer->begun = now;
  transfer->deadline = now + request->deadline_ms * G_GINT64_CONSTANT (1000);
  transfer->due = MIN (transfer->deadline, now + SILENCE_MS * G_GINT64_CONSTANT (1000));
  transfer->place = g_sequence_insert_sorted (http->deadlines, transfer, compare_dues, NULL);
  /* A connection that the gate never saw must not carry what has to pass it. */
  if ((!request->any_address && push_origins_were_trusted (http->origins, transfer->origin)) ||
      (request->renew && push_origins_renew (http->origins, transfer->origin, now)))
    push_transfer_renew (transfer);
  curl_multi_add_handle (http->multi, transfer->easy);
  act_in_time (http);
  schedule (http);
}

/**
 * push_http_send:
 * @http: the client
 * @request: what to POST; copied
 * @func: called once, never before this returns
 * @user_data: for @func
 *
 * A redirect is an answer like any other. After a connection error it is sent once more on another.
 *
 * Returns: (transfer none): the request, until @func is called
 */
PushTransfer *
push_http_send (PushHttp *http,
                const PushHttpRequest *request,
                PushHttpFunc func,
                gpointer user_data)
{
  PushTransfer *transfer = push_transfer_new (func, user_data);
  PushHttpAnswer *objection;

  transfer->http = G_OBJECT (g_object_ref (http));
  objection = object_to (http, transfer, request);
  if (objection)
    answer_early (transfer, objection);
  else
    give_to_libcurl (http, transfer, request);
  return transfer;
}

/**
 * push_http_cancel:
 * @transfer: a request that is not answered yet; soon it is, with PUSH_HTTP_CANCELLED
 */
void
push_http_cancel (PushTransfer *transfer)
{
  if (!transfer->early)
    answer_early (transfer, push_http_answer_new (PUSH_HTTP_CANCELLED, NULL));
}

/**
 * push_http_date:
 * @date: (nullable): the time as an answer tells it
 *
 * Returns: the same in wall seconds, or 0 where it is no date (RFC 9110 section 5.6.7)
 */
gint64
push_http_date (const gchar *date)
{
  gint64 seconds = date ? curl_getdate (date, NULL) : 0;

  return MAX (seconds, 0);
}

static void
push_http_finalize (GObject *object)
{
  PushHttp *http = PUSH_HTTP (object);
  CURL *easy;

  while ((easy = g_queue_pop_head (&http->idle)))
    curl_easy_cleanup (easy);
  curl_multi_cleanup (http->multi);
  push_watch_free (http->watch);
  push_origins_free (http->origins);
  g_sequence_free (http->deadlines);
  G_OBJECT_CLASS (push_http_parent_class)->finalize (object);
}

static void
push_http_class_init (PushHttpClass *class)
{
  G_OBJECT_CLASS (class)->finalize = push_http_finalize;
  curl_global_init (CURL_GLOBAL_DEFAULT);
}

static void
push_http_init (PushHttp *http)
{
  http->watch = push_watch_new (on_ready, http);
  http->deadlines = g_sequence_new (NULL);
  http->timer = -1;
  http->multi = curl_multi_init ();
  curl_multi_setopt (http->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl_multi_setopt (http->multi, CURLMOPT_SOCKETDATA, http);
  curl_multi_setopt (http->multi, CURLMOPT_TIMERFUNCTION, on_timer);
  curl_multi_setopt (http->multi, CURLMOPT_TIMERDATA, http);
  curl_multi_setopt (http->multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
  curl_multi_setopt (http->multi, CURLMOPT_MAX_HOST_CONNECTIONS, MAX_HOST_CONNECTIONS);
  curl_multi_setopt (http->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, MAX_CONNECTIONS);
  curl_multi_setopt (http->multi, CURLMOPT_MAXCONNECTS, MAX_IDLE_CONNECTIONS);
  curl_multi_setopt (http->multi, CURLMOPT_MAX_CONCURRENT_STREAMS, MAX_STREAMS);
}

/**
 * push_http_new:
 * @max_in_flight: how many requests at once, PUSH_HTTP_MAX_IN_FLIGHT as a rule; one more ends at
 *   once as PUSH_HTTP_QUEUE_FULL
 *
 * Returns: (transfer full): a client for the thread's default main context
 */
PushHttp *
push_http_new (guint max_in_flight)
{
  PushHttp *http = g_object_new (PUSH_TYPE_HTTP, NULL);

  http->origins = push_origins_new (max_in_flight);
  return http;
}
