/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ng-socket: a way to rtpengine's control port: a connected UDP socket, which is told when nobody
 * listens there.
 *
 * Each ng-peer has two.
 */
#include "media/ng-socket.h"

#include "base/error.h"

#include <errno.h>
#include <gio/gio.h>
#include <sys/socket.h>
#include <unistd.h>

/**
 * ng_socket_open:
 * @text: "127.0.0.1:2223" or "[::1]:2223"
 * @error: set where that is malformed or no way leads there
 *
 * Returns: a socket that does not block, or -1
 */
int
ng_socket_open (const gchar *text, GError **error)
{
  g_autoptr (GSocketConnectable) name = NULL;
  g_autoptr (GSocketAddressEnumerator) addresses = NULL;
  g_autoptr (GSocketAddress) address = NULL;
  struct sockaddr_storage native;
  gssize size;
  int fd;

  name = g_network_address_parse (text, 0, error);
  if (!name)
    return -1;
  addresses = g_socket_connectable_enumerate (name);
  if (g_hostname_is_ip_address (g_network_address_get_hostname (G_NETWORK_ADDRESS (name))))
    address = g_socket_address_enumerator_next (addresses, NULL, NULL);
  if (!address || g_network_address_get_port (G_NETWORK_ADDRESS (name)) == 0) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CONFIG,
                 "\"%s\" is no numeric address with a port", text);
    return -1;
  }
  size = g_socket_address_get_native_size (address);
  if (!g_socket_address_to_native (address, &native, sizeof native, error))
    return -1;
  fd = socket (native.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0 || connect (fd, (struct sockaddr *) &native, (socklen_t) size) < 0) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_UNREACHABLE, "rtpengine at %s: %s", text,
                 g_strerror (errno));
    if (fd >= 0)
      close (fd);
    return -1;
  }
  return fd;
}
