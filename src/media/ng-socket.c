/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ng-socket: a way to rtpengine's control port: a connected UDP socket, which is told when nobody
 * listens there.
 *
 * Each ng-peer has two.
 */
#define _GNU_SOURCE /* dup3 */
#include "media/ng-socket.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <sys/socket.h>
#include <unistd.h>

/**
 * ng_socket_open:
 * @text: "127.0.0.1:2223" or "[::1]:2223"
 * @error: set where that is malformed
 *
 * Where no way leads there at the moment all that is sent is lost, until ng_socket_renew().
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
  if (fd < 0)
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_UNREACHABLE, "rtpengine at %s: %s", text,
                 g_strerror (errno));
  else
    connect (fd, (struct sockaddr *) &native, (socklen_t) size);
  return fd;
}

/**
 * ng_socket_renew:
 * @fd: a socket by which nothing is heard any more
 * @text: what it was opened for
 *
 * A socket keeps the address of ours that it was connected from, also when we have another one now.
 */
void
ng_socket_renew (int fd, const gchar *text)
{
  int fresh = ng_socket_open (text, NULL);

  if (fresh < 0)
    return;
  dup3 (fresh, fd, O_CLOEXEC);
  close (fresh);
}
