/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/log.h"
#include "registrar/pbx-lookup.h"
#include "zone.h"

static GMainLoop *loop;
static GAsyncResult *last;

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  last = g_object_ref (result);
  g_main_loop_quit (loop);
}

/* "address:port address:port", or the error's message. */
static gchar *
look_up (const gchar *host, guint port, SipTransport transport, gboolean needs_srv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (PbxAnswer) answer = NULL;

  pbx_lookup_async (host, port, transport, needs_srv, NULL, on_answer, NULL);
  g_main_loop_run (loop);
  answer = pbx_lookup_finish (last, &error);
  g_clear_object (&last);
  if (!answer)
    return g_strdup (error->message);
  for (guint i = 0; i < answer->addresses->len; i++) {
    g_autofree gchar *one =
        g_socket_connectable_to_string (g_ptr_array_index (answer->addresses, i));

    g_string_append_printf (text, "%s%s", i ? " " : "", one);
  }
  if (answer->by_srv)
    g_string_append (text, " by SRV");
  return g_strdup (text->str);
}

#define ASSERT_LOOKUP(host, port, transport, needs_srv, expected)                                  \
  G_STMT_START                                                                                     \
  {                                                                                                \
    g_autofree gchar *found = look_up (host, port, SIP_TRANSPORT_##transport, needs_srv);          \
    g_assert_cmpstr (found, ==, expected);                                                         \
  }                                                                                                \
  G_STMT_END

static void
test_addresses (void)
{
  zone_clear ();
  zone_add_host ("pbx.test", "192.0.2.1 2001:db8::1");
  zone_add_service ("_sip._udp.pbx.test", "other.test", 5070, 1);
  ASSERT_LOOKUP ("pbx.test", 5062, UDP, FALSE, "192.0.2.1:5062 [2001:db8::1]:5062");
  g_assert_cmpuint (zone_questions (), ==, 1);
  ASSERT_LOOKUP ("pbx.test", 0, TCP, FALSE, "192.0.2.1:5060 [2001:db8::1]:5060");
  ASSERT_LOOKUP ("pbx.test", 0, TLS, TRUE, "192.0.2.1:5061 [2001:db8::1]:5061");
  ASSERT_LOOKUP ("nobody.test", 5060, UDP, FALSE, "no such name");
}

static void
test_services (void)
{
  zone_clear ();
  zone_add_service ("_sip._udp.pbx.test", "second.test", 5072, 20);
  zone_add_service ("_sip._udp.pbx.test", "lost.test", 5073, 15);
  zone_add_service ("_sip._udp.pbx.test", "first.test", 5071, 10);
  zone_add_service ("_sip._tcp.pbx.test", "first.test", 5081, 10);
  zone_add_service ("_sips._tcp.pbx.test", "first.test", 5091, 10);
  zone_add_service ("_sip._udp.none.test", ".", 0, 0);
  zone_add_host ("first.test", "192.0.2.1");
  zone_add_host ("second.test", "192.0.2.2 192.0.2.3");
  zone_add_host ("none.test", "192.0.2.9");
  ASSERT_LOOKUP ("pbx.test", 0, UDP, FALSE, "192.0.2.1:5071 192.0.2.2:5072 192.0.2.3:5072 by SRV");
  ASSERT_LOOKUP ("pbx.test", 0, TCP, FALSE, "192.0.2.1:5081 by SRV");
  ASSERT_LOOKUP ("pbx.test", 0, TLS, FALSE, "192.0.2.1:5091 by SRV");
  ASSERT_LOOKUP ("none.test", 0, UDP, FALSE, "none.test offers no SIP by udp");
}

/* A name of /etc/hosts is found without any DNS; one that has SRV records is not led elsewhere. */
static void
test_failure (void)
{
  zone_clear ();
  zone_add_host ("pbx.test", "192.0.2.1");
  zone_fail (TRUE, FALSE);
  ASSERT_LOOKUP ("pbx.test", 0, UDP, FALSE, "192.0.2.1:5060");
  ASSERT_LOOKUP ("pbx.test", 0, UDP, TRUE, "no server answers");
  zone_fail (TRUE, TRUE);
  ASSERT_LOOKUP ("pbx.test", 0, UDP, FALSE, "no server answers");
}

static void
test_bounds (void)
{
  g_autoptr (GString) many = g_string_new ("192.0.2.1");
  g_autofree gchar *found = NULL;
  g_auto (GStrv) words = NULL;

  zone_clear ();
  for (guint i = 2; i < 100; i++)
    g_string_append_printf (many, " 192.0.2.%u", i);
  for (guint i = 0; i < 100; i++) {
    g_autofree gchar *host = g_strdup_printf ("host%u.test", i);

    zone_add_service ("_sip._udp.pbx.test", host, 5060, i);
  }
  zone_add_host ("host3.test", many->str);
  found = look_up ("pbx.test", 0, SIP_TRANSPORT_UDP, FALSE);
  words = g_strsplit (found, " ", -1);
  g_assert_cmpuint (g_strv_length (words), ==, 16 + 2);
  g_assert_cmpuint (zone_questions (), ==, 1 + 8);
}

static void
test_cancel (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  zone_clear ();
  zone_add_host ("pbx.test", "192.0.2.1");
  pbx_lookup_async ("pbx.test", 0, SIP_TRANSPORT_UDP, FALSE, cancellable, on_answer, NULL);
  g_cancellable_cancel (cancellable);
  g_main_loop_run (loop);
  g_assert_null (pbx_lookup_finish (last, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_object (&last);
}

int
main (int argc, char **argv)
{
  int result;

  g_test_init (&argc, &argv, NULL);
  log_init ();
  loop = g_main_loop_new (NULL, FALSE);
  zone_install ();
  g_test_add_func ("/pbx-lookup/addresses", test_addresses);
  g_test_add_func ("/pbx-lookup/services", test_services);
  g_test_add_func ("/pbx-lookup/failure", test_failure);
  g_test_add_func ("/pbx-lookup/bounds", test_bounds);
  g_test_add_func ("/pbx-lookup/cancel", test_cancel);
  result = g_test_run ();
  g_main_loop_unref (loop);
  return result;
}
