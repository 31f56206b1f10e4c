/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "edge/edge-options.h"

#include <openssl/ssl.h>

typedef struct _EdgeTls EdgeTls;

EdgeTls *edge_tls_new_server (const EdgeListenOptions *options, GError **error);
EdgeTls *edge_tls_new_client (const EdgeDialOptions *options, GError **error);
EdgeTls *edge_tls_ref (EdgeTls *tls);
void edge_tls_unref (EdgeTls *tls);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EdgeTls, edge_tls_unref)

SSL *edge_tls_accept (EdgeTls *tls, int fd);
SSL *edge_tls_connect (EdgeTls *tls, int fd);
gchar *edge_tls_take_error (void);
