/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "edge/edge-listener.h"
#include "edge/edge-mailbox.h"
#include "edge/edge-options.h"
#include "edge/edge-tls.h"

typedef struct _EdgeThread EdgeThread;

EdgeThread *edge_thread_new (const EdgeLimits *limits, EdgeMailbox *events, GError **error);
void edge_thread_join (EdgeThread *thread);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EdgeThread, edge_thread_join)

void edge_thread_listen (EdgeThread *thread, EdgeListener *listener);
void edge_thread_set_tls (EdgeThread *thread, EdgeListener *listener, EdgeTls *tls);
void edge_thread_dial (EdgeThread *thread, EdgeDialOptions *options, EdgeTls *tls, guint64 ticket);
void edge_thread_proceed (EdgeThread *thread, guint64 id);
void edge_thread_set_registered (EdgeThread *thread, guint64 id, gboolean registered);
void edge_thread_close (EdgeThread *thread, guint64 id);
void edge_thread_stop (EdgeThread *thread);
