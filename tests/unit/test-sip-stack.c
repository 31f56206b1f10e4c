/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A real stack on loopback that talks with itself: one listener calls, the other answers. */
#include "base/clock.h"
#include "base/counters.h"
#include "base/log.h"
#include "sip/sip-dialog.h"
#include "sip/sip-headers.h"
#include "sip/sip-map.h"

#include "lone-stack.h"

#include <glib-unix.h>
#include <sys/socket.h>

#define PATIENCE_MS 10000

typedef struct {
  SipStack *stack;
  SipListener *phones[2]; /* UDP, TCP */
  SipListener *pbx[2];
  GMainLoop *loop;
  void (*on_request) (SipRequest *request);
  guint status;
  gchar *seen; /* of the last request: what the test wants to know */
  gboolean internal;
} Fixture;

static Fixture fixture;

static gboolean
on_patience_over (gpointer user_data)
{
  g_error ("nothing happened within %d ms", PATIENCE_MS);
  return G_SOURCE_REMOVE;
}

static void
run (void)
{
  guint patience = g_timeout_add (PATIENCE_MS, on_patience_over, NULL);

  g_main_loop_run (fixture.loop);
  g_source_remove (patience);
}

static gboolean
on_quit (gpointer user_data)
{
  g_main_loop_quit (fixture.loop);
  return G_SOURCE_REMOVE;
}

static void
on_request (SipRequest *request, gpointer user_data)
{
  fixture.on_request (request);
}

static void
set_up (void)
{
  static const gchar *const names[] = { "phones-udp", "phones-tcp", "pbx-udp", "pbx-tcp" };
  SipListenerOptions options[4];
  g_autoptr (GPtrArray) all = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < 4; i++) {
    gboolean tcp = i % 2;

    options[i] = (SipListenerOptions){
      .name = names[i],
      .side = i < 2 ? SIP_SIDE_PHONES : SIP_SIDE_PBX,
      .transport = tcp ? SIP_TRANSPORT_TCP : SIP_TRANSPORT_UDP,
      .host = i < 2 ? "127.0.0.2" : "127.0.0.3",
      .port = lone_free_port (tcp ? SOCK_STREAM : SOCK_DGRAM),
      .advertise_host = i == 2 ? "pbx-side.example.com" : i < 2 ? "127.0.0.2" : "127.0.0.3",
    };
    options[i].advertise_port = i == 2 ? 5099 : options[i].port;
    g_ptr_array_add (all, &options[i]);
  }
  fixture.stack = sip_stack_new (all, NULL, &error);
  g_assert_no_error (error);
  for (gsize i = 0; i < 2; i++) {
    SipTransport transport = i ? SIP_TRANSPORT_TCP : SIP_TRANSPORT_UDP;

    fixture.phones[i] = sip_stack_find_listener (fixture.stack, SIP_SIDE_PHONES, transport,
                                                 G_SOCKET_FAMILY_IPV4);
    fixture.pbx[i] =
      sip_stack_find_listener (fixture.stack, SIP_SIDE_PBX, transport, G_SOCKET_FAMILY_IPV4);
    g_assert_nonnull (fixture.phones[i]);
    g_assert_nonnull (fixture.pbx[i]);
  }
  g_assert_null (sip_stack_find_listener (fixture.stack, SIP_SIDE_PBX, SIP_TRANSPORT_UDP,
                                          G_SOCKET_FAMILY_IPV6));
  sip_stack_set_handler (fixture.stack, on_request, NULL);
}

static guint
port_of (SipListener *listener)
{
  return (guint) g_ascii_strtoull (tport_name (listener->primary)->tpn_port, NULL, 10);
}

static msg_t *
make_request (SipListener *listener, sip_method_t method, const gchar *name)
{
  msg_t *msg = nta_msg_create (listener->agent, 0);
  su_home_t *home = msg_home (msg);

  sip_add_tl (msg, sip_object (msg),
              SIPTAG_REQUEST (
                sip_request_create (home, method, name, URL_STRING_MAKE ("sip:bob@x"), NULL)),
              SIPTAG_CSEQ (sip_cseq_create (home, 7, method, name)),
              SIPTAG_FROM_STR ("<sip:alice@x>;tag=1"), SIPTAG_TO_STR ("<sip:bob@x>"),
              SIPTAG_CALL_ID_STR ("unit-test"), TAG_END ());
  g_assert_cmpint (nta_msg_complete (msg), ==, 0);
  return msg;
}

static void
on_response (SipTransaction *transaction, guint status, const sip_t *sip, gpointer user_data)
{
  fixture.status = status;
  fixture.internal = sip == NULL;
  if (status >= 200)
    g_main_loop_quit (fixture.loop);
}

static guint
ask (SipListener *from, SipListener *to, const gchar *host, void (*handler) (SipRequest *))
{
  g_autoptr (SipFlow) flow = sip_flow_to_address (from, host, port_of (to));
  g_autoptr (SipTransaction) transaction = NULL;

  fixture.on_request = handler;
  transaction = sip_transaction_send (flow, make_request (from, SIP_METHOD_OPTIONS), on_response,
                                      NULL);
  g_assert_nonnull (transaction);
  run ();
  return fixture.status;
}

static void
answer_200 (SipRequest *request)
{
  const sip_via_t *via = sip_request_sip (request)->sip_via;

  g_free (fixture.seen);
  fixture.seen = g_strdup_printf ("%s %s:%s from %s by %s", via->v_protocol, via->v_host,
                                  via->v_port ? via->v_port : "-",
                                  sip_flow_address (sip_request_flow (request)),
                                  sip_request_listener (request)->name);
  sip_request_reply (request, SIP_200_OK, TAG_END ());
}

static void
test_leaves_by_its_own_socket (void)
{
  g_autofree gchar *expected = g_strdup_printf (
    "SIP/2.0/UDP pbx-side.example.com:5099 from 127.0.0.3:%u by phones-udp",
    port_of (fixture.pbx[0]));

  g_assert_cmpuint (ask (fixture.pbx[0], fixture.phones[0], "127.0.0.2", answer_200), ==, 200);
  g_assert_cmpstr (fixture.seen, ==, expected);

  g_assert_cmpuint (ask (fixture.phones[0], fixture.pbx[0], "127.0.0.3", answer_200), ==, 200);
  g_assert_true (g_str_has_prefix (fixture.seen, "SIP/2.0/UDP 127.0.0.2:"));
  g_assert_true (g_str_has_suffix (fixture.seen, "by pbx-udp"));

  g_assert_cmpuint (ask (fixture.pbx[1], fixture.phones[1], "127.0.0.2", answer_200), ==, 200);
  g_assert_true (g_str_has_prefix (fixture.seen, "SIP/2.0/TCP 127.0.0.3:"));
  g_assert_nonnull (strstr (fixture.seen, "from 127.0.0.3:"));
  g_assert_true (g_str_has_suffix (fixture.seen, "by phones-tcp"));
}

static void
answer_nothing (SipRequest *request)
{
}

static void
test_unanswered_gets_500 (void)
{
  g_assert_cmpuint (ask (fixture.phones[0], fixture.pbx[0], "127.0.0.3", answer_nothing), ==, 500);
}

static void
answer_twice (SipRequest *request)
{
  sip_request_reply (request, SIP_404_NOT_FOUND, TAG_END ());
  g_assert_true (sip_request_is_answered (request));
  sip_request_reply (request, SIP_200_OK, TAG_END ());
}

static void
test_first_answer_counts (void)
{
  g_assert_cmpuint (ask (fixture.phones[0], fixture.pbx[0], "127.0.0.3", answer_twice), ==, 404);
}

static void
answer_555 (SipRequest *request)
{
  sip_request_reply (request, 555, NULL, TAG_END ());
}

static void
test_phrases (void)
{
  g_assert_cmpstr (sip_map_phrase (555), ==, "Push Notification Service Not Supported");
  g_assert_cmpstr (sip_map_phrase (430), ==, "Flow Failed");
  g_assert_cmpstr (sip_map_phrase (439), ==, "First Hop Lacks Outbound Support");
  g_assert_cmpstr (sip_map_phrase (180), ==, "Ringing");
  g_assert_cmpuint (ask (fixture.phones[0], fixture.pbx[0], "127.0.0.3", answer_555), ==, 555);
}

static SipRequest *ringing;
static guint rings;

static void
ring (SipRequest *request)
{
  ringing = sip_request_ref (request);
  sip_request_reply (request, SIP_180_RINGING, SIPTAG_SUBJECT_STR ("the same"), TAG_END ());
}

/* As if it was one early dialog of several, so that the stack's tag is another. */
static void
ring_early (SipRequest *request)
{
  msg_t *msg = sip_request_create_response (request);
  g_autofree gchar *phrase = g_strdup ("Ringing early");

  ringing = sip_request_ref (request);
  sip_request_reply (request, SIP_100_TRYING, TAG_END ());
  sip_add_tl (msg, sip_object (msg), SIPTAG_SUBJECT_STR ("the same"), TAG_END ());
  sip_request_reply_early (request, 180, phrase, msg, "early");
}

static void
on_ring (SipTransaction *transaction, guint status, const sip_t *sip, gpointer user_data)
{
  if (status >= 200) {
    g_timeout_add (100, on_quit, NULL);
    return;
  }
  if (status == 100)
    return;
  g_assert_cmpuint (status, ==, 180);
  if (user_data) {
    g_assert_cmpstr (sip->sip_to->a_tag, ==, user_data);
    g_assert_cmpstr (sip->sip_status->st_phrase, ==, "Ringing early");
  }
  g_assert_cmpstr (sip->sip_subject->g_string, ==, "the same");
  if (++rings == 3)
    sip_request_reply (ringing, SIP_486_BUSY_HERE, TAG_END ());
  clock_test_advance (60 * CLOCK_SECOND);
}

static void
assert_rings_each_minute (void (*handler) (SipRequest *), gchar *tag)
{
  g_autoptr (SipFlow) flow =
    sip_flow_to_address (fixture.phones[0], "127.0.0.3", port_of (fixture.pbx[0]));
  g_autoptr (SipTransaction) transaction = NULL;

  rings = 0;
  fixture.on_request = handler;
  transaction =
    sip_transaction_send (flow, make_request (fixture.phones[0], SIP_METHOD_INVITE), on_ring, tag);
  g_assert_nonnull (transaction);
  run ();
  g_assert_cmpuint (rings, ==, 3);
  g_clear_pointer (&ringing, sip_request_unref);
}

static void
test_rings_each_minute (void)
{
  assert_rings_each_minute (ring, NULL);
  assert_rings_each_minute (ring_early, "early");
}

static SipFlow *kept;

static void
keep_flow (SipRequest *request)
{
  SipFlow *flow = sip_request_flow (request);

  g_assert_true (sip_flow_is_connection (flow));
  g_assert_true (sip_flow_is_open (flow));
  kept = sip_flow_ref (flow);
  sip_request_reply (request, SIP_200_OK, TAG_END ());
  g_main_loop_quit (fixture.loop);
}

static void
compare_flow (SipRequest *request)
{
  g_assert_true (sip_flow_equal (kept, sip_request_flow (request)));
  sip_request_reply (request, SIP_200_OK, TAG_END ());
  g_main_loop_quit (fixture.loop);
}

static int
connect_raw (SipListener *listener)
{
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_port = htons ((guint16) port_of (listener)) };
  int fd = socket (AF_INET, SOCK_STREAM, 0);

  inet_pton (AF_INET, "127.0.0.2", &address.sin_addr);
  g_assert_cmpint (connect (fd, (struct sockaddr *) &address, sizeof address), ==, 0);
  return fd;
}

static void
write_options (int fd, guint cseq)
{
  g_autofree gchar *text = g_strdup_printf (
    "OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.1;branch=z9hG4bK%u\r\nFrom: <sip:a@x>;tag=1\r\n"
    "To: <sip:b@x>\r\nCall-ID: raw\r\nCSeq: %u OPTIONS\r\nMax-Forwards: 70\r\n"
    "Content-Length: 0\r\n\r\n", cseq, cseq);

  g_assert_cmpint (write (fd, text, strlen (text)), ==, (gssize) strlen (text));
}

static void
on_closed (SipFlow *flow, gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  g_main_loop_quit (fixture.loop);
}

static void
turn_the_loop (guint milliseconds)
{
  g_timeout_add (milliseconds, on_quit, NULL);
  run ();
}

static void
test_connection_is_one_flow_until_it_closes (void)
{
  int fd = connect_raw (fixture.phones[1]);
  gint64 open = counters_get (COUNTER_FLOWS_OPEN);
  gboolean closed = FALSE;

  fixture.on_request = keep_flow;
  write_options (fd, 1);
  run ();
  g_assert_nonnull (kept);
  fixture.on_request = compare_flow;
  write_options (fd, 2);
  run ();
  g_assert_cmpint (counters_get (COUNTER_FLOWS_OPEN), ==, open + 1);

  sip_flow_watch (kept, on_closed, &closed);
  close (fd);
  run ();
  g_assert_true (closed);
  g_assert_false (sip_flow_is_open (kept));
  g_assert_cmpint (counters_get (COUNTER_FLOWS_OPEN), ==, open);
  g_clear_pointer (&kept, sip_flow_unref);
  turn_the_loop (10);
}

static gboolean
on_datagram (int fd, GIOCondition condition, gpointer copies)
{
  gchar byte;

  g_assert_cmpint (recv (fd, &byte, 1, 0), ==, 1);
  if (++*(guint *) copies == 2)
    g_main_loop_quit (fixture.loop);
  return G_SOURCE_CONTINUE;
}

/* Nothing but the request itself has the loop look for the timer that it set. */
static void
test_repeats_to_who_is_silent (void)
{
  int fd = socket (AF_INET, SOCK_DGRAM, 0);
  g_autoptr (SipFlow) flow = sip_flow_to_address (fixture.pbx[0], "127.0.0.1", lone_port (fd));
  g_autoptr (SipTransaction) transaction = NULL;
  guint copies = 0, watch = g_unix_fd_add (fd, G_IO_IN, on_datagram, &copies);

  while (g_main_context_iteration (NULL, FALSE)) {
  }
  transaction = sip_transaction_send (
    flow, make_request (fixture.pbx[0], SIP_METHOD_OPTIONS), on_response, NULL);
  run ();
  g_assert_cmpuint (copies, ==, 2);
  g_source_remove (watch);
  close (fd);
}

static void
test_nobody_there (void)
{
  g_autoptr (SipFlow) flow =
    sip_flow_to_address (fixture.pbx[1], "127.0.0.9", lone_free_port (SOCK_STREAM));
  g_autoptr (SipTransaction) transaction = sip_transaction_send (
    flow, make_request (fixture.pbx[1], SIP_METHOD_OPTIONS), on_response, NULL);

  run ();
  g_assert_true (fixture.internal);
  g_assert_cmpuint (fixture.status, ==, 503);
}

static void
test_flows_compare (void)
{
  g_autoptr (SipFlow) one = sip_flow_to_address (fixture.pbx[0], "127.0.0.9", 5060);
  g_autoptr (SipFlow) same = sip_flow_to_address (fixture.pbx[0], "127.0.0.9", 5060);
  g_autoptr (SipFlow) port = sip_flow_to_address (fixture.pbx[0], "127.0.0.9", 5061);
  g_autoptr (SipFlow) socket = sip_flow_to_address (fixture.phones[0], "127.0.0.9", 5060);
  g_autoptr (SipFlow) six = sip_flow_to_address (fixture.pbx[0], "::1", 5060);

  g_assert_true (sip_flow_equal (one, same));
  g_assert_false (sip_flow_equal (one, port));
  g_assert_false (sip_flow_equal (one, socket));
  g_assert_cmpstr (sip_flow_address (six), ==, "[::1]:5060");
}

static void
test_long_header_text (void)
{
  su_home_t home[1] = { SU_HOME_INIT (home) };
  g_autofree gchar *padding = g_strnfill (3000, 'x');
  g_autofree gchar *value = g_strdup_printf ("<sip:a@h;pn-prid=%s>;expires=7", padding);
  g_autofree gchar *text = NULL;

  su_home_init (home);
  text = sip_headers_text ((const sip_header_t *) sip_contact_make (home, value));
  su_home_deinit (home);
  g_assert_cmpstr (text, ==, value);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  log_init (); /* GLib's own writer ends a test at the first grave line */
  fixture.loop = g_main_loop_new (NULL, FALSE);
  set_up ();
  g_test_add_func ("/sip-stack/repeats", test_repeats_to_who_is_silent);
  g_test_add_func ("/sip-stack/own-socket", test_leaves_by_its_own_socket);
  g_test_add_func ("/sip-stack/unanswered", test_unanswered_gets_500);
  g_test_add_func ("/sip-stack/first-answer", test_first_answer_counts);
  g_test_add_func ("/sip-stack/rings-each-minute", test_rings_each_minute);
  g_test_add_func ("/sip-stack/phrases", test_phrases);
  g_test_add_func ("/sip-stack/connection", test_connection_is_one_flow_until_it_closes);
  g_test_add_func ("/sip-stack/nobody-there", test_nobody_there);
  g_test_add_func ("/sip-stack/flows-compare", test_flows_compare);
  g_test_add_func ("/sip-stack/long-header", test_long_header_text);
  status = g_test_run ();
  g_assert_cmpint (counters_get (COUNTER_TRANSACTIONS_OPEN), ==, 0);
  sip_stack_free (fixture.stack);
  g_main_loop_unref (fixture.loop);
  g_free (fixture.seen);
  return status;
}
