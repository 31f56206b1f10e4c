/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bare-push: the same pushes by libcurl alone, with poll() around it and nothing else.
 *
 * bench-push lets it take turns with the push service. Its handles have the options of
 * push-transfer and are made once; it judges nothing, keeps no time and sends the same request
 * again and again.
 */
#include "bare-push.h"

#include <curl/curl.h>
#include <poll.h>

#define MAX_FDS 16

struct _BarePush {
  CURLM *multi;
  GQueue idle; /* of CURL */
  const gchar *url;
  const gchar *ca_file;
  struct curl_slist *headers;
  struct pollfd fds[MAX_FDS];
  nfds_t n_fds;
  gint64 timer; /* when libcurl wants to be called, or -1 */
  guint in_flight;
  guint failed;
};

static int
on_timer (CURLM *multi, long milliseconds, void *data)
{
  ((BarePush *) data)->timer =
      milliseconds < 0 ? -1 : g_get_monotonic_time () + milliseconds * 1000;
  return 0;
}

static int
on_socket (CURL *easy, curl_socket_t fd, int what, void *data, void *unused)
{
  BarePush *bare = data;
  nfds_t i = 0;

  while (i < bare->n_fds && bare->fds[i].fd != fd)
    i++;
  if (what == CURL_POLL_REMOVE) {
    bare->fds[i] = bare->fds[--bare->n_fds];
    return 0;
  }
  g_assert_cmpuint (i, <, MAX_FDS);
  bare->n_fds = MAX (bare->n_fds, i + 1);
  bare->fds[i] = (struct pollfd){
    fd, ((what & CURL_POLL_IN) ? POLLIN : 0) | ((what & CURL_POLL_OUT) ? POLLOUT : 0), 0
  };
  return 0;
}

static size_t
on_body (char *data, size_t size, size_t n, void *unused)
{
  return size * n;
}

static CURL *
make_easy (BarePush *bare)
{
  CURL *easy = curl_easy_init ();

  curl_easy_setopt (easy, CURLOPT_URL, bare->url);
  curl_easy_setopt (easy, CURLOPT_CAINFO, bare->ca_file);
  curl_easy_setopt (easy, CURLOPT_HTTPHEADER, bare->headers);
  curl_easy_setopt (easy, CURLOPT_PROTOCOLS_STR, "https");
  curl_easy_setopt (easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt (easy, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_2TLS);
  curl_easy_setopt (easy, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
  curl_easy_setopt (easy, CURLOPT_PIPEWAIT, 1L);
  curl_easy_setopt (easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt (easy, CURLOPT_BUFFERSIZE, 16384L);
  curl_easy_setopt (easy, CURLOPT_UPLOAD_BUFFERSIZE, 16384L);
  curl_easy_setopt (easy, CURLOPT_PROXY, "");
  curl_easy_setopt (easy, CURLOPT_NOPROXY, "*");
  curl_easy_setopt (easy, CURLOPT_POST, 1L);
  curl_easy_setopt (easy, CURLOPT_POSTFIELDS, "");
  curl_easy_setopt (easy, CURLOPT_POSTFIELDSIZE, 0L);
  curl_easy_setopt (easy, CURLOPT_WRITEFUNCTION, on_body);
  return easy;
}

static void
send_one (BarePush *bare)
{
  CURL *easy = g_queue_pop_head (&bare->idle);

  bare->in_flight++;
  curl_multi_add_handle (bare->multi, easy ? easy : make_easy (bare));
}

static void
read_messages (BarePush *bare)
{
  CURLMsg *message;
  int left;

  while ((message = curl_multi_info_read (bare->multi, &left))) {
    CURL *easy = message->easy_handle;
    long status = 0;

    curl_easy_getinfo (easy, CURLINFO_RESPONSE_CODE, &status);
    bare->failed += message->data.result != CURLE_OK || status != 201;
    bare->in_flight--;
    curl_multi_remove_handle (bare->multi, easy);
    g_queue_push_head (&bare->idle, easy);
  }
}

static void
turn (BarePush *bare, gint64 due)
{
  gint64 next = bare->timer < 0 ? due : MIN (due, bare->timer);
  gint64 left = (next - g_get_monotonic_time () + 999) / 1000;
  int running;

  poll (bare->fds, bare->n_fds, (int) MAX (left, 0));
  for (nfds_t i = bare->n_fds; i-- > 0;)
    if (bare->fds[i].revents)
      curl_multi_socket_action (bare->multi, bare->fds[i].fd, 0, &running);
  if (bare->timer >= 0 && bare->timer <= g_get_monotonic_time ()) {
    bare->timer = -1;
    curl_multi_socket_action (bare->multi, CURL_SOCKET_TIMEOUT, 0, &running);
  }
  read_messages (bare);
}

/**
 * bare_push_run:
 * @bare: the client
 * @n: how many pushes
 * @rate: how many a second
 *
 * Returns: how many were not accepted
 */
guint
bare_push_run (BarePush *bare, guint n, guint rate)
{
  gint64 started = g_get_monotonic_time ();
  guint sent = 0;

  bare->failed = 0;
  while (sent < n || bare->in_flight) {
    gint64 due = started + sent * (G_USEC_PER_SEC / rate);

    if (sent < n && due <= g_get_monotonic_time ()) {
      send_one (bare);
      sent++;
    } else {
      turn (bare, sent < n ? due : started + G_GINT64_CONSTANT (3600) * G_USEC_PER_SEC);
    }
  }
  return bare->failed;
}

/**
 * bare_push_new:
 * @url: where all pushes go; used until the end
 * @ca_file: the trust anchor; likewise
 * @headers: of each, NULL-terminated
 *
 * Returns: (transfer full): a client
 */
BarePush *
bare_push_new (const gchar *url, const gchar *ca_file, const gchar *const *headers)
{
  BarePush *bare = g_new0 (BarePush, 1);

  bare->url = url;
  bare->ca_file = ca_file;
  bare->timer = -1;
  for (gsize i = 0; headers[i]; i++)
    bare->headers = curl_slist_append (bare->headers, headers[i]);
  bare->multi = curl_multi_init ();
  curl_multi_setopt (bare->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl_multi_setopt (bare->multi, CURLMOPT_SOCKETDATA, bare);
  curl_multi_setopt (bare->multi, CURLMOPT_TIMERFUNCTION, on_timer);
  curl_multi_setopt (bare->multi, CURLMOPT_TIMERDATA, bare);
  curl_multi_setopt (bare->multi, CURLMOPT_MAX_HOST_CONNECTIONS, 4L);
  curl_multi_setopt (bare->multi, CURLMOPT_MAX_CONCURRENT_STREAMS, 1000L);
  return bare;
}

/**
 * bare_push_free:
 * @bare: (transfer full): a client with nothing in flight
 */
void
bare_push_free (BarePush *bare)
{
  CURL *easy;

  while ((easy = g_queue_pop_head (&bare->idle)))
    curl_easy_cleanup (easy);
  curl_multi_cleanup (bare->multi);
  curl_slist_free_all (bare->headers);
  g_free (bare);
}
