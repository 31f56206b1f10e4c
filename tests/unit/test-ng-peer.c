/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-ng-peer: a control port that repeats itself, talks nonsense, or keeps silent.
 */
#include "base/clock.h"
#include "base/counters.h"
#include "base/error.h"
#include "media/ng-peer.h"

#include <gio/gio.h>
#include <string.h>

#define DEADLINE_MS 20000 /* far off, so that none passes but where a test moves the clock */
#define PATIENCE_MS 10000
#define FIRST_REPEAT_MS 150
#define MAX_IN_FLIGHT 4

typedef struct {
  GSocket *socket; /* where the peer sends to */
  GSocketAddress *client;
  NgPeer *peer;
  guint returned;
} Fixture;

typedef struct {
  guint told;
  NgOutcome outcome;
  NgResult result;
  gchar *reason;
  guint calls;
} Answer;

static gboolean
on_timeout (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_CONTINUE;
}

static void
let_pass (guint milliseconds)
{
  gboolean late = FALSE;
  guint alarm_id = g_timeout_add (milliseconds, on_timeout, &late);

  while (!late)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (alarm_id);
}

#define wait_until(condition)                                                                      \
  for (gint64 until = g_get_monotonic_time () + PATIENCE_MS * 1000; !(condition);) {               \
    g_assert_cmpint (g_get_monotonic_time (), <, until);                                           \
    let_pass (5);                                                                                  \
  }

/* Whatever still waits for its reply has waited for too long. */
static void
pass_deadline (void)
{
  clock_test_advance ((DEADLINE_MS + 1) * G_TIME_SPAN_MILLISECOND);
}

static void
on_returned (NgPeer *peer, gpointer user_data)
{
  ((Fixture *) user_data)->returned++;
}

static void
on_answer (NgOutcome outcome, const NgReply *reply, gpointer user_data)
{
  Answer *answer = user_data;

  answer->told++;
  answer->outcome = outcome;
  if (reply) {
    answer->result = reply->result;
    answer->reason = g_strdup (reply->reason);
    answer->calls = reply->calls ? reply->calls->len : 0;
  }
}

/* The next ping, or else the next request other than one; NULL when none comes. */
static gchar *
receive_kind (Fixture *fixture, gboolean ping)
{
  gint64 end = clock_now () + PATIENCE_MS * 1000;
  gchar buffer[4096];

  while (clock_now () < end) {
    gssize size;

    g_clear_object (&fixture->client);
    size = g_socket_receive_from (fixture->socket, &fixture->client, buffer, sizeof buffer, NULL,
                                  NULL);
    if (size > 0 && ping == (g_strstr_len (buffer, size, "4:ping") != NULL))
      return g_strndup (buffer, size);
    if (size <= 0)
      let_pass (5);
  }
  return NULL;
}

static gchar *
receive (Fixture *fixture)
{
  return receive_kind (fixture, FALSE);
}

static void
reply (Fixture *fixture, const gchar *request, const gchar *text)
{
  g_autofree gchar *cookie = g_strndup (request, strcspn (request, " "));
  g_autofree gchar *datagram = g_strdup_printf ("%s %s", cookie, text);

  g_socket_send_to (fixture->socket, fixture->client, datagram, strlen (datagram), NULL, NULL);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  const NgPeerOptions options = { .deadline_ms = DEADLINE_MS,
                                  .probe_ms = 60000,
                                  .max_in_flight = MAX_IN_FLIGHT };
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new (loopback, 0);
  g_autoptr (GSocketAddress) bound = NULL;
  g_autofree gchar *text = NULL;
  g_autoptr (GError) error = NULL;

  fixture->socket =
    g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, &error);
  g_socket_set_blocking (fixture->socket, FALSE);
  g_assert_true (g_socket_bind (fixture->socket, any, FALSE, &error));
  bound = g_socket_get_local_address (fixture->socket, &error);
  text = g_strdup_printf ("127.0.0.1:%u",
                          g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound)));
  fixture->peer = ng_peer_new (text, &options, on_returned, fixture, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_clear_pointer (&fixture->peer, ng_peer_free);
  g_object_unref (fixture->socket);
  g_clear_object (&fixture->client);
  g_assert_cmpint (counters_get (COUNTER_MEDIA_NG_IN_FLIGHT), ==, 0);
}

static void
test_reply (Fixture *fixture, gconstpointer data)
{
  Answer answer = { 0 };
  gint64 stray = counters_get (COUNTER_MEDIA_NG_STRAY);
  g_autofree gchar *request = NULL;

  ng_peer_send (fixture->peer, NG_URGENT, ng_message_list (), on_answer, &answer);
  g_assert_cmpuint (answer.told, ==, 0);
  request = receive (fixture);
  g_assert_true (g_str_has_suffix (request, " d7:command4:list5:limiti256ee"));
  reply (fixture, request, "d5:callsl1:a1:be6:result2:oke");
  reply (fixture, request, "d6:result5:errore");
  wait_until (counters_get (COUNTER_MEDIA_NG_STRAY) > stray);
  g_assert_cmpuint (answer.told, ==, 1);
  g_assert_cmpint (answer.outcome, ==, NG_REPLIED);
  g_assert_cmpint (answer.result, ==, NG_RESULT_OK);
  g_assert_cmpuint (answer.calls, ==, 2);
  g_assert_cmpint (counters_get (COUNTER_MEDIA_NG_STRAY), ==, stray + 1);
  g_assert_cmpuint (fixture->returned, ==, 1);
}

/* The same cookie again, and the first good reply counts. */
static void
test_repeat (Fixture *fixture, gconstpointer data)
{
  Answer answer = { 0 };
  g_autofree gchar *first = NULL, *second = NULL;

  ng_peer_send (fixture->peer, NG_URGENT, ng_message_delete ("x"), on_answer, &answer);
  first = receive (fixture);
  second = receive (fixture);
  g_assert_cmpstr (first, ==, second);
  g_assert_cmpuint (answer.told, ==, 0);
  reply (fixture, second, "d6:result10:load limite");
  wait_until (answer.told);
  g_assert_cmpint (answer.result, ==, NG_RESULT_BUSY);
}

/* Each request has a time of its own: the younger does not go out again together with the elder. */
static void
test_repeat_each (Fixture *fixture, gconstpointer data)
{
  Answer one = { 0 }, two = { 0 };
  g_autofree gchar *first = NULL, *second = NULL, *last = NULL;
  guint again = 0;
  gint64 begun;

  ng_peer_send (fixture->peer, NG_URGENT, ng_message_delete ("x"), on_answer, &one);
  first = receive (fixture);
  let_pass (100);
  begun = clock_now ();
  ng_peer_send (fixture->peer, NG_URGENT, ng_message_delete ("y"), on_answer, &two);
  while (!last) {
    g_autofree gchar *next = receive (fixture);

    g_assert_nonnull (next);
    if (g_str_equal (next, first))
      again++;
    else
      *(second ? &last : &second) = g_steal_pointer (&next);
  }
  g_assert_cmpstr (last, ==, second);
  g_assert_cmpint (clock_now () - begun, >=, FIRST_REPEAT_MS * 1000);
  if (!again) { /* both were due when the machine had time for them */
    g_autofree gchar *next = receive (fixture);

    g_assert_cmpstr (next, ==, first);
  }
  reply (fixture, first, "d6:result2:oke");
  wait_until (one.told);
  pass_deadline ();
  wait_until (two.told);
  g_assert_cmpint (one.outcome, ==, NG_REPLIED);
  g_assert_cmpint (two.outcome, ==, NG_TIMED_OUT);
}

static void
test_nonsense (Fixture *fixture, gconstpointer data)
{
  static const gchar *const nonsense[] = {
    "", "x", "d", "de", "le", "i1e", "d6:result3:yese", "d6:resulti1ee", "d6:result2:oke ", "4:pong",
  };
  Answer answer = { 0 };
  gint64 malformed = counters_get (COUNTER_MEDIA_NG_MALFORMED);
  gint64 stray = counters_get (COUNTER_MEDIA_NG_STRAY);
  g_autofree gchar *request = NULL;

  ng_peer_send (fixture->peer, NG_URGENT, ng_message_delete ("x"), on_answer, &answer);
  request = receive (fixture);
  for (gsize i = 0; i < G_N_ELEMENTS (nonsense); i++)
    reply (fixture, request, nonsense[i]);
  g_socket_send_to (fixture->socket, fixture->client, "", 0, NULL, NULL);
  g_socket_send_to (fixture->socket, fixture->client, request, strcspn (request, " "), NULL, NULL);
  reply (fixture, "zzzzzzzzzzzzz1", "d6:result2:oke");
  wait_until (counters_get (COUNTER_MEDIA_NG_STRAY) == stray + 3);
  g_assert_cmpuint (answer.told, ==, 0);
  g_assert_cmpint (counters_get (COUNTER_MEDIA_NG_MALFORMED), ==,
                   malformed + (gint64) G_N_ELEMENTS (nonsense));
  g_assert_cmpuint (fixture->returned, ==, 0);
  reply (fixture, request, "d6:result5:error12:error-reason4:no\xff!e");
  wait_until (answer.told);
  g_assert_cmpuint (answer.told, ==, 1);
  g_assert_cmpint (answer.result, ==, NG_RESULT_ERROR);
  g_assert_cmpstr (answer.reason, ==, "no\xef\xbf\xbd!");
  g_free (answer.reason);
}

/* Silence takes it out; a reply that comes late does not count, the pong that follows does. */
static void
test_late (Fixture *fixture, gconstpointer data)
{
  Answer answer = { 0 };
  gint64 stray;
  g_autofree gchar *ping = receive_kind (fixture, TRUE);
  g_autofree gchar *request = NULL;

  reply (fixture, ping, "d6:result4:ponge");
  wait_until (fixture->returned);
  ng_peer_send (fixture->peer, NG_URGENT, ng_message_delete ("x"), on_answer, &answer);
  request = receive (fixture);
  pass_deadline ();
  wait_until (answer.told);
  g_assert_cmpint (answer.outcome, ==, NG_TIMED_OUT);
  g_assert_true (ng_peer_is_down (fixture->peer));
  stray = counters_get (COUNTER_MEDIA_NG_STRAY);
  reply (fixture, request, "d6:result2:oke");
  wait_until (counters_get (COUNTER_MEDIA_NG_STRAY) > stray);
  g_assert_cmpuint (answer.told, ==, 1);
  g_assert_true (ng_peer_is_down (fixture->peer));
}

/* What nobody waits for is looked at now and then, as long as it may come. */
static void
test_unhurried (Fixture *fixture, gconstpointer data)
{
  Answer urgent = { 0 }, unhurried = { 0 };
  g_autofree gchar *first = NULL, *second = NULL;
  g_autoptr (GSocketAddress) other = NULL;

  ng_peer_send (fixture->peer, NG_UNHURRIED, ng_message_delete ("x"), on_answer, &unhurried);
  ng_peer_send (fixture->peer, NG_URGENT, ng_message_delete ("y"), on_answer, &urgent);
  first = receive (fixture);
  other = g_object_ref (fixture->client);
  second = receive (fixture);
  reply (fixture, second, "d6:result2:oke");
  wait_until (urgent.told);
  let_pass (250);
  g_assert_cmpuint (unhurried.told, ==, 0);
  g_set_object (&fixture->client, other);
  reply (fixture, first, "d6:result2:oke");
  wait_until (unhurried.told);
  g_assert_cmpint (unhurried.outcome, ==, NG_REPLIED);
}

static void
test_full (Fixture *fixture, gconstpointer data)
{
  Answer answers[MAX_IN_FLIGHT + 2] = { 0 };

  for (gsize i = 0; i < G_N_ELEMENTS (answers); i++)
    ng_peer_send (fixture->peer, NG_URGENT, ng_message_delete ("x"), on_answer, &answers[i]);
  wait_until (answers[MAX_IN_FLIGHT + 1].told);
  for (gsize i = 0; i < G_N_ELEMENTS (answers); i++) {
    g_assert_cmpuint (answers[i].told, ==, i < MAX_IN_FLIGHT ? 0 : 1);
    if (i >= MAX_IN_FLIGHT)
      g_assert_cmpint (answers[i].outcome, ==, NG_FULL);
  }
  g_clear_pointer (&fixture->peer, ng_peer_free);
  for (gsize i = 0; i < MAX_IN_FLIGHT; i++) {
    g_assert_cmpuint (answers[i].told, ==, 1);
    g_assert_cmpint (answers[i].outcome, ==, NG_CLOSED);
  }
}

static void
test_addresses (void)
{
  static const gchar *const wrong[] = { "", "127.0.0.1", "rtpengine:2223", "127.0.0.1:0",
                                        "127.0.0.1:99999", "[::1" };
  const NgPeerOptions options = { 100, 100, 1 };

  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (ng_peer_new (wrong[i], &options, on_returned, NULL, &error));
    g_assert_nonnull (error);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
  g_test_add ("/ng-peer/reply", Fixture, NULL, set_up, test_reply, tear_down);
  g_test_add ("/ng-peer/repeat", Fixture, NULL, set_up, test_repeat, tear_down);
  g_test_add ("/ng-peer/repeat-each", Fixture, NULL, set_up, test_repeat_each, tear_down);
  g_test_add ("/ng-peer/nonsense", Fixture, NULL, set_up, test_nonsense, tear_down);
  g_test_add ("/ng-peer/late", Fixture, NULL, set_up, test_late, tear_down);
  g_test_add ("/ng-peer/unhurried", Fixture, NULL, set_up, test_unhurried, tear_down);
  g_test_add ("/ng-peer/full", Fixture, NULL, set_up, test_full, tear_down);
  g_test_add_func ("/ng-peer/addresses", test_addresses);
  return g_test_run ();
}
