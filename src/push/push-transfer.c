/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * push-transfer: one request as libcurl carries it: its options, its sockets, its answer.
 *
 * push-http makes one for each request and keeps its time. The address gate stands here, at the
 * socket that is really connected.
 */
#include "push/push-transfer.h"

#include "base/counters.h"
#include "push/push-gate.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#define CONNECTION_AGE (4 * 3600L) /* seconds; libcurl's own 118 would throw warm ones away */
#define BUFFER_SIZE 16384L
#define MAX_DATE 64        /* characters; the longest of its forms has 35 */
#define SILENCE_MS 10000   /* without a TCP acknowledgement the connection is dead */
#define KEEPALIVE_IDLE 15L /* seconds; then the kernel asks whether the other end is there */
#define KEEPALIVE_INTERVAL 5L

static curl_socket_t
on_open_socket (void *data, curlsocktype purpose, struct curl_sockaddr *address)
{
  PushTransfer *transfer = data;
  unsigned int patience = SILENCE_MS;
  int fd;

  if (!transfer->any_address && !push_gate_allows (&address->addr)) {
    transfer->addresses_refused++;
    return CURL_SOCKET_BAD;
  }
  transfer->addresses_tried++;
  counters_inc (COUNTER_PUSH_CONNECTIONS);
  fd = socket (address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  /* The kernel would try a quarter of an hour before it called a silent path dead. */
  if (fd >= 0)
    setsockopt (fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience, sizeof patience);
  return fd;
}

static size_t
on_body (char *data, size_t size, size_t n, void *user_data)
{
  PushTransfer *transfer = user_data;
  gsize taken = MIN (PUSH_HTTP_MAX_BODY - transfer->answer->len, size * n);

  g_string_append_len (transfer->answer, data, (gssize) taken);
  return taken; /* less than all: libcurl ends the stream */
}

/* A request that ends here leaves the connection to those that follow. */
static int
on_connected (void *data, char *peer, char *local, int peer_port, int local_port)
{
  PushTransfer *transfer = data;

  transfer->connected = TRUE;
  return CURL_PREREQFUNC_ABORT;
}

/**
 * push_transfer_make_easy:
 *
 * Returns: (transfer full): a libcurl handle with what all transfers have in common, to be used for
 *   one after the other
 */
CURL *
push_transfer_make_easy (void)
{
  CURL *easy = curl_easy_init ();

  curl_easy_setopt (easy, CURLOPT_PROTOCOLS_STR, "https");
  curl_easy_setopt (easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt (easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt (easy, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_2TLS);
  curl_easy_setopt (easy, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
  curl_easy_setopt (easy, CURLOPT_PIPEWAIT, 1L);
  curl_easy_setopt (easy, CURLOPT_MAXAGE_CONN, CONNECTION_AGE);
  curl_easy_setopt (easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt (easy, CURLOPT_TCP_KEEPIDLE, KEEPALIVE_IDLE);
  curl_easy_setopt (easy, CURLOPT_TCP_KEEPINTVL, KEEPALIVE_INTERVAL);
  curl_easy_setopt (easy, CURLOPT_BUFFERSIZE, BUFFER_SIZE);
  curl_easy_setopt (easy, CURLOPT_UPLOAD_BUFFERSIZE, BUFFER_SIZE);
  curl_easy_setopt (easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt (easy, CURLOPT_POST, 1L);
  curl_easy_setopt (easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt (easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
  return easy;
}

/**
 * push_transfer_new:
 * @func: takes the answer
 * @user_data: for @func
 *
 * Returns: (transfer full): a transfer of nothing yet
 */
PushTransfer *
push_transfer_new (PushHttpFunc func, gpointer user_data)
{
  PushTransfer *transfer = g_new0 (PushTransfer, 1);

  transfer->func = func;
  transfer->user_data = user_data;
  return transfer;
}

/**
 * push_transfer_free:
 * @transfer: (transfer full): a transfer; its libcurl handle stays
 */
void
push_transfer_free (PushTransfer *transfer)
{
  curl_slist_free_all (transfer->headers);
  g_clear_pointer (&transfer->body, g_bytes_unref);
  g_clear_pointer (&transfer->early, push_http_answer_free);
  if (transfer->answer)
    g_string_free (transfer->answer, TRUE);
  g_free (transfer->origin);
  g_free (transfer->url);
  g_object_unref (transfer->http);
  g_free (transfer);
}

/* A header of ours takes libcurl less than an option that it makes one of. */
static struct curl_slist *
make_headers (const PushHttpRequest *request)
{
  struct curl_slist *headers = curl_slist_append (NULL, "Accept:");

  headers = curl_slist_append (headers, "User-Agent: sipwake");
  if (!request->body)
    headers = curl_slist_append (headers, "Content-Type:");
  for (gsize i = 0; request->headers && request->headers[i]; i++)
    headers = curl_slist_append (headers, request->headers[i]);
  return headers;
}

/*
 * The system's anchors stay in CURLOPT_CAPATH, where libcurl has one: the needed ones are read
 * there, while all of the bundle would be read for each connection, 30 ms without a turn of the
 * loop.
 */
static const gchar *
bundle (void)
{
  static const curl_version_info_data *info;

  if (!info)
    info = curl_version_info (CURLVERSION_NOW);
  return info->capath ? NULL : info->cainfo;
}

static void
set_up_connection (CURL *easy, const PushHttpRequest *request)
{
  const gchar *key_file = request->key_file ? request->key_file : request->certificate;

  /* Without a proxy of ours libcurl would take one from the environment. */
  curl_easy_setopt (easy, CURLOPT_PROXY, request->proxy ? request->proxy : "");
  curl_easy_setopt (easy, CURLOPT_NOPROXY, request->proxy ? "" : "*");
  curl_easy_setopt (easy, CURLOPT_CAINFO, request->ca_file ? request->ca_file : bundle ());
  curl_easy_setopt (easy, CURLOPT_SSLCERT, request->certificate);
  curl_easy_setopt (easy, CURLOPT_SSLKEY, request->certificate ? key_file : NULL);
  curl_easy_setopt (easy, CURLOPT_FRESH_CONNECT, 0L);
}

/**
 * push_transfer_set_up:
 * @transfer: a new transfer with its URL and its origin
 * @request: what to POST; copied
 * @easy: (transfer none): a handle of push_transfer_make_easy() that no other transfer has
 *
 * Makes @easy ready to go.
 */
void
push_transfer_set_up (PushTransfer *transfer, const PushHttpRequest *request, CURL *easy)
{
  gsize size = request->body ? g_bytes_get_size (request->body) : 0;

  transfer->easy = easy;
  transfer->headers = make_headers (request);
  transfer->body = request->body ? g_bytes_ref (request->body) : NULL;
  transfer->answer = g_string_new (NULL);
  transfer->any_address = request->any_address;
  set_up_connection (easy, request);
  curl_easy_setopt (easy, CURLOPT_PRIVATE, transfer);
  curl_easy_setopt (easy, CURLOPT_ERRORBUFFER, transfer->trouble);
  curl_easy_setopt (easy, CURLOPT_URL, transfer->url);
  curl_easy_setopt (easy, CURLOPT_HTTPHEADER, transfer->headers);
  curl_easy_setopt (easy, CURLOPT_POSTFIELDS,
                    transfer->body ? g_bytes_get_data (transfer->body, NULL) : "");
  curl_easy_setopt (easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) size);
  curl_easy_setopt (easy, CURLOPT_WRITEDATA, transfer);
  curl_easy_setopt (easy, CURLOPT_OPENSOCKETDATA, transfer);
  curl_easy_setopt (easy, CURLOPT_PREREQFUNCTION, request->connect_only ? on_connected : NULL);
  curl_easy_setopt (easy, CURLOPT_PREREQDATA, transfer);
}

/**
 * push_transfer_renew:
 * @transfer: a transfer
 *
 * Makes it open a connection of its own instead of taking one that stands.
 */
void
push_transfer_renew (PushTransfer *transfer)
{
  curl_easy_setopt (transfer->easy, CURLOPT_FRESH_CONNECT, 1L);
}

/**
 * push_transfer_place:
 * @transfer: a transfer
 * @place: (out caller-allocates): the two ends of its connection, for as long as @transfer stays
 *
 * libcurl tells no socket of a transfer that is under way, but these.
 *
 * Returns: whether @transfer was sent
 */
gboolean
push_transfer_place (PushTransfer *transfer, PushPlace *place)
{
  curl_off_t sent = 0;

  *place = (PushPlace){ 0 };
  curl_easy_getinfo (transfer->easy, CURLINFO_PRETRANSFER_TIME_T, &sent);
  curl_easy_getinfo (transfer->easy, CURLINFO_LOCAL_PORT, &place->local_port);
  curl_easy_getinfo (transfer->easy, CURLINFO_PRIMARY_PORT, &place->port);
  curl_easy_getinfo (transfer->easy, CURLINFO_PRIMARY_IP, &place->address);
  return sent && place->local_port && place->address;
}

/**
 * push_place_is_of:
 * @fd: a socket
 * @place: (type PushPlace): the two ends of a connection
 *
 * Connections to different services may share a local port.
 *
 * Returns: whether @fd is that connection
 */
gboolean
push_place_is_of (int fd, gpointer place)
{
  const PushPlace *ends = place;
  struct sockaddr_in6 local = { 0 }, peer = { 0 }; /* ports stand where those of IPv4 do */
  socklen_t local_size = sizeof local, peer_size = sizeof peer;
  gconstpointer v4 = &((struct sockaddr_in *) &peer)->sin_addr, v6 = &peer.sin6_addr;
  gchar address[INET6_ADDRSTRLEN];

  if (getsockname (fd, (struct sockaddr *) &local, &local_size) != 0 ||
      ntohs (local.sin6_port) != ends->local_port ||
      getpeername (fd, (struct sockaddr *) &peer, &peer_size) != 0 ||
      ntohs (peer.sin6_port) != ends->port)
    return FALSE;
  return inet_ntop (peer.sin6_family, peer.sin6_family == AF_INET6 ? v6 : v4, address,
                    sizeof address) &&
         g_str_equal (address, ends->address);
}

/* RFC 9110 section 6.6.1. */
static gchar *
date_of (PushTransfer *transfer)
{
  struct curl_header *header;

  if (curl_easy_header (transfer->easy, "Date", 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
    return NULL;
  return g_strndup (header->value, MAX_DATE);
}

static long
status_of (PushTransfer *transfer)
{
  long status = 0;

  curl_easy_getinfo (transfer->easy, CURLINFO_RESPONSE_CODE, &status);
  return status;
}

/**
 * push_transfer_is_broken:
 * @transfer: a transfer that ended
 * @code: how
 *
 * Returns: whether the connection broke and another may bring the answer
 */
gboolean
push_transfer_is_broken (PushTransfer *transfer, CURLcode code)
{
  return (code == CURLE_HTTP2 || code == CURLE_PARTIAL_FILE || code == CURLE_SEND_ERROR ||
          code == CURLE_RECV_ERROR || code == CURLE_HTTP2_STREAM) &&
         status_of (transfer) / 100 != 2;
}

/**
 * push_transfer_answer:
 * @transfer: a transfer that ended
 * @code: how
 *
 * Returns: (transfer full): what it brought
 */
PushHttpAnswer *
push_transfer_answer (PushTransfer *transfer, CURLcode code)
{
  long status = status_of (transfer);
  PushHttpAnswer *answer;
  curl_off_t wait = 0;

  if (transfer->connected)
    return push_http_answer_new (PUSH_HTTP_CONNECTED, NULL);
  if (code == CURLE_OK || status >= 200) {
    answer = push_http_answer_new (PUSH_HTTP_ANSWERED, NULL);
    answer->status = (guint) status;
    answer->date = date_of (transfer);
    answer->body = g_strndup (transfer->answer->str, transfer->answer->len);
    if (curl_easy_getinfo (transfer->easy, CURLINFO_RETRY_AFTER, &wait) == CURLE_OK)
      answer->retry_after = (guint) CLAMP (wait, 0, G_MAXINT32);
    return answer;
  }
  if (transfer->addresses_refused && !transfer->addresses_tried)
    return push_http_answer_new (PUSH_HTTP_FORBIDDEN,
                                 "the push URL leads to an address that is not public");
  return push_http_answer_new (PUSH_HTTP_UNREACHABLE,
                               *transfer->trouble ? transfer->trouble : curl_easy_strerror (code));
}
