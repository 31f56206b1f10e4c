/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "edge/edge-deadlines.h"
#include "edge/edge-loopback.h"
#include "edge/edge-mailbox.h"
#include "edge/edge-quota.h"

#include <arpa/inet.h>
#include <glib.h>
#include <poll.h>
#include <unistd.h>

#define SECOND G_USEC_PER_SEC

static guint64
place (const struct sockaddr_in *address)
{
  return (guint64) ntohl (address->sin_addr.s_addr) << 16 | ntohs (address->sin_port);
}

static void
test_loopback_rests (void)
{
  g_autoptr (EdgeLoopback) pool = edge_loopback_new (2, 20000, 20001, 100);
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);
  struct sockaddr_in addresses[4], another;

  for (gsize i = 0; i < G_N_ELEMENTS (addresses); i++) {
    g_assert_true (edge_loopback_take (pool, 0, &addresses[i]));
    g_assert_cmphex (ntohl (addresses[i].sin_addr.s_addr) >> 16, ==, 0x7f58);
    g_assert_true (g_hash_table_add (seen, GSIZE_TO_POINTER (place (&addresses[i]))));
  }
  g_assert_false (edge_loopback_take (pool, 0, &another));
  edge_loopback_release (pool, 5 * SECOND, &addresses[2]);
  g_assert_false (edge_loopback_take (pool, 5 * SECOND, &another));
  g_assert_false (edge_loopback_take (pool, 37 * SECOND - 1, &another));
  g_assert_true (edge_loopback_take (pool, 37 * SECOND, &another));
  g_assert_cmpuint (place (&another), ==, place (&addresses[2]));
}

static void
test_loopback_is_bounded (void)
{
  g_autoptr (EdgeLoopback) pool = edge_loopback_new (10, 20000, 20099, 3);
  struct sockaddr_in address;

  for (int i = 0; i < 3; i++)
    g_assert_true (edge_loopback_take (pool, 0, &address));
  g_assert_false (edge_loopback_take (pool, 0, &address));
  edge_loopback_release (pool, 0, &address);
  g_assert_false (edge_loopback_take (pool, 31 * SECOND, &address));
  g_assert_true (edge_loopback_take (pool, 32 * SECOND, &address));
}

static void
test_loopback_binds (void)
{
  g_autoptr (EdgeLoopback) pool = edge_loopback_new (4, 21000, 21999, 100);
  struct sockaddr_in given, bound = { 0 };
  socklen_t size = sizeof bound;
  int fd = edge_loopback_bind (pool, 0, &given);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (getsockname (fd, (struct sockaddr *) &bound, &size), ==, 0);
  g_assert_cmpuint (place (&bound), ==, place (&given));
  close (fd);
}

static void
test_deadlines_in_order (void)
{
  const gint64 spans[N_EDGE_DEADLINES] = { 10, 20, 30, 40, 50, 60, 70 };
  EdgeDeadlines deadlines;
  EdgeDeadline a = { 0 }, b = { 0 }, c = { 0 };
  EdgeDeadlineKind kind;

  edge_deadlines_init (&deadlines, spans);
  g_assert_cmpint (edge_deadlines_next (&deadlines), ==, G_MAXINT64);
  edge_deadlines_set (&deadlines, EDGE_DEADLINE_IDLE, &a, &a, 100);
  edge_deadlines_set (&deadlines, EDGE_DEADLINE_IDLE, &b, &b, 105);
  edge_deadlines_set (&deadlines, EDGE_DEADLINE_SETUP, &c, &c, 110);
  g_assert_cmpint (edge_deadlines_next (&deadlines), ==, 120);
  edge_deadlines_set (&deadlines, EDGE_DEADLINE_IDLE, &a, &a, 112);
  g_assert_null (edge_deadlines_expire (&deadlines, 119, &kind));
  g_assert_true (edge_deadlines_expire (&deadlines, 120, &kind) == &c);
  g_assert_cmpint (kind, ==, EDGE_DEADLINE_SETUP);
  g_assert_false (edge_deadlines_is_set (&c));
  g_assert_cmpint (edge_deadlines_next (&deadlines), ==, 135);
  edge_deadlines_clear (&deadlines, EDGE_DEADLINE_IDLE, &b);
  edge_deadlines_clear (&deadlines, EDGE_DEADLINE_IDLE, &b);
  g_assert_true (edge_deadlines_expire (&deadlines, 142, &kind) == &a);
  g_assert_cmpint (kind, ==, EDGE_DEADLINE_IDLE);
  g_assert_null (edge_deadlines_expire (&deadlines, G_MAXINT64, &kind));
}

static gint64
source_of (const gchar *text)
{
  struct sockaddr_storage address = { 0 };

  if (inet_pton (AF_INET, text, &((struct sockaddr_in *) &address)->sin_addr) == 1)
    address.ss_family = AF_INET;
  else if (inet_pton (AF_INET6, text, &((struct sockaddr_in6 *) &address)->sin6_addr) == 1)
    address.ss_family = AF_INET6;
  return edge_quota_source ((const struct sockaddr *) &address);
}

static void
test_quota_sources (void)
{
  g_assert_cmpint (source_of ("192.0.2.1"), !=, source_of ("192.0.2.2"));
  g_assert_cmpint (source_of ("2001:db8:1:2::1"), ==, source_of ("2001:db8:1:2:ffff::9"));
  g_assert_cmpint (source_of ("2001:db8:1:2::1"), !=, source_of ("2001:db8:1:3::1"));
}

static void
test_quota_counts (void)
{
  EdgeLimits limits;
  g_autoptr (EdgeQuota) quota = NULL;

  edge_limits_init (&limits);
  limits.connections = 3;
  limits.connections_per_source = 2;
  limits.handshakes = 2;
  limits.handshakes_per_source = 1;
  quota = edge_quota_new (&limits);
  g_assert_cmpint (edge_quota_admit (quota, 1), ==, EDGE_ADMITTED);
  g_assert_cmpint (edge_quota_admit (quota, 1), ==, EDGE_ADMITTED);
  g_assert_cmpint (edge_quota_admit (quota, 1), ==, EDGE_REFUSED_SOURCE);
  g_assert_cmpint (edge_quota_admit (quota, 2), ==, EDGE_ADMITTED);
  g_assert_cmpint (edge_quota_admit (quota, 3), ==, EDGE_REFUSED_TOTAL);
  g_assert_true (edge_quota_begin_handshake (quota, 1));
  g_assert_false (edge_quota_begin_handshake (quota, 1));
  g_assert_true (edge_quota_begin_handshake (quota, 2));
  edge_quota_end_handshake (quota, 1);
  g_assert_cmpuint (edge_quota_handshakes (quota), ==, 1);
  edge_quota_end_handshake (quota, 2);
  edge_quota_leave (quota, 1);
  edge_quota_leave (quota, 1);
  edge_quota_leave (quota, 2);
  for (guint source = 3; source < 6; source++)
    g_assert_cmpint (edge_quota_admit (quota, source), ==, EDGE_ADMITTED);
  g_assert_cmpint (edge_quota_admit (quota, 6), ==, EDGE_REFUSED_TOTAL);
}

#define LETTERS 20000

static gpointer
post_letters (gpointer data)
{
  for (guint i = 1; i <= LETTERS; i++)
    edge_mailbox_post (data, GUINT_TO_POINTER (i));
  return NULL;
}

static void
test_mailbox_keeps_order (void)
{
  g_autoptr (EdgeMailbox) mailbox = edge_mailbox_new (NULL, NULL);
  GThread *thread = g_thread_new ("post", post_letters, mailbox);
  struct pollfd wait = { .fd = edge_mailbox_get_fd (mailbox), .events = POLLIN };
  guint last = 0;
  gpointer letter;

  while (last < LETTERS) {
    g_assert_cmpint (poll (&wait, 1, 10000), ==, 1);
    while ((letter = edge_mailbox_take (mailbox)))
      g_assert_cmpuint (GPOINTER_TO_UINT (letter), ==, ++last);
  }
  g_thread_join (thread);
  g_assert_cmpint (poll (&wait, 1, 0), ==, 0);
}

static void
test_mailbox_frees_letters (void)
{
  EdgeMailbox *mailbox = edge_mailbox_new (g_free, NULL);

  edge_mailbox_post (mailbox, g_strdup ("nobody takes me"));
  edge_mailbox_free (mailbox);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/edge-loopback/rests", test_loopback_rests);
  g_test_add_func ("/edge-loopback/is-bounded", test_loopback_is_bounded);
  g_test_add_func ("/edge-loopback/binds", test_loopback_binds);
  g_test_add_func ("/edge-deadlines/in-order", test_deadlines_in_order);
  g_test_add_func ("/edge-quota/sources", test_quota_sources);
  g_test_add_func ("/edge-quota/counts", test_quota_counts);
  g_test_add_func ("/edge-mailbox/keeps-order", test_mailbox_keeps_order);
  g_test_add_func ("/edge-mailbox/frees-letters", test_mailbox_frees_letters);
  return g_test_run ();
}
