/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "edge/edge-event.h"
#include "edge/edge-ground.h"
#include "edge/edge-tls.h"

typedef struct _EdgeConnection EdgeConnection;

void edge_connection_accept (EdgeGround *ground, const EdgeListenOptions *options, EdgeTls *tls,
                             int fd, const struct sockaddr *remote);
void edge_connection_dial (EdgeGround *ground, EdgeDialOptions *options, EdgeTls *tls,
                           guint64 ticket);

void edge_connection_take_turn (EdgeConnection *connection);
void edge_connection_proceed (EdgeConnection *connection);
void edge_connection_set_registered (EdgeConnection *connection, gboolean registered);
void edge_connection_expire (EdgeConnection *connection);
void edge_connection_close (EdgeConnection *connection, EdgeCloseReason reason);
void edge_connection_abort (EdgeConnection *connection, EdgeCloseReason reason);
