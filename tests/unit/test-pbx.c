/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Routes to real sockets, which answer, refuse, keep silent and come back. */
#include "answerer.h"
#include "base/clock.h"
#include "base/counters.h"
#include "base/log.h"
#include "registrar/pbx-attempt.h"
#include "registrar/pbx-pins.h"
#include "sip/sip-headers.h"
#include "zone.h"

#define PATIENCE_MS 15000

typedef struct {
  SipStack *stack;
  Pbx *pbx;
  Answerer *servers[2];
  guint events[4]; /* by PbxEvent */
  guint status;    /* of an attempt */
  guint sent;
} Fixture;

static Fixture fixture;

static SipStack *
open_stack (void)
{
  SipListenerOptions options = {
    .name = "pbx",
    .side = SIP_SIDE_PBX,
    .transport = SIP_TRANSPORT_TCP,
    .host = "127.0.0.3",
    .advertise_host = "127.0.0.3",
  };
  g_autoptr (GPtrArray) all = g_ptr_array_new ();
  g_autoptr (GSocketListener) finder = g_socket_listener_new ();
  g_autoptr (GError) error = NULL;
  SipStack *stack;

  options.port = g_socket_listener_add_any_inet_port (finder, NULL, &error);
  options.advertise_port = options.port;
  g_socket_listener_close (finder);
  g_ptr_array_add (all, &options);
  stack = sip_stack_new (all, NULL, &error);
  g_assert_no_error (error);
  return stack;
}

static void
on_event (Pbx *pbx, PbxEvent event, gpointer user_data)
{
  fixture.events[event]++;
}

static void
add_route (const gchar *host, guint port)
{
  pbx_add_route (fixture.pbx,
                 pbx_route_new (fixture.stack, "office", host, port, SIP_TRANSPORT_TCP));
}

/* A PBX with so many servers, which do not yet know that they are looked at. */
static void
set_up (guint servers)
{
  static const gchar *const domains[] = { "pbx.test", NULL };

  fixture = (Fixture){ 0 };
  zone_clear ();
  fixture.stack = open_stack ();
  fixture.pbx = pbx_new ("office", domains, 3600, NULL);
  pbx_watch (fixture.pbx, on_event, NULL);
  for (guint i = 0; i < servers; i++) {
    fixture.servers[i] = answerer_new ();
    add_route ("127.0.0.4", answerer_port (fixture.servers[i]));
  }
}

static void
tear_down (void)
{
  pbx_free (fixture.pbx);
  for (guint i = 0; i < G_N_ELEMENTS (fixture.servers); i++)
    g_clear_pointer (&fixture.servers[i], answerer_free);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  sip_stack_free (fixture.stack);
  g_assert_cmpint (counters_get (COUNTER_PBX_ROUTES_DOWN), ==, 0);
  g_assert_cmpint (counters_get (COUNTER_PBX_PINS), ==, 0);
  g_assert_cmpint (counters_get (COUNTER_FLOWS_OPEN), ==, 0);
}

#define WAIT_UNTIL(condition)                                                                      \
  G_STMT_START                                                                                     \
  {                                                                                                \
    gint64 until = g_get_monotonic_time () + PATIENCE_MS * G_TIME_SPAN_MILLISECOND;                \
    guint tick = g_timeout_add (20, on_tick, NULL);                                                \
    while (!(condition)) {                                                                         \
      if (g_get_monotonic_time () > until)                                                         \
        g_error ("not within %d ms: %s", PATIENCE_MS, #condition);                                 \
      g_main_context_iteration (NULL, TRUE);                                                       \
    }                                                                                              \
    g_source_remove (tick);                                                                        \
  }                                                                                                \
  G_STMT_END

static gboolean
on_tick (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

static guint
port_of (SipFlow *way)
{
  return way ? (guint) g_ascii_strtoull (strrchr (sip_flow_address (way), ':') + 1, NULL, 10) : 0;
}

static guint
port (guint server)
{
  return answerer_port (fixture.servers[server]);
}

/* ---- routes up and down ---- */

static void
test_first_route_that_answers (void)
{
  set_up (2);
  g_assert_true (pbx_is_reachable (fixture.pbx));
  g_assert_null (pbx_last_error (fixture.pbx));
  g_assert_cmpuint (port_of (pbx_way (fixture.pbx)), ==, port (0));
  answerer_shut (fixture.servers[0]);
  WAIT_UNTIL (port_of (pbx_way (fixture.pbx)) == port (1));
  g_assert_cmpuint (fixture.events[PBX_EVENT_MOVED], ==, 1);
  g_assert_cmpuint (fixture.events[PBX_EVENT_UNREACHABLE], ==, 0);
  g_assert_nonnull (pbx_last_error (fixture.pbx));
  answerer_open (fixture.servers[0]);
  WAIT_UNTIL (port_of (pbx_way (fixture.pbx)) == port (0));
  g_assert_cmpuint (fixture.events[PBX_EVENT_MOVED], ==, 2);
  tear_down ();
}

static void
test_all_down (void)
{
  gint64 refused = counters_get (COUNTER_PBX_UNREACHABLE);

  set_up (2);
  answerer_shut (fixture.servers[0]);
  answerer_shut (fixture.servers[1]);
  WAIT_UNTIL (fixture.events[PBX_EVENT_UNREACHABLE]);
  g_assert_false (pbx_is_reachable (fixture.pbx));
  g_assert_null (pbx_way (fixture.pbx));
  g_assert_cmpint (counters_get (COUNTER_PBX_UNREACHABLE), ==, refused + 1);
  g_assert_cmpint (counters_get (COUNTER_PBX_ROUTES_DOWN), ==, 2);
  g_assert_cmpstr (pbx_refusal (fixture.pbx), ==, "PBX Not Reachable");
  answerer_open (fixture.servers[1]);
  WAIT_UNTIL (fixture.events[PBX_EVENT_REACHABLE]);
  g_assert_cmpuint (port_of (pbx_way (fixture.pbx)), ==, port (1));
  tear_down ();
}

/* Who wants to use a route that is down makes it be probed sooner than in 4 seconds. */
static void
test_hurry (void)
{
  gint64 began;

  set_up (1);
  answerer_shut (fixture.servers[0]);
  WAIT_UNTIL (!pbx_is_reachable (fixture.pbx));
  began = g_get_monotonic_time ();
  answerer_open (fixture.servers[0]);
  g_assert_null (pbx_way (fixture.pbx));
  WAIT_UNTIL (pbx_is_reachable (fixture.pbx));
  g_assert_cmpint (g_get_monotonic_time () - began, <, 3500 * G_TIME_SPAN_MILLISECOND);
  tear_down ();
}

static void
test_silence (void)
{
  set_up (1);
  answerer_say (fixture.servers[0], NULL);
  WAIT_UNTIL (!pbx_is_reachable (fixture.pbx));
  g_assert_cmpstr (pbx_last_error (fixture.pbx), ==, "no answer");
  answerer_say (fixture.servers[0], "404 Not Found");
  WAIT_UNTIL (pbx_is_reachable (fixture.pbx));
  tear_down ();
}

/* A request without an answer: others avoid the route until the probe has said that all is well. */
static void
test_suspect (void)
{
  set_up (2);
  WAIT_UNTIL (counters_get (COUNTER_FLOWS_OPEN) == 2);
  pbx_failed (fixture.pbx, pbx_way (fixture.pbx));
  g_assert_cmpuint (port_of (pbx_way (fixture.pbx)), ==, port (1));
  pbx_failed (fixture.pbx, pbx_way (fixture.pbx));
  g_assert_cmpuint (port_of (pbx_way (fixture.pbx)), ==, port (0));
  g_assert_true (pbx_is_reachable (fixture.pbx));
  WAIT_UNTIL (answerer_count (fixture.servers[0], "OPTIONS") == 2);
  WAIT_UNTIL (pbx_way_after (fixture.pbx, pbx_way (fixture.pbx)));
  g_assert_cmpint (counters_get (COUNTER_PBX_ROUTES_DOWN), ==, 0);
  tear_down ();
}

static void
test_connection_lost (void)
{
  set_up (1);
  WAIT_UNTIL (counters_get (COUNTER_FLOWS_OPEN) == 1);
  answerer_shut (fixture.servers[0]);
  answerer_open (fixture.servers[0]);
  WAIT_UNTIL (fixture.events[PBX_EVENT_LOST] == 1);
  WAIT_UNTIL (answerer_count (fixture.servers[0], "OPTIONS") == 2);
  WAIT_UNTIL (counters_get (COUNTER_FLOWS_OPEN) == 1);
  g_assert_cmpuint (fixture.events[PBX_EVENT_UNREACHABLE], ==, 0);
  tear_down ();
}

static void
test_unwatch (void)
{
  set_up (1);
  pbx_unwatch (fixture.pbx, on_event, NULL);
  answerer_shut (fixture.servers[0]);
  WAIT_UNTIL (!pbx_is_reachable (fixture.pbx));
  g_assert_cmpuint (fixture.events[PBX_EVENT_UNREACHABLE], ==, 0);
  tear_down ();
}

/* ---- names ---- */

static void
test_last_good_answer (void)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string ("127.0.0.4");

  set_up (0);
  g_assert_false (pbx_is_reachable (fixture.pbx));
  g_assert_cmpstr (pbx_refusal (fixture.pbx), ==, "PBX Address Not Resolved");
  fixture.servers[0] = answerer_new ();
  fixture.servers[1] = answerer_new ();
  zone_add_service ("_sip._tcp.pbx.test", "here.test", port (0), 1);
  zone_add_host ("here.test", "127.0.0.4");
  add_route ("pbx.test", 0);
  WAIT_UNTIL (fixture.events[PBX_EVENT_REACHABLE] == 1);
  g_assert_cmpuint (port_of (pbx_way (fixture.pbx)), ==, port (0));
  g_assert_true (pbx_accepts (fixture.pbx, address));

  /* It goes away while DNS is down; the address is asked for again, and stays meanwhile. */
  zone_clear ();
  zone_fail (TRUE, TRUE);
  answerer_shut (fixture.servers[0]);
  WAIT_UNTIL (zone_questions ());
  g_assert_cmpuint (fixture.events[PBX_EVENT_UNREACHABLE], ==, 1);
  g_assert_true (pbx_accepts (fixture.pbx, address));
  WAIT_UNTIL (g_str_has_prefix (pbx_last_error (fixture.pbx), "pbx.test is not resolved"));

  /* DNS is back and names another port. */
  zone_clear ();
  zone_add_service ("_sip._tcp.pbx.test", "here.test", port (1), 1);
  zone_add_host ("here.test", "127.0.0.4");
  WAIT_UNTIL (fixture.events[PBX_EVENT_REACHABLE] == 2);
  g_assert_cmpuint (port_of (pbx_way (fixture.pbx)), ==, port (1));
  tear_down ();
}

/* One after the other, so that probes are answered in time. */
static void
pass_seconds (guint seconds)
{
  for (guint i = 0; i < seconds; i++) {
    gint64 start = g_get_monotonic_time ();

    clock_test_advance (CLOCK_SECOND);
    WAIT_UNTIL (g_get_monotonic_time () - start > 10 * G_TIME_SPAN_MILLISECOND);
  }
}

/* DNS is asked each minute, also while all is well. */
static void
test_moved (void)
{
  set_up (0);
  fixture.servers[0] = answerer_new ();
  fixture.servers[1] = answerer_new ();
  zone_add_service ("_sip._tcp.pbx.test", "here.test", port (0), 1);
  zone_add_host ("here.test", "127.0.0.4");
  add_route ("pbx.test", 0);
  WAIT_UNTIL (fixture.events[PBX_EVENT_REACHABLE] == 1);
  g_assert_cmpuint (port_of (pbx_way (fixture.pbx)), ==, port (0));

  zone_clear ();
  zone_add_service ("_sip._tcp.pbx.test", "here.test", port (1), 1);
  zone_add_host ("here.test", "127.0.0.4");
  pass_seconds (50);
  g_assert_cmpuint (zone_questions (), ==, 0);
  pass_seconds (26);
  WAIT_UNTIL (port_of (pbx_way (fixture.pbx)) == port (1));
  g_assert_cmpuint (fixture.events[PBX_EVENT_UNREACHABLE], ==, 0);
  tear_down ();
}

/* ---- what answers say ---- */

static void
hear (guint server, const gchar *call_id, guint status, const gchar *retry_after)
{
  SipFlow *way = NULL;
  su_home_t home[1] = { SU_HOME_INIT (home) };
  sip_t sip = { 0 };

  su_home_init (home);
  sip.sip_status = sip_status_create (home, status, "Whatever", NULL);
  sip.sip_retry_after = retry_after ? sip_retry_after_make (home, retry_after) : NULL;
  for (way = pbx_way (fixture.pbx); port_of (way) != port (server);)
    way = pbx_way_after (fixture.pbx, way);
  g_assert_cmpint (pbx_heard (fixture.pbx, way, call_id, &sip), ==,
                   status == 503 && retry_after != NULL);
  su_home_deinit (home);
}

static void
test_challenge_stays (void)
{
  set_up (2);
  hear (1, "registered", 200, NULL);
  hear (1, "challenged", 401, NULL);
  hear (1, "challenged by proxy", 407, NULL);
  g_assert_cmpuint (port_of (pbx_way_for (fixture.pbx, "challenged")), ==, port (1));
  g_assert_cmpuint (port_of (pbx_way_for (fixture.pbx, "challenged by proxy")), ==, port (1));
  g_assert_cmpuint (port_of (pbx_way_for (fixture.pbx, "registered")), ==, port (0));
  g_assert_cmpuint (port_of (pbx_way_for (fixture.pbx, "unknown")), ==, port (0));

  /* What comes after a success begins anew. */
  hear (1, "challenged by proxy", 180, NULL);
  g_assert_cmpuint (port_of (pbx_way_for (fixture.pbx, "challenged by proxy")), ==, port (1));
  hear (1, "challenged by proxy", 200, NULL);
  g_assert_cmpuint (port_of (pbx_way_for (fixture.pbx, "challenged by proxy")), ==, port (0));

  /* Not to a route that does not answer. */
  answerer_shut (fixture.servers[1]);
  WAIT_UNTIL (port_of (pbx_way_for (fixture.pbx, "challenged")) == port (0));
  tear_down ();
}

static void
test_retry_after (void)
{
  set_up (2);
  hear (0, "busy", 503, NULL);
  g_assert_cmpuint (port_of (pbx_way (fixture.pbx)), ==, port (0));
  hear (0, "busy", 503, "3");
  g_assert_cmpuint (port_of (pbx_way (fixture.pbx)), ==, port (1));
  g_assert_null (pbx_way_after (fixture.pbx, pbx_way (fixture.pbx)));
  WAIT_UNTIL (port_of (pbx_way (fixture.pbx)) == port (0));
  g_assert_cmpuint (fixture.events[PBX_EVENT_MOVED], ==, 2);

  /* Where all want a rest, one is asked rather than none. */
  hear (0, "busy", 503, "60");
  hear (1, "busy", 503, "60");
  g_assert_true (pbx_is_reachable (fixture.pbx));
  g_assert_cmpuint (port_of (pbx_way (fixture.pbx)), ==, port (0));
  tear_down ();
}

static void
test_pins (void)
{
  g_autoptr (SipFlow) way = NULL;
  PbxPins *pins = pbx_pins_new ();
  g_autofree gchar *long_id = g_strnfill (300, 'x');

  set_up (1);
  way = sip_flow_ref (pbx_way (fixture.pbx));
  pbx_pins_put (pins, "a", way);
  pbx_pins_put (pins, "a", way);
  pbx_pins_put (pins, long_id, way);
  g_assert_true (pbx_pins_get (pins, "a") == way);
  g_assert_null (pbx_pins_get (pins, long_id));
  g_assert_cmpint (counters_get (COUNTER_PBX_PINS), ==, 1);
  clock_test_advance (119 * CLOCK_SECOND);
  g_assert_nonnull (pbx_pins_get (pins, "a"));
  clock_test_advance (2 * CLOCK_SECOND);
  g_assert_null (pbx_pins_get (pins, "a"));
  for (guint i = 0; i < 20005; i++) {
    g_autofree gchar *id = g_strdup_printf ("%u", i);

    pbx_pins_put (pins, id, way);
  }
  g_assert_cmpint (counters_get (COUNTER_PBX_PINS), ==, 20000);
  g_assert_null (pbx_pins_get (pins, "4"));
  g_assert_nonnull (pbx_pins_get (pins, "5"));
  pbx_pins_free (pins);
  tear_down ();
}

/* ---- one request by several routes ---- */

static SipTransaction *
on_send (SipFlow *way, SipResponseFunc func, gpointer func_data, gpointer user_data)
{
  SipListener *listener = sip_flow_listener (way);
  msg_t *msg = nta_msg_create (listener->agent, 0);
  su_home_t *home = msg_home (msg);

  fixture.sent++;
  sip_add_tl (msg, sip_object (msg),
              SIPTAG_REQUEST (sip_request_create (home, SIP_METHOD_REGISTER,
                                                  URL_STRING_MAKE ("sip:pbx.test"), NULL)),
              SIPTAG_CSEQ (sip_cseq_create (home, fixture.sent, SIP_METHOD_REGISTER)),
              SIPTAG_FROM_STR ("<sip:alice@pbx.test>;tag=1"),
              SIPTAG_TO_STR ("<sip:alice@pbx.test>"), SIPTAG_CALL_ID_STR ("unit-test"), TAG_END ());
  g_assert_cmpint (nta_msg_complete (msg), ==, 0);
  return sip_transaction_send (way, msg, func, func_data);
}

static void
on_outcome (guint status, const sip_t *response, gpointer user_data)
{
  g_assert_cmpuint (fixture.status, ==, 0);
  fixture.status = status;
}

static void
assert_attempt (guint status, guint first, guint second)
{
  PbxAttempt *attempt = pbx_attempt_new (fixture.pbx, "call", on_send, on_outcome, NULL);

  g_assert_nonnull (attempt);
  WAIT_UNTIL (fixture.status);
  g_assert_cmpuint (fixture.status, ==, status);
  g_assert_cmpuint (answerer_count (fixture.servers[0], "REGISTER"), ==, first);
  g_assert_cmpuint (answerer_count (fixture.servers[1], "REGISTER"), ==, second);
  g_assert_cmpuint (fixture.sent, ==, first + second);
  pbx_attempt_free (attempt);
}

static void
test_attempt_succeeds (void)
{
  set_up (2);
  assert_attempt (200, 1, 0);
  tear_down ();
}

static void
test_attempt_refused (void)
{
  set_up (2);
  answerer_say (fixture.servers[0], "503 Busy\r\nRetry-After: 30");
  assert_attempt (200, 1, 1);
  tear_down ();
}

/* Without Retry-After a 503 concerns this request alone. */
static void
test_attempt_answer_stands (void)
{
  set_up (2);
  answerer_say (fixture.servers[0], "503 Busy");
  assert_attempt (503, 1, 0);
  tear_down ();
}

static void
test_attempt_silence (void)
{
  gint64 began = g_get_monotonic_time ();

  set_up (2);
  WAIT_UNTIL (answerer_count (fixture.servers[0], "OPTIONS"));
  answerer_say (fixture.servers[0], NULL);
  assert_attempt (200, 1, 1);
  g_assert_cmpint (g_get_monotonic_time () - began, >=, 4 * G_USEC_PER_SEC);
  g_assert_cmpint (g_get_monotonic_time () - began, <, 12 * G_USEC_PER_SEC);
  tear_down ();
}

/* A server that says 100 is at work. */
static void
test_attempt_trying (void)
{
  gint64 began = g_get_monotonic_time ();
  PbxAttempt *attempt;

  set_up (2);
  WAIT_UNTIL (answerer_count (fixture.servers[0], "OPTIONS"));
  answerer_say (fixture.servers[0], "100 Trying");
  attempt = pbx_attempt_new (fixture.pbx, "call", on_send, on_outcome, NULL);
  WAIT_UNTIL (g_get_monotonic_time () - began > 5 * G_USEC_PER_SEC);
  g_assert_cmpuint (fixture.status, ==, 0);
  g_assert_cmpuint (fixture.sent, ==, 1);
  pbx_attempt_free (attempt);
  tear_down ();
}

static void
test_attempt_without_way (void)
{
  set_up (2);
  answerer_shut (fixture.servers[0]);
  answerer_shut (fixture.servers[1]);
  WAIT_UNTIL (!pbx_is_reachable (fixture.pbx));
  g_assert_null (pbx_attempt_new (fixture.pbx, "call", on_send, on_outcome, NULL));
  g_assert_cmpuint (fixture.sent, ==, 0);
  tear_down ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  log_init ();
  zone_install ();
  g_test_add_func ("/pbx/first-route-that-answers", test_first_route_that_answers);
  g_test_add_func ("/pbx/all-down", test_all_down);
  g_test_add_func ("/pbx/hurry", test_hurry);
  g_test_add_func ("/pbx/silence", test_silence);
  g_test_add_func ("/pbx/suspect", test_suspect);
  g_test_add_func ("/pbx/connection-lost", test_connection_lost);
  g_test_add_func ("/pbx/unwatch", test_unwatch);
  g_test_add_func ("/pbx/last-good-answer", test_last_good_answer);
  g_test_add_func ("/pbx/moved", test_moved);
  g_test_add_func ("/pbx/challenge-stays", test_challenge_stays);
  g_test_add_func ("/pbx/retry-after", test_retry_after);
  g_test_add_func ("/pbx/pins", test_pins);
  g_test_add_func ("/pbx/attempt-succeeds", test_attempt_succeeds);
  g_test_add_func ("/pbx/attempt-refused", test_attempt_refused);
  g_test_add_func ("/pbx/attempt-answer-stands", test_attempt_answer_stands);
  g_test_add_func ("/pbx/attempt-silence", test_attempt_silence);
  g_test_add_func ("/pbx/attempt-trying", test_attempt_trying);
  g_test_add_func ("/pbx/attempt-without-way", test_attempt_without_way);
  return g_test_run ();
}
