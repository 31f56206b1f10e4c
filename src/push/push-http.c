/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * push-http: HTTP/2 POSTs to push services, the one libcurl multi handle.
 *
 * Called by the providers. libcurl's sockets and its timer hang in the main loop as one GSource.
 * What it takes from libcurl is connections, TLS, HTTP/2 and names; deadlines, the bound on what
 * is in flight, the second try after a broken connection and the address gate are its own. All
 * calls come from the thread that made the object.
 */
#include "push/push-http.h"

#include "base/counters.h"
#include "push/push-gate.h"
#include "push/push-origins.h"
#include "push/push-url.h"
#include "push/push-watch.h"

#include <curl/curl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#define MAX_HOST_CONNECTIONS 4L
#define MAX_CONNECTIONS 512L
#define MAX_IDLE_CONNECTIONS 128L
#define MAX_STREAMS 1000L
#define MAX_IDLE_HANDLES 256
#define CONNECTION_AGE (4 * 3600L) /* seconds; libcurl's own 118 would throw warm ones away */
#define BUFFER_SIZE 16384L
#define SILENCE_MS 10000 /* without a TCP acknowledgement the connection is dead */

struct _PushHttp {
  GObject parent_instance;

  CURLM *multi;
  PushWatch *watch;
  PushOrigins *origins;
  GSequence *deadlines; /* of Transfer, the next one first */
  GQueue cancelled;     /* of Transfer */
  GQueue idle;          /* of CURL */
  gint64 timer;         /* when libcurl wants to be called, or -1 */
};

typedef struct {
  GTask *task;
  CURL *easy;
  gchar *url;
  gchar *origin;
  struct curl_slist *headers;
  GBytes *body;
  GString *answer;
  GSequenceIter *place; /* in deadlines */
  gint64 deadline;
  gulong cancel_handler;
  gboolean any_address;
  gboolean cancelled;
  gboolean retried;
  guint addresses_refused;
  guint addresses_tried;
  gchar trouble[CURL_ERROR_SIZE];
} Transfer;

G_DEFINE_FINAL_TYPE (PushHttp, push_http, G_TYPE_OBJECT)

static PushHttpAnswer *
answer_new (PushHttpOutcome outcome, const gchar *reason)
{
  PushHttpAnswer *answer = g_new0 (PushHttpAnswer, 1);

  answer->outcome = outcome;
  answer->reason = g_strdup (reason);
  return answer;
}

/**
 * push_http_answer_free:
 * @answer: (nullable) (transfer full): an answer
 */
void
push_http_answer_free (PushHttpAnswer *answer)
{
  if (!answer)
    return;
  g_free (answer->body);
  g_free (answer->reason);
  g_free (answer);
}

static void
schedule (PushHttp *http)
{
  GSequenceIter *first = g_sequence_get_begin_iter (http->deadlines);
  gint64 next = http->timer;

  if (!g_sequence_iter_is_end (first)) {
    const Transfer *transfer = g_sequence_get (first);

    next = next < 0 ? transfer->deadline : MIN (next, transfer->deadline);
  }
  if (!g_queue_is_empty (&http->cancelled))
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

static curl_socket_t
on_open_socket (void *data, curlsocktype purpose, struct curl_sockaddr *address)
{
  Transfer *transfer = data;
  unsigned int patience = SILENCE_MS;
  int fd;

  if (!transfer->any_address && !push_gate_allows (&address->addr)) {
    transfer->addresses_refused++;
    return CURL_SOCKET_BAD;
  }
  transfer->addresses_tried++;
  fd = socket (address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  /* The kernel would try a quarter of an hour before it called a silent path dead. */
  if (fd >= 0)
    setsockopt (fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience, sizeof patience);
  return fd;
}

static size_t
on_body (char *data, size_t size, size_t n, void *user_data)
{
  Transfer *transfer = user_data;
  gsize taken = MIN (PUSH_HTTP_MAX_BODY - transfer->answer->len, size * n);

  g_string_append_len (transfer->answer, data, (gssize) taken);
  return taken; /* less than all: libcurl ends the stream */
}

static gint
compare_deadlines (gconstpointer a, gconstpointer b, gpointer unused)
{
  gint64 first = ((const Transfer *) a)->deadline, second = ((const Transfer *) b)->deadline;

  return (first > second) - (first < second);
}

static void
complete (PushHttp *http, Transfer *transfer, PushHttpAnswer *answer)
{
  GTask *task = transfer->task;

  curl_multi_remove_handle (http->multi, transfer->easy);
  if (g_queue_get_length (&http->idle) < MAX_IDLE_HANDLES) {
    curl_easy_reset (transfer->easy);
    g_queue_push_head (&http->idle, transfer->easy);
  } else {
    curl_easy_cleanup (transfer->easy);
  }
  if (transfer->cancelled)
    g_queue_remove (&http->cancelled, transfer);
  g_cancellable_disconnect (g_task_get_cancellable (task), transfer->cancel_handler);
  g_sequence_remove (transfer->place);
  push_origins_leave (http->origins, transfer->origin);

  curl_slist_free_all (transfer->headers);
  g_clear_pointer (&transfer->body, g_bytes_unref);
  g_string_free (transfer->answer, TRUE);
  g_free (transfer->origin);
  g_free (transfer->url);
  g_free (transfer);
  g_task_return_pointer (task, answer, (GDestroyNotify) push_http_answer_free);
  g_object_unref (task);
}

static void
retry (PushHttp *http, Transfer *transfer)
{
  counters_inc (COUNTER_PUSHES_RETRIED);
  transfer->retried = TRUE;
  curl_multi_remove_handle (http->multi, transfer->easy);
  g_string_truncate (transfer->answer, 0);
  /* One new connection serves all that broke together; the others wait for it (PIPEWAIT). */
  if (push_origins_renew (http->origins, transfer->origin, g_get_monotonic_time ()))
    curl_easy_setopt (transfer->easy, CURLOPT_FRESH_CONNECT, 1L);
  curl_multi_add_handle (http->multi, transfer->easy);
}

static gboolean
is_connection_trouble (CURLcode code)
{
  return code == CURLE_HTTP2 || code == CURLE_PARTIAL_FILE || code == CURLE_SEND_ERROR ||
         code == CURLE_RECV_ERROR || code == CURLE_HTTP2_STREAM;
}

static PushHttpAnswer *
make_answer (Transfer *transfer, CURLcode code, long status)
{
  PushHttpAnswer *answer;
  curl_off_t wait = 0;

  if (code == CURLE_OK || status >= 200) {
    answer = answer_new (PUSH_HTTP_ANSWERED, NULL);
    answer->status = (guint) status;
    answer->body = g_strndup (transfer->answer->str, transfer->answer->len);
    if (curl_easy_getinfo (transfer->easy, CURLINFO_RETRY_AFTER, &wait) == CURLE_OK)
      answer->retry_after = (guint) CLAMP (wait, 0, G_MAXINT32);
    return answer;
  }
  if (transfer->addresses_refused && !transfer->addresses_tried)
    return answer_new (PUSH_HTTP_FORBIDDEN, "the push URL leads to an address that is not public");
  return answer_new (PUSH_HTTP_UNREACHABLE,
                     *transfer->trouble ? transfer->trouble : curl_easy_strerror (code));
}

static void
on_done (PushHttp *http, Transfer *transfer, CURLcode code)
{
  long status = 0;

  curl_easy_getinfo (transfer->easy, CURLINFO_RESPONSE_CODE, &status);
  if (is_connection_trouble (code) && status / 100 != 2 && !transfer->retried)
    retry (http, transfer);
  else
    complete (http, transfer, make_answer (transfer, code, status));
}

static void
read_messages (PushHttp *http)
{
  CURLMsg *message;
  Transfer *transfer;
  int left;

  while ((message = curl_multi_info_read (http->multi, &left))) {
    if (message->msg != CURLMSG_DONE)
      continue;
    curl_easy_getinfo (message->easy_handle, CURLINFO_PRIVATE, &transfer);
    on_done (http, transfer, message->data.result);
  }
}

static int
end_cancelled (PushHttp *http)
{
  Transfer *transfer;
  int n = 0;

  for (; (transfer = g_queue_peek_head (&http->cancelled)); n++)
    complete (http, transfer, answer_new (PUSH_HTTP_CANCELLED, NULL));
  return n;
}

static int
end_overdue (PushHttp *http)
{
  int n = 0;

  for (; !g_sequence_is_empty (http->deadlines); n++) {
    Transfer *transfer = g_sequence_get (g_sequence_get_begin_iter (http->deadlines));

    if (transfer->deadline > g_get_monotonic_time ())
      break;
    complete (http, transfer, answer_new (PUSH_HTTP_TIMED_OUT, "the push service did not answer"));
  }
  return n;
}

static void
on_ready (int fd, GIOCondition condition, gpointer user_data)
{
  g_autoptr (PushHttp) http = g_object_ref (user_data);
  int ended, running,
      events = ((condition & (G_IO_IN | G_IO_HUP)) ? CURL_CSELECT_IN : 0) |
               ((condition & G_IO_OUT) ? CURL_CSELECT_OUT : 0) |
               ((condition & G_IO_ERR) ? CURL_CSELECT_ERR : 0);

  if (fd >= 0) {
    curl_multi_socket_action (http->multi, fd, events, &running);
    return;
  }
  ended = end_cancelled (http);
  if (http->timer >= 0 && http->timer <= g_get_monotonic_time ()) {
    http->timer = -1;
    curl_multi_socket_action (http->multi, CURL_SOCKET_TIMEOUT, 0, &running);
  }
  read_messages (http);
  /* libcurl 8.14 forgets those who waited for the connection that an ended one was opening. */
  ended += end_overdue (http);
  if (ended) {
    curl_multi_socket_action (http->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    read_messages (http);
  }
  schedule (http);
}

/* Runs inside g_cancellable_cancel(): the end itself is left to the main loop. */
static void
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  Transfer *transfer = user_data;
  PushHttp *http = g_task_get_source_object (transfer->task);

  transfer->cancelled = TRUE;
  g_queue_push_tail (&http->cancelled, transfer);
  schedule (http);
}

static CURL *
set_up_easy (PushHttp *http, Transfer *transfer, const PushHttpRequest *request)
{
  CURL *easy = g_queue_pop_head (&http->idle);
  gsize size = transfer->body ? g_bytes_get_size (transfer->body) : 0;

  if (!easy)
    easy = curl_easy_init ();
  curl_easy_setopt (easy, CURLOPT_PRIVATE, transfer);
  curl_easy_setopt (easy, CURLOPT_ERRORBUFFER, transfer->trouble);
  curl_easy_setopt (easy, CURLOPT_URL, transfer->url);
  curl_easy_setopt (easy, CURLOPT_PROTOCOLS_STR, "https");
  curl_easy_setopt (easy, CURLOPT_NOPROXY, "*");
  curl_easy_setopt (easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt (easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt (easy, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_2TLS);
  curl_easy_setopt (easy, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
  curl_easy_setopt (easy, CURLOPT_PIPEWAIT, 1L);
  curl_easy_setopt (easy, CURLOPT_MAXAGE_CONN, CONNECTION_AGE);
  curl_easy_setopt (easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt (easy, CURLOPT_BUFFERSIZE, BUFFER_SIZE);
  curl_easy_setopt (easy, CURLOPT_UPLOAD_BUFFERSIZE, BUFFER_SIZE);
  curl_easy_setopt (easy, CURLOPT_USERAGENT, "sipwake");
  curl_easy_setopt (easy, CURLOPT_HTTPHEADER, transfer->headers);
  curl_easy_setopt (easy, CURLOPT_POST, 1L);
  curl_easy_setopt (easy, CURLOPT_POSTFIELDS,
                    transfer->body ? g_bytes_get_data (transfer->body, NULL) : "");
  curl_easy_setopt (easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) size);
  curl_easy_setopt (easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt (easy, CURLOPT_WRITEDATA, transfer);
  curl_easy_setopt (easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
  curl_easy_setopt (easy, CURLOPT_OPENSOCKETDATA, transfer);
  /* The system's anchors stay, in CURLOPT_CAPATH. */
  if (request->ca_file)
    curl_easy_setopt (easy, CURLOPT_CAINFO, request->ca_file);
  /* A connection that the gate never saw must not carry what has to pass it. */
  if (!request->any_address && push_origins_were_trusted (http->origins, transfer->origin))
    curl_easy_setopt (easy, CURLOPT_FRESH_CONNECT, 1L);
  return easy;
}

static struct curl_slist *
make_headers (const PushHttpRequest *request)
{
  struct curl_slist *headers = curl_slist_append (NULL, "Accept:");

  if (!request->body)
    headers = curl_slist_append (headers, "Content-Type:");
  for (gsize i = 0; request->headers && request->headers[i]; i++)
    headers = curl_slist_append (headers, request->headers[i]);
  return headers;
}

/**
 * push_http_send_async:
 * @http: the client
 * @request: what to POST; copied
 * @cancellable: (nullable): ends it with PUSH_HTTP_CANCELLED; cancelled in this thread
 * @callback: called once, never before this returns
 * @user_data: for @callback
 *
 * A redirect is an answer like any other. After a connection error it is sent once more on another.
 */
void
push_http_send_async (PushHttp *http,
                      const PushHttpRequest *request,
                      GCancellable *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (http, cancellable, callback, user_data);
  g_autoptr (GError) error = NULL;
  g_autofree gchar *origin = NULL;
  g_autofree gchar *url = push_url_parse (request->url, &origin, &error);
  PushHttpAnswer *answer = NULL;
  Transfer *transfer;

  g_task_set_check_cancellable (task, FALSE);
  if (!url)
    answer = answer_new (PUSH_HTTP_FORBIDDEN, error->message);
  else if (!push_origins_enter (http->origins, origin, request->any_address))
    answer = answer_new (PUSH_HTTP_QUEUE_FULL, "too many pushes are in flight");
  if (answer) {
    g_task_return_pointer (task, answer, (GDestroyNotify) push_http_answer_free);
    return;
  }

  transfer = g_new0 (Transfer, 1);
  transfer->task = g_steal_pointer (&task);
  transfer->url = g_steal_pointer (&url);
  transfer->origin = g_steal_pointer (&origin);
  transfer->headers = make_headers (request);
  transfer->body = request->body ? g_bytes_ref (request->body) : NULL;
  transfer->answer = g_string_new (NULL);
  transfer->any_address = request->any_address;
  transfer->deadline = g_get_monotonic_time () + request->deadline_ms * G_GINT64_CONSTANT (1000);
  transfer->place = g_sequence_insert_sorted (http->deadlines, transfer, compare_deadlines, NULL);
  transfer->easy = set_up_easy (http, transfer, request);
  curl_multi_add_handle (http->multi, transfer->easy);
  if (cancellable)
    transfer->cancel_handler =
        g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled), transfer, NULL);
  schedule (http);
}

/**
 * push_http_send_finish:
 * @http: the client
 * @result: what the callback was given
 * @error: where an error goes; never set for what became of the request
 *
 * Returns: (transfer full): the answer
 */
PushHttpAnswer *
push_http_send_finish (PushHttp *http, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, http), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
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
