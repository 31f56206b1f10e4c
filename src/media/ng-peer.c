/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ng-peer: one rtpengine at its control port: a connected UDP socket, the requests that wait for
 * their replies, and whether it is up.
 *
 * A request goes out again under the same cookie until its deadline; rtpengine does the work once
 * and repeats its reply. One that stays unanswered takes the instance out; pings take it back.
 *
 * A reply wakes the daemon, which costs more than all that is done with it. So there is a second
 * socket for what nobody waits for; it is looked into a while after something went out there.
 */
#include "media/ng-peer.h"

#include "base/clock.h"
#include "base/counters.h"
#include "base/deadline.h"
#include "base/error.h"
#include "base/log.h"
#include "crypto/token.h"
#include "media/ng-socket.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>

#define COOKIE_BITS (5 * NG_COOKIE_OURS)
#define MAX_DATAGRAM 65535
#define MAX_READS 64 /* datagrams in one turn of the loop */
#define FIRST_REPEAT_MS 150
#define TICK_MS 10
#define COLLECT_MS 50
#define MAX_COLLECTED 256

typedef enum { PEER_UNKNOWN, PEER_UP, PEER_DOWN } PeerState;

typedef struct {
  NgPeer *peer;
  int fd;
  guint number;
  GString *datagram;
  gint64 due;  /* monotonic microseconds */
  gint64 next; /* likewise: when it is looked at again */
  guint repeat_ms;
  NgOutcome verdict; /* of a request that is not sent */
  NgFunc func;
  gpointer user_data;
} Waiting;

struct _NgPeer {
  gchar *address;
  NgPeerOptions options;
  NgPeerFunc returned;
  gpointer user_data;
  int fd;
  int unhurried_fd;
  Deadline *collect; /* what came there */
  GSource *source;
  PeerState state;
  gchar *cookie; /* what all cookies begin with */
  guint last_number;
  GHashTable *waiting; /* number -> Waiting */
  guint unhurried;     /* of them */
  Deadline *tick;      /* at the next of them that is to be looked at, or before */
  gint64 tick_at;
  Deadline *probe;
};

static void
waiting_free (Waiting *waiting)
{
  if (waiting->fd == waiting->peer->unhurried_fd)
    waiting->peer->unhurried--;
  g_string_free (waiting->datagram, TRUE);
  counters_dec (COUNTER_MEDIA_NG_IN_FLIGHT);
  g_free (waiting);
}

static void
finish (Waiting *waiting, NgOutcome outcome, const NgReply *reply)
{
  NgFunc func = waiting->func;
  gpointer user_data = waiting->user_data;

  g_hash_table_remove (waiting->peer->waiting, GUINT_TO_POINTER (waiting->number));
  func (outcome, reply, user_data);
}

static void on_probe_due (gpointer user_data);

static void
go_down (NgPeer *peer, const gchar *why)
{
  if (peer->state == PEER_DOWN)
    return;
  peer->state = PEER_DOWN;
  counters_inc (COUNTER_MEDIA_INSTANCES_LOST);
  log_warning (LOG_FIELDS ("RTPENGINE", peer->address), "rtpengine is down: %s", why);
  /* A few datagrams may have been lost on the way: it is asked now, not at the next turn. */
  if (peer->probe) {
    deadline_clear (&peer->probe);
    peer->probe = deadline_new (0, on_probe_due, peer);
  }
}

static void
come_up (NgPeer *peer)
{
  if (peer->state == PEER_UP)
    return;
  log_info (LOG_FIELDS ("RTPENGINE", peer->address), "rtpengine is up");
  peer->state = PEER_UP;
  peer->returned (peer, peer->user_data);
}

/* Nobody listens: what waits need not wait longer. */
static void
fail_all (NgPeer *peer)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer number;

  g_hash_table_iter_init (&iter, peer->waiting);
  while (g_hash_table_iter_next (&iter, &number, NULL))
    g_ptr_array_add (all, number);
  for (guint i = 0; i < all->len; i++) {
    Waiting *waiting = g_hash_table_lookup (peer->waiting, g_ptr_array_index (all, i));

    if (waiting)
      finish (waiting, NG_UNREACHABLE, NULL);
  }
}

static void
on_refused (NgPeer *peer)
{
  go_down (peer, "nobody listens there");
  fail_all (peer);
}

static void on_tick (gpointer user_data);
static void on_collect (gpointer user_data);

/* One deadline for all, since hardly any request waits until its own. */
static void
look_in (NgPeer *peer, guint milliseconds)
{
  gint64 at = clock_now () + milliseconds * G_TIME_SPAN_MILLISECOND;

  if (peer->tick && peer->tick_at <= at)
    return;
  deadline_clear (&peer->tick);
  peer->tick_at = at;
  peer->tick = deadline_new (milliseconds, on_tick, peer);
}

/* What cannot be sent is as good as lost on the way. */
static void
transmit (Waiting *waiting)
{
  NgPeer *peer = waiting->peer;
  gint64 now = clock_now ();
  guint left = (guint) (MAX (waiting->due - now, 0) / G_TIME_SPAN_MILLISECOND);
  guint wait = MIN (waiting->repeat_ms, left) + 1;

  if (send (waiting->fd, waiting->datagram->str, waiting->datagram->len, MSG_DONTWAIT) < 0 &&
      errno == ECONNREFUSED)
    send (waiting->fd, waiting->datagram->str, waiting->datagram->len, MSG_DONTWAIT);
  if (waiting->fd == peer->unhurried_fd && !peer->collect)
    peer->collect = deadline_new (COLLECT_MS, on_collect, peer);
  waiting->next = now + wait * G_TIME_SPAN_MILLISECOND;
  look_in (peer, wait);
  waiting->repeat_ms *= 2;
}

static void
look_at (Waiting *waiting)
{
  NgOutcome verdict = waiting->verdict;

  if (verdict == NG_REPLIED && clock_now () < waiting->due) {
    counters_inc (COUNTER_MEDIA_NG_REPEATED);
    transmit (waiting);
    return;
  }
  if (verdict == NG_REPLIED) {
    verdict = NG_TIMED_OUT;
    counters_inc (COUNTER_MEDIA_NG_TIMED_OUT);
    go_down (waiting->peer, "no reply in time");
  }
  finish (waiting, verdict, NULL);
}

/* Whoever is told may send anew, or whatever else is waiting may have ended with it. */
static void
on_tick (gpointer user_data)
{
  NgPeer *peer = user_data;
  g_autoptr (GPtrArray) due = g_ptr_array_new ();
  gint64 now = clock_now (), next = G_MAXINT64;
  GHashTableIter iter;
  gpointer number, value;

  peer->tick = NULL;
  g_hash_table_iter_init (&iter, peer->waiting);
  while (g_hash_table_iter_next (&iter, &number, &value)) {
    Waiting *waiting = value;

    if (waiting->next <= now)
      g_ptr_array_add (due, number);
    else
      next = MIN (next, waiting->next);
  }
  for (guint i = 0; i < due->len; i++) {
    Waiting *waiting = g_hash_table_lookup (peer->waiting, g_ptr_array_index (due, i));

    if (waiting)
      look_at (waiting);
  }
  if (next < G_MAXINT64)
    look_in (peer, (guint) MAX ((next - now) / G_TIME_SPAN_MILLISECOND + 1, TICK_MS));
}

static void
take_reply (NgPeer *peer, const gchar *data, gsize size)
{
  guint number = ng_reply_number (peer->cookie, data, size);
  Waiting *waiting = g_hash_table_lookup (peer->waiting, GUINT_TO_POINTER (number));
  g_autoptr (GError) error = NULL;
  g_auto (NgReply) reply = { 0 };

  if (!waiting || waiting->verdict != NG_REPLIED) {
    counters_inc (COUNTER_MEDIA_NG_STRAY);
    return;
  }
  if (!ng_reply_read (&reply, data + NG_COOKIE_SIZE, size - NG_COOKIE_SIZE, &error)) {
    counters_inc (COUNTER_MEDIA_NG_MALFORMED);
    log_debug (LOG_FIELDS ("RTPENGINE", peer->address), "rtpengine's reply: %s", error->message);
    return;
  }
  come_up (peer);
  finish (waiting, NG_REPLIED, &reply);
}

static void
take_replies (NgPeer *peer, int fd, guint most)
{
  static gchar buffer[MAX_DATAGRAM];

  for (guint i = 0; i < most; i++) {
    gssize size = recv (fd, buffer, sizeof buffer, MSG_DONTWAIT);

    if (size < 0 && errno == ECONNREFUSED)
      on_refused (peer);
    if (size < 0)
      break;
    take_reply (peer, buffer, (gsize) size);
    if (peer->unhurried == (fd == peer->fd ? g_hash_table_size (peer->waiting) : 0))
      break; /* nothing more is to be expected, so nobody needs to be asked whether it is there */
  }
}

static gboolean
on_readable (gint fd, GIOCondition condition, gpointer user_data)
{
  take_replies (user_data, fd, MAX_READS);
  return G_SOURCE_CONTINUE;
}

static void
on_collect (gpointer user_data)
{
  NgPeer *peer = user_data;

  peer->collect = NULL;
  take_replies (peer, peer->unhurried_fd, MAX_COLLECTED);
  if (peer->unhurried > 0 && !peer->collect)
    peer->collect = deadline_new (COLLECT_MS, on_collect, peer);
}

/* Nobody runs the loop from within. Were that allowed for, each dispatch would take the descriptor
 * out of the loop and put it back, which wakes the next poll for nothing. */
static GSource *
watch (NgPeer *peer)
{
  GSource *source = g_unix_fd_source_new (peer->fd, G_IO_IN | G_IO_ERR);

  g_source_set_can_recurse (source, TRUE);
  g_source_set_callback (source, G_SOURCE_FUNC (on_readable), peer, NULL);
  g_source_attach (source, NULL);
  return source;
}

static Waiting *
enqueue (NgPeer *peer, GString *request, NgFunc func, gpointer user_data)
{
  Waiting *waiting = g_new0 (Waiting, 1);

  /* None waits so long that its number could come again. */
  if (++peer->last_number == 0)
    peer->last_number++;
  waiting->peer = peer;
  waiting->fd = peer->fd;
  waiting->number = peer->last_number;
  waiting->func = func;
  waiting->user_data = user_data;
  waiting->verdict = NG_REPLIED;
  waiting->repeat_ms = FIRST_REPEAT_MS;
  waiting->due = clock_now () + peer->options.deadline_ms * G_TIME_SPAN_MILLISECOND;
  waiting->datagram = request;
  ng_message_set_cookie (request, peer->cookie, waiting->number);
  g_hash_table_insert (peer->waiting, GUINT_TO_POINTER (waiting->number), waiting);
  counters_inc (COUNTER_MEDIA_NG_IN_FLIGHT);
  return waiting;
}

static void
on_pong (NgOutcome outcome, const NgReply *reply, gpointer user_data)
{
  NgPeer *peer = user_data;
  guint wait = peer->options.probe_ms;

  if (outcome == NG_CLOSED)
    return;
  if (outcome == NG_TIMED_OUT) {
    ng_socket_renew (peer->fd, peer->address);
    ng_socket_renew (peer->unhurried_fd, peer->address);
  }
  peer->probe = deadline_new (wait + clock_jitter (wait / 8 + 1), on_probe_due, peer);
}

static void
on_probe_due (gpointer user_data)
{
  NgPeer *peer = user_data;

  peer->probe = NULL;
  transmit (enqueue (peer, ng_message_ping (), on_pong, peer));
}

/**
 * ng_peer_new:
 * @address: "127.0.0.1:2223" or "[::1]:2223"
 * @options: its limits
 * @returned: called when it is up for the first time or again
 * @user_data: for @returned
 * @error: set where @address is malformed
 *
 * Main thread only. It is asked at once whether it is there.
 *
 * Returns: (transfer full) (nullable): the instance
 */
NgPeer *
ng_peer_new (const gchar *address, const NgPeerOptions *options, NgPeerFunc returned,
             gpointer user_data, GError **error)
{
  int fd = ng_socket_open (address, error);
  int unhurried_fd = fd < 0 ? -1 : ng_socket_open (address, error);
  NgPeer *peer;

  if (unhurried_fd < 0) {
    if (fd >= 0)
      close (fd);
    return NULL;
  }
  peer = g_new0 (NgPeer, 1);
  peer->fd = fd;
  peer->unhurried_fd = unhurried_fd;
  peer->address = g_strdup (address);
  peer->options = *options;
  peer->returned = returned;
  peer->user_data = user_data;
  peer->cookie = token_random (COOKIE_BITS);
  peer->waiting = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) waiting_free);
  peer->source = watch (peer);
  peer->probe = deadline_new (0, on_probe_due, peer);
  return peer;
}

/**
 * ng_peer_free:
 * @peer: (transfer full): an instance; who waits for it is told
 */
void
ng_peer_free (NgPeer *peer)
{
  GHashTableIter iter;
  gpointer value;

  g_source_destroy (peer->source);
  g_source_unref (peer->source);
  deadline_clear (&peer->probe);
  deadline_clear (&peer->collect);
  deadline_clear (&peer->tick);
  g_hash_table_iter_init (&iter, peer->waiting);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    Waiting *waiting = value;

    waiting->func (NG_CLOSED, NULL, waiting->user_data);
  }
  g_hash_table_unref (peer->waiting);
  close (peer->fd);
  close (peer->unhurried_fd);
  g_free (peer->cookie);
  g_free (peer->address);
  g_free (peer);
}

/**
 * ng_peer_send:
 * @peer: an instance
 * @urgency: whether somebody waits for the reply
 * @request: (transfer full): a request with room for its cookie
 * @func: told exactly once what became of it; never from within
 * @user_data: for @func
 */
void
ng_peer_send (NgPeer *peer, NgUrgency urgency, GString *request, NgFunc func, gpointer user_data)
{
  gboolean full = g_hash_table_size (peer->waiting) >= peer->options.max_in_flight;
  Waiting *waiting = enqueue (peer, request, func, user_data);

  if (urgency == NG_UNHURRIED) {
    waiting->fd = peer->unhurried_fd;
    peer->unhurried++;
  }
  if (!full) {
    transmit (waiting);
    return;
  }
  counters_inc (COUNTER_MEDIA_NG_FULL);
  waiting->verdict = NG_FULL;
  look_in (peer, 0);
}

/**
 * ng_peer_address:
 * @peer: an instance
 *
 * Returns: (transfer none): its address and port
 */
const gchar *
ng_peer_address (const NgPeer *peer)
{
  return peer->address;
}

/**
 * ng_peer_is_down:
 * @peer: an instance
 *
 * Returns: whether it is known not to answer; one that was not heard of yet is given a chance
 */
gboolean
ng_peer_is_down (const NgPeer *peer)
{
  return peer->state == PEER_DOWN;
}

/**
 * ng_outcome_text:
 * @outcome: what became of a request
 *
 * Returns: (transfer none): it in words, for a person
 */
const gchar *
ng_outcome_text (NgOutcome outcome)
{
  switch (outcome) {
  case NG_REPLIED:
    return "rtpengine replied";
  case NG_TIMED_OUT:
    return "rtpengine did not reply in time";
  case NG_UNREACHABLE:
    return "rtpengine is not running";
  case NG_FULL:
    return "too many requests wait for rtpengine";
  case NG_CLOSED:
    return "sipwake is ending";
  }
  return NULL;
}
