/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A real stack, and plain sockets in the place of the PBX and the phone. */
#include "call/late-calls.h"

#include "base/clock.h"
#include "base/counters.h"
#include "push/provider-fake.h"

#include "lone-stack.h"

#include <gio/gio.h>
#include <string.h>
#include <sys/socket.h>

#define PATIENCE_MS 10000

typedef struct {
  SipStack *stack;
  GSocket *pbx;
  GSocket *phone;
  SipRequest *invite;
  ProviderFake *fake;
  PushService *service;
  Location *location;
  PushBucket *bucket;
  LateCalls *late;
  Pbx *office;
  Binding *binding;
} Fixture;

static GSocket *
open_socket (guint *port)
{
  GSocket *sock =
    g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_UDP, NULL);
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autoptr (GSocketAddress) bound = NULL;

  g_assert_true (g_socket_bind (sock, any, FALSE, NULL));
  g_socket_set_blocking (sock, FALSE);
  bound = g_socket_get_local_address (sock, NULL);
  *port = g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound));
  return sock;
}

static void
on_request (SipRequest *request, gpointer user_data)
{
  Fixture *fixture = user_data;

  fixture->invite = sip_request_ref (request);
}

static gboolean
on_tick (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

/* The next datagram whose first line begins so; NULL when none comes in that time. */
static gchar *
receive (GSocket *sock, const gchar *start, guint milliseconds, GSocketAddress **sender)
{
  gint64 until = g_get_monotonic_time () + milliseconds * (gint64) 1000;
  guint tick = g_timeout_add (5, on_tick, NULL);
  gchar *found = NULL;

  while (!found && g_get_monotonic_time () < until) {
    gchar buffer[8192];
    g_autoptr (GSocketAddress) from = NULL;
    gssize size = g_socket_receive_from (sock, &from, buffer, sizeof buffer - 1, NULL, NULL);

    if (size > 0) {
      buffer[size] = '\0';
      if (g_str_has_prefix (buffer, start))
        found = g_strdup (buffer);
      if (sender)
        g_set_object (sender, from);
    } else {
      g_main_context_iteration (NULL, TRUE);
    }
  }
  g_source_remove (tick);
  return found;
}

static gchar *
header (const gchar *message, const gchar *name)
{
  const gchar *line = strstr (message, name);

  g_assert_nonnull (line);
  return g_strndup (line, strcspn (line, "\r"));
}

static void
answer (Fixture *fixture, GSocketAddress *to, const gchar *request, const gchar *status)
{
  g_autofree gchar *rest = header (request, "Via:");
  g_autofree gchar *from = header (request, "From:");
  g_autofree gchar *dest = header (request, "To:");
  g_autofree gchar *call_id = header (request, "Call-ID:");
  g_autofree gchar *cseq = header (request, "CSeq:");
  g_autofree gchar *text =
    g_strdup_printf ("SIP/2.0 %s\r\n%s\r\n%s\r\n%s;tag=p\r\n%s\r\n%s\r\nContent-Length: 0\r\n\r\n",
                     status, rest, from, dest, call_id, cseq);

  g_assert_cmpint (g_socket_send_to (fixture->phone, to, text, strlen (text), NULL, NULL), >, 0);
}

static void
set_up (Fixture *fixture, gconstpointer voip)
{
  guint pbx_port, phone_port;
  guint ports[] = { lone_free_port (SOCK_DGRAM), lone_free_port (SOCK_DGRAM) };
  SipListenerOptions options[] = {
    { .name = "phones", .side = SIP_SIDE_PHONES, .host = "127.0.0.1", .port = ports[0],
      .advertise_host = "127.0.0.1", .advertise_port = ports[0] },
    { .name = "pbx", .side = SIP_SIDE_PBX, .host = "127.0.0.1", .port = ports[1],
      .advertise_host = "127.0.0.1", .advertise_port = ports[1] },
  };
  static const gchar *const domains[] = { "pbx.example.com", NULL };
  g_autoptr (GPtrArray) all = g_ptr_array_new ();
  g_autoptr (GSocketAddress) door = NULL;
  g_autofree gchar *text = NULL;

  g_ptr_array_add (all, &options[0]);
  g_ptr_array_add (all, &options[1]);
  fixture->stack = sip_stack_new (all, NULL, NULL);
  g_assert_nonnull (fixture->stack);
  sip_stack_set_handler (fixture->stack, on_request, fixture);
  fixture->pbx = open_socket (&pbx_port);
  fixture->phone = open_socket (&phone_port);
  fixture->office = pbx_new ("office", domains, 3600, NULL);
  fixture->fake = provider_fake_new ("apns");
  fixture->service = push_service_new ();
  push_service_add (fixture->service, PUSH_PROVIDER (fixture->fake));
  fixture->location = location_new ();
  fixture->bucket = push_bucket_new (fixture->location, fixture->service);
  fixture->late = late_calls_new (fixture->bucket);

  fixture->binding = binding_new (fixture->office, "token", "sip:alice@pbx.example.com");
  fixture->binding->push = pn_params_new (PN_PUSH, PN_DIALECT_RFC8599);
  fixture->binding->push->provider = g_strdup ("apns");
  fixture->binding->push->prid = g_strdup ("abc");
  fixture->binding->push->voip_token = voip ? g_strdup ("abc") : NULL;
  fixture->binding->contact = g_strdup_printf ("<sip:alice@127.0.0.1:%u>", phone_port);
  fixture->binding->flow = sip_flow_to_address (
    g_ptr_array_index (sip_stack_listeners (fixture->stack), 0), "127.0.0.1", phone_port);
  fixture->binding->expires = clock_now () + 100 * CLOCK_SECOND;
  location_put (fixture->location, fixture->binding);

  door = g_inet_socket_address_new_from_string ("127.0.0.1", ports[1]);
  text = g_strdup_printf (
    "INVITE sip:token@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%u;branch=z9hG4bKa\r\n"
    "From: <sip:2000@x>;tag=1\r\nTo: <sip:alice@x>\r\nCall-ID: a\r\nCSeq: 1 INVITE\r\n"
    "Contact: <sip:2000@127.0.0.1:%u>\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
    pbx_port, pbx_port);
  g_assert_cmpint (g_socket_send_to (fixture->pbx, door, text, strlen (text), NULL, NULL), >, 0);
  while (!fixture->invite)
    g_main_context_iteration (NULL, TRUE);
  sip_request_reply (fixture->invite, SIP_487_REQUEST_CANCELLED, TAG_END ());
}

static void
tear_down (Fixture *fixture, gconstpointer voip)
{
  late_calls_free (fixture->late);
  g_clear_pointer (&fixture->invite, sip_request_unref);
  g_assert_cmpint (counters_get (COUNTER_BUCKET_WAITING), ==, 0);
  push_bucket_free (fixture->bucket);
  g_object_unref (fixture->location);
  binding_unref (fixture->binding);
  g_object_unref (fixture->service);
  g_object_unref (fixture->fake);
  pbx_free (fixture->office);
  sip_stack_free (fixture->stack);
  g_object_unref (fixture->pbx);
  g_object_unref (fixture->phone);
}

static void
add (Fixture *fixture, guint seconds)
{
  late_calls_add (fixture->late, fixture->invite, fixture->binding, "late", "tag",
                  clock_now () + seconds * CLOCK_SECOND, NULL);
}

static void
test_shown_and_ended (Fixture *fixture, gconstpointer voip)
{
  g_autoptr (GSocketAddress) sender = NULL;
  g_autofree gchar *invite = NULL;
  g_autofree gchar *cancel = NULL;

  g_assert_true (late_calls_are_due (fixture->binding));
  add (fixture, 5);
  g_assert_null (receive (fixture->phone, "INVITE", 50, NULL));
  location_refreshed (fixture->location, fixture->binding);
  invite = receive (fixture->phone, "INVITE", PATIENCE_MS, &sender);
  g_assert_nonnull (invite);
  g_assert_nonnull (strstr (invite, "Call-ID: late\r\n"));
  g_assert_null (receive (fixture->phone, "CANCEL", 100, NULL));
  answer (fixture, sender, invite, "180 Ringing");
  cancel = receive (fixture->phone, "CANCEL", PATIENCE_MS, NULL);
  g_assert_nonnull (cancel);
  g_assert_nonnull (strstr (cancel, "Call completed elsewhere"));
  answer (fixture, sender, cancel, "200 OK");
  answer (fixture, sender, invite, "487 Request Terminated");
  g_free (receive (fixture->phone, "ACK", PATIENCE_MS, NULL));
  g_assert_cmpint (counters_get (COUNTER_LEGS_OPEN), ==, 0);
}

static void
test_nobody_comes (Fixture *fixture, gconstpointer voip)
{
  add (fixture, 1);
  for (guint i = 0; i < 200 && counters_get (COUNTER_BUCKET_WAITING); i++)
    g_assert_null (receive (fixture->phone, "INVITE", 50, NULL));
  g_assert_cmpint (counters_get (COUNTER_BUCKET_WAITING), ==, 0);
  location_refreshed (fixture->location, fixture->binding);
  g_assert_null (receive (fixture->phone, "INVITE", 50, NULL));
}

static void
test_others_are_not_shown (Fixture *fixture, gconstpointer voip)
{
  g_assert_false (late_calls_are_due (fixture->binding));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/late-calls/shown-and-ended", Fixture, "voip", set_up, test_shown_and_ended,
              tear_down);
  g_test_add ("/late-calls/nobody-comes", Fixture, "voip", set_up, test_nobody_comes, tear_down);
  g_test_add ("/late-calls/others", Fixture, NULL, set_up, test_others_are_not_shown, tear_down);
  return g_test_run ();
}
