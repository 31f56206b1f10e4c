/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which connection a transfer uses, where several share a local port. */
#include "push/push-transfer.h"

static guint
port_of (GSocketAddress *address)
{
  g_autoptr (GSocketAddress) owned = address;

  return g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (owned));
}

static GSocket *
bound (const gchar *address, guint port)
{
  g_autoptr (GSocketAddress) place = g_inet_socket_address_new_from_string (address, port);
  g_autoptr (GError) error = NULL;
  GSocket *one = g_socket_new (g_socket_address_get_family (place), G_SOCKET_TYPE_STREAM,
                               G_SOCKET_PROTOCOL_TCP, &error);

  g_assert_no_error (error);
  g_socket_bind (one, place, TRUE, &error);
  g_assert_no_error (error);
  return one;
}

static GSocket *
listening (const gchar *address, guint port)
{
  GSocket *one = bound (address, port);
  g_autoptr (GError) error = NULL;

  g_socket_listen (one, &error);
  g_assert_no_error (error);
  return one;
}

static GSocket *
connected (const gchar *address, guint port, GSocket *server)
{
  g_autoptr (GSocketAddress) place = g_socket_get_local_address (server, NULL);
  GSocket *one = bound (address, port);
  g_autoptr (GError) error = NULL;

  g_socket_connect (one, place, NULL, &error);
  g_assert_no_error (error);
  return one;
}

static void
assert_knows_its_own (const gchar *first_address, const gchar *other_address)
{
  g_autoptr (GSocket) server = listening (first_address, 0);
  guint port = port_of (g_socket_get_local_address (server, NULL));
  g_autoptr (GSocket) other_port = listening (first_address, 0);
  g_autoptr (GSocket) mine = connected (first_address, 0, server);
  guint local = port_of (g_socket_get_local_address (mine, NULL));
  g_autoptr (GSocket) to_other_port = connected (first_address, local, other_port);
  g_autoptr (GSocket) from_other_port = connected (first_address, 0, server);
  PushPlace place = { first_address, port, local };

  g_assert_true (push_place_is_of (g_socket_get_fd (mine), &place));
  g_assert_false (push_place_is_of (g_socket_get_fd (to_other_port), &place));
  g_assert_false (push_place_is_of (g_socket_get_fd (from_other_port), &place));
  g_assert_false (push_place_is_of (g_socket_get_fd (server), &place));
  if (other_address) {
    g_autoptr (GSocket) other = listening (other_address, port);
    g_autoptr (GSocket) to_other_address = connected (first_address, local, other);

    g_assert_false (push_place_is_of (g_socket_get_fd (to_other_address), &place));
  }
}

static void
test_places (void)
{
  g_autoptr (GSocket) v6 = g_socket_new (G_SOCKET_FAMILY_IPV6, G_SOCKET_TYPE_STREAM,
                                         G_SOCKET_PROTOCOL_TCP, NULL);
  g_autoptr (GSocketAddress) place = g_inet_socket_address_new_from_string ("::1", 0);

  assert_knows_its_own ("127.0.0.1", "127.0.0.2");
  if (v6 && g_socket_bind (v6, place, FALSE, NULL))
    assert_knows_its_own ("::1", NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/push-transfer/places", test_places);
  return g_test_run ();
}
