/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <netinet/in.h>

#define EDGE_LOOPBACK_QUARANTINE (32 * G_USEC_PER_SEC)

typedef struct _EdgeLoopback EdgeLoopback;

EdgeLoopback *edge_loopback_new (guint addresses, guint16 first_port, guint16 last_port,
                                 guint bound);
void edge_loopback_free (EdgeLoopback *pool);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EdgeLoopback, edge_loopback_free)

gboolean edge_loopback_take (EdgeLoopback *pool, gint64 now, struct sockaddr_in *address);
int edge_loopback_bind (EdgeLoopback *pool, gint64 now, struct sockaddr_in *address);
void edge_loopback_release (EdgeLoopback *pool, gint64 now, const struct sockaddr_in *address);
