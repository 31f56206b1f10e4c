/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "edge/edge-options.h"

#include <glib.h>
#include <sys/socket.h>

typedef struct _EdgeQuota EdgeQuota;

typedef enum {
  EDGE_ADMITTED,
  EDGE_REFUSED_TOTAL,
  EDGE_REFUSED_SOURCE,
} EdgeAdmission;

EdgeQuota *edge_quota_new (const EdgeLimits *limits);
void edge_quota_free (EdgeQuota *quota);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EdgeQuota, edge_quota_free)

gint64 edge_quota_source (const struct sockaddr *address);
EdgeAdmission edge_quota_admit (EdgeQuota *quota, gint64 source);
void edge_quota_leave (EdgeQuota *quota, gint64 source);
gboolean edge_quota_begin_handshake (EdgeQuota *quota, gint64 source);
void edge_quota_end_handshake (EdgeQuota *quota, gint64 source);
guint edge_quota_handshakes (const EdgeQuota *quota);
