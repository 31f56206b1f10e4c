/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * edge-socket: a non-blocking stream, with TLS or without, and the bytes that wait to leave by it.
 *
 * An idle one holds no buffer. Its owners are edge-connection, edge-relay and edge-websocket.
 */
#include "edge/edge-socket.h"

#include <errno.h>
#include <gio/gio.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct _EdgeSocket {
  int fd;
  SSL *ssl;
  GByteArray *pending;
  gsize offset;
  guint64 sent;
  gboolean handshaken;
  gboolean wants_write;
  gboolean broken;
};

/**
 * edge_socket_new:
 * @fd: (transfer full): a non-blocking socket
 *
 * Returns: (transfer full): a stream without TLS
 */
EdgeSocket *
edge_socket_new (int fd)
{
  EdgeSocket *self = g_new0 (EdgeSocket, 1);
  int one = 1;

  /* A SIP message is one write; what would Nagle wait for? */
  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  self->fd = fd;
  return self;
}

static gboolean
begin_connecting (int fd, const struct sockaddr *address, gssize size)
{
  return connect (fd, address, (socklen_t) size) == 0 || errno == EINPROGRESS;
}

/**
 * edge_socket_new_dialing:
 * @host: a numeric address
 * @port: its port
 *
 * Returns: (nullable) (transfer full): a stream that connects; %NULL with errno set when it cannot
 */
EdgeSocket *
edge_socket_new_dialing (const gchar *host, guint16 port)
{
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string (host, port);
  gssize size = g_socket_address_get_native_size (address);
  struct sockaddr_storage native = { 0 };
  int fd, error;

  g_socket_address_to_native (address, &native, sizeof native, NULL);
  fd = socket (native.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return NULL;
  if (begin_connecting (fd, (const struct sockaddr *) &native, size))
    return edge_socket_new (fd);
  error = errno;
  close (fd);
  errno = error;
  return NULL;
}

/**
 * edge_socket_connect:
 * @socket: a bound stream
 * @host: a numeric address of the same family
 * @port: its port
 *
 * Returns: whether it connects from now on; %FALSE with errno set when it cannot
 */
gboolean
edge_socket_connect (EdgeSocket *socket, const gchar *host, guint16 port)
{
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string (host, port);
  gssize size = g_socket_address_get_native_size (address);
  struct sockaddr_storage native = { 0 };

  g_socket_address_to_native (address, &native, sizeof native, NULL);
  return begin_connecting (socket->fd, (const struct sockaddr *) &native, size);
}

/**
 * edge_socket_take_error:
 * @socket: a stream that has connected, or failed to
 *
 * Returns: 0, or the errno of the failure
 */
int
edge_socket_take_error (EdgeSocket *socket)
{
  int error = 0;
  socklen_t size = sizeof error;

  getsockopt (socket->fd, SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

/**
 * edge_socket_free:
 * @socket: (nullable) (transfer full): a stream; it closes
 */
void
edge_socket_free (EdgeSocket *socket)
{
  if (!socket)
    return;
  if (socket->ssl)
    SSL_free (socket->ssl);
  g_clear_pointer (&socket->pending, g_byte_array_unref);
  close (socket->fd);
  g_free (socket);
}

/**
 * edge_socket_secure:
 * @socket: a stream that has carried nothing yet
 * @ssl: (transfer full): a session on its descriptor
 */
void
edge_socket_secure (EdgeSocket *socket, SSL *ssl)
{
  socket->ssl = ssl;
}

/**
 * edge_socket_get_fd:
 * @socket: a stream
 *
 * Returns: its descriptor
 */
int
edge_socket_get_fd (const EdgeSocket *socket)
{
  return socket->fd;
}

/**
 * edge_socket_get_ssl:
 * @socket: a stream
 *
 * Returns: (nullable) (transfer none): its TLS session
 */
SSL *
edge_socket_get_ssl (const EdgeSocket *socket)
{
  return socket->ssl;
}

static EdgeIo
ssl_verdict (EdgeSocket *self, int result)
{
  switch (SSL_get_error (self->ssl, result)) {
  case SSL_ERROR_WANT_READ:
    return EDGE_IO_AGAIN;
  case SSL_ERROR_WANT_WRITE:
    self->wants_write = TRUE;
    return EDGE_IO_AGAIN;
  case SSL_ERROR_ZERO_RETURN:
    return EDGE_IO_EOF;
  case SSL_ERROR_SYSCALL:
    self->broken = TRUE;
    return errno == 0 ? EDGE_IO_EOF : EDGE_IO_ERROR;
  default:
    self->broken = TRUE;
    return EDGE_IO_ERROR;
  }
}

static EdgeIo
plain_verdict (EdgeSocket *self, gssize result)
{
  if (result == 0)
    return EDGE_IO_EOF;
  if (errno == EAGAIN || errno == EINTR)
    return EDGE_IO_AGAIN;
  self->broken = TRUE;
  return EDGE_IO_ERROR;
}

static void
clear_errors (EdgeSocket *self)
{
  self->wants_write = FALSE;
  errno = 0;
  if (self->ssl)
    ERR_clear_error ();
}

/**
 * edge_socket_handshake:
 * @socket: a stream with TLS
 *
 * Returns: EDGE_IO_DONE when it stands; EDGE_IO_AGAIN: call again at the next event; else it
 *   failed, and the cause is in OpenSSL's queue
 */
EdgeIo
edge_socket_handshake (EdgeSocket *socket)
{
  int result;

  clear_errors (socket);
  result = SSL_do_handshake (socket->ssl);
  if (result != 1)
    return ssl_verdict (socket, result);
  socket->handshaken = TRUE;
  return EDGE_IO_DONE;
}

/**
 * edge_socket_read:
 * @socket: a stream
 * @bytes: (out caller-allocates) (array length=size): where to
 * @size: how many at most; 16 KiB take a whole TLS record, so that none of it stays hidden in the
 *   session while the descriptor is silent
 * @got: (out): how many
 *
 * Returns: EDGE_IO_DONE with at least one byte, or why there is none
 */
EdgeIo
edge_socket_read (EdgeSocket *socket, guint8 *bytes, gsize size, gsize *got)
{
  gssize n;
  int result;

  *got = 0;
  clear_errors (socket);
  if (!socket->ssl) {
    n = recv (socket->fd, bytes, size, 0);
    if (n <= 0)
      return plain_verdict (socket, n);
    *got = (gsize) n;
    return EDGE_IO_DONE;
  }
  result = SSL_read_ex (socket->ssl, bytes, size, got);
  return result == 1 ? EDGE_IO_DONE : ssl_verdict (socket, result);
}

static EdgeIo
write_some (EdgeSocket *self, const guint8 *bytes, gsize size, gsize *put)
{
  EdgeIo verdict;
  gssize n;

  *put = 0;
  clear_errors (self);
  if (!self->ssl) {
    n = send (self->fd, bytes, size, MSG_NOSIGNAL);
    if (n <= 0)
      return plain_verdict (self, n);
    *put = (gsize) n;
    return EDGE_IO_DONE;
  }
  if (SSL_write_ex (self->ssl, bytes, size, put) == 1)
    return EDGE_IO_DONE;
  verdict = ssl_verdict (self, 0);
  /* After the peer's end, OpenSSL calls a write that failed an end as well. */
  if (verdict == EDGE_IO_EOF)
    self->broken = TRUE;
  return verdict;
}

/* Returns how much went; sets broken when no more ever will. */
static gsize
write_all (EdgeSocket *self, const guint8 *bytes, gsize size)
{
  gsize total = 0, put;

  while (total < size && write_some (self, bytes + total, size - total, &put) == EDGE_IO_DONE)
    total += put;
  self->sent += total;
  return total;
}

/**
 * edge_socket_send:
 * @socket: a stream
 * @bytes: (array length=size): what
 * @size: how much
 *
 * What cannot leave at once waits, and leaves with edge_socket_flush(). The caller holds the bound.
 */
void
edge_socket_send (EdgeSocket *socket, const void *bytes, gsize size)
{
  gsize done = 0;

  if (socket->broken)
    return;
  if (!socket->pending)
    done = write_all (socket, bytes, size);
  if (done == size || socket->broken)
    return;
  if (!socket->pending)
    socket->pending = g_byte_array_new ();
  g_byte_array_append (socket->pending, (const guint8 *) bytes + done, (guint) (size - done));
}

/**
 * edge_socket_flush:
 * @socket: a stream
 *
 * Returns: EDGE_IO_DONE when nothing waits any longer, EDGE_IO_AGAIN when something does,
 *   EDGE_IO_ERROR when the stream is broken
 */
EdgeIo
edge_socket_flush (EdgeSocket *socket)
{
  if (socket->pending && !socket->broken) {
    socket->offset += write_all (socket, socket->pending->data + socket->offset,
                                 socket->pending->len - socket->offset);
    if (socket->offset == socket->pending->len) {
      g_clear_pointer (&socket->pending, g_byte_array_unref);
      socket->offset = 0;
    } else if (socket->offset > socket->pending->len / 2) {
      g_byte_array_remove_range (socket->pending, 0, (guint) socket->offset);
      socket->offset = 0;
    }
  }
  if (socket->broken)
    return EDGE_IO_ERROR;
  return socket->pending ? EDGE_IO_AGAIN : EDGE_IO_DONE;
}

/**
 * edge_socket_pending:
 * @socket: a stream
 *
 * Returns: bytes that wait
 */
gsize
edge_socket_pending (const EdgeSocket *socket)
{
  return socket->pending ? socket->pending->len - socket->offset : 0;
}

/**
 * edge_socket_sent:
 * @socket: a stream
 *
 * Returns: bytes that have left
 */
guint64
edge_socket_sent (const EdgeSocket *socket)
{
  return socket->sent;
}

/**
 * edge_socket_events:
 * @socket: a stream
 * @reading: whether the owner would read
 *
 * Returns: what to wait for
 */
guint32
edge_socket_events (const EdgeSocket *socket, gboolean reading)
{
  guint32 events = reading ? EPOLLIN : 0;

  if (socket->pending || socket->wants_write)
    events |= EPOLLOUT;
  return events;
}

/**
 * edge_socket_finish:
 * @socket: a stream with nothing waiting
 *
 * Says goodbye: the last TLS record, and the end of our direction.
 */
void
edge_socket_finish (EdgeSocket *socket)
{
  if (socket->ssl && socket->handshaken && !socket->broken) {
    ERR_clear_error ();
    SSL_shutdown (socket->ssl);
    ERR_clear_error ();
  }
  shutdown (socket->fd, SHUT_WR);
}
