/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <openssl/ssl.h>

typedef struct _EdgeSocket EdgeSocket;

typedef enum {
  EDGE_IO_DONE,
  EDGE_IO_AGAIN,
  EDGE_IO_EOF,
  EDGE_IO_ERROR,
} EdgeIo;

EdgeSocket *edge_socket_new (int fd);
EdgeSocket *edge_socket_new_dialing (const gchar *host, guint16 port);
void edge_socket_free (EdgeSocket *socket);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EdgeSocket, edge_socket_free)

void edge_socket_secure (EdgeSocket *socket, SSL *ssl);
int edge_socket_get_fd (const EdgeSocket *socket);
SSL *edge_socket_get_ssl (const EdgeSocket *socket);

gboolean edge_socket_connect (EdgeSocket *socket, const gchar *host, guint16 port);
int edge_socket_take_error (EdgeSocket *socket);
EdgeIo edge_socket_handshake (EdgeSocket *socket);
EdgeIo edge_socket_read (EdgeSocket *socket, guint8 *bytes, gsize size, gsize *got);
void edge_socket_send (EdgeSocket *socket, const void *bytes, gsize size);
EdgeIo edge_socket_flush (EdgeSocket *socket);
gsize edge_socket_pending (const EdgeSocket *socket);
guint64 edge_socket_sent (const EdgeSocket *socket);
guint32 edge_socket_events (const EdgeSocket *socket, gboolean reading);
void edge_socket_finish (EdgeSocket *socket);
