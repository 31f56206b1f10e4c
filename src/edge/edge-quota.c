/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * edge-quota: how many connections and handshakes there are, in total and per source.
 *
 * A source is one IPv4 address or one IPv6 /64, which is what one subscriber gets. Handshakes cost
 * a thousand times what a message does, so few run at once and the rest wait their turn; a share
 * per source keeps one address from taking every turn. Pure; edge-listener and edge-connection ask.
 */
#include "edge/edge-quota.h"

#include <netinet/in.h>
#include <string.h>

typedef struct {
  gint64 source;
  guint connections;
  guint handshakes;
} Share;

struct _EdgeQuota {
  EdgeLimits limits;
  guint connections;
  guint handshakes;
  GHashTable *shares; /* source to Share */
};

/**
 * edge_quota_new:
 * @limits: the limits
 *
 * Returns: (transfer full): a quota that nobody uses yet
 */
EdgeQuota *
edge_quota_new (const EdgeLimits *limits)
{
  EdgeQuota *self = g_new0 (EdgeQuota, 1);

  self->limits = *limits;
  self->shares = g_hash_table_new_full (g_int64_hash, g_int64_equal, NULL, g_free);
  return self;
}

/**
 * edge_quota_free:
 * @quota: (nullable) (transfer full): a quota
 */
void
edge_quota_free (EdgeQuota *quota)
{
  if (!quota)
    return;
  g_hash_table_unref (quota->shares);
  g_free (quota);
}

/**
 * edge_quota_source:
 * @address: an IPv4 or IPv6 address
 *
 * Returns: the source it belongs to
 */
gint64
edge_quota_source (const struct sockaddr *address)
{
  gint64 source = 0;

  if (address->sa_family == AF_INET6) {
    memcpy (&source, &((const struct sockaddr_in6 *) address)->sin6_addr, sizeof source);
    return source;
  }
  return ntohl (((const struct sockaddr_in *) address)->sin_addr.s_addr);
}

/**
 * edge_quota_admit:
 * @quota: the quota
 * @source: where a connection comes from
 *
 * Returns: EDGE_ADMITTED when it counts from now on until edge_quota_leave(); else which limit is
 *   reached
 */
EdgeAdmission
edge_quota_admit (EdgeQuota *quota, gint64 source)
{
  Share *share = g_hash_table_lookup (quota->shares, &source);

  if (quota->connections >= quota->limits.connections)
    return EDGE_REFUSED_TOTAL;
  if (share && share->connections >= quota->limits.connections_per_source)
    return EDGE_REFUSED_SOURCE;
  if (!share) {
    share = g_new0 (Share, 1);
    share->source = source;
    g_hash_table_insert (quota->shares, &share->source, share);
  }
  share->connections++;
  quota->connections++;
  return EDGE_ADMITTED;
}

/**
 * edge_quota_leave:
 * @quota: the quota
 * @source: of a connection that was admitted
 */
void
edge_quota_leave (EdgeQuota *quota, gint64 source)
{
  Share *share = g_hash_table_lookup (quota->shares, &source);

  g_return_if_fail (share);
  quota->connections--;
  if (--share->connections == 0)
    g_hash_table_remove (quota->shares, &source);
}

/**
 * edge_quota_begin_handshake:
 * @quota: the quota
 * @source: of a connection that was admitted
 *
 * Returns: whether its handshake may run now
 */
gboolean
edge_quota_begin_handshake (EdgeQuota *quota, gint64 source)
{
  Share *share = g_hash_table_lookup (quota->shares, &source);

  g_return_val_if_fail (share, FALSE);
  if (quota->handshakes >= quota->limits.handshakes ||
      share->handshakes >= quota->limits.handshakes_per_source)
    return FALSE;
  share->handshakes++;
  quota->handshakes++;
  return TRUE;
}

/**
 * edge_quota_end_handshake:
 * @quota: the quota
 * @source: of a connection whose handshake had begun
 */
void
edge_quota_end_handshake (EdgeQuota *quota, gint64 source)
{
  Share *share = g_hash_table_lookup (quota->shares, &source);

  g_return_if_fail (share);
  share->handshakes--;
  quota->handshakes--;
}

/**
 * edge_quota_handshakes:
 * @quota: the quota
 *
 * Returns: how many handshakes run
 */
guint
edge_quota_handshakes (const EdgeQuota *quota)
{
  return quota->handshakes;
}
