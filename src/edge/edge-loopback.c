/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * edge-loopback: the source addresses under which connections reach the SIP stack.
 *
 * To the stack a phone is the address and port its bytes come from, and the stack sends answers of
 * a closed flow again by that address until 64*T1 is over (RFC 3261 section 17.2): given to another
 * phone in that time, it would get them. So each address, once released, rests. They are
 * 127.88.0.1 and up, far from where anybody else binds, taken in turn. Only
 * edge_loopback_bind() touches the kernel.
 */
#include "edge/edge-loopback.h"

#include <sys/socket.h>
#include <unistd.h>

#define NETWORK ((127u << 24) | (88u << 16))
#define MAX_ADDRESSES 0xfffe
#define BIND_TRIES 64
#define MAX_STEPS 64 /* taken places that one search steps over */

typedef struct {
  guint place;
  gint64 until;
} Rest;

struct _EdgeLoopback {
  guint addresses;
  guint ports;
  guint16 first_port;
  guint bound;
  guint next;
  GHashTable *taken; /* places in use or at rest */
  GQueue resting;    /* of Rest, the first one ends first */
};

/**
 * edge_loopback_new:
 * @addresses: how many addresses, up to 65534
 * @first_port: the lowest port
 * @last_port: the highest port
 * @bound: how many places may be in use or at rest at once
 *
 * Returns: (transfer full): a pool
 */
EdgeLoopback *
edge_loopback_new (guint addresses, guint16 first_port, guint16 last_port, guint bound)
{
  EdgeLoopback *self = g_new0 (EdgeLoopback, 1);

  self->addresses = CLAMP (addresses, 1, MAX_ADDRESSES);
  self->first_port = first_port;
  self->ports = (guint) MAX (last_port, first_port) - first_port + 1;
  self->bound = bound;
  /* The process before may have left addresses that rest, and another may run beside us. */
  self->next = (guint) g_random_int () % (self->addresses * self->ports);
  self->taken = g_hash_table_new (NULL, NULL);
  g_queue_init (&self->resting);
  return self;
}

/**
 * edge_loopback_free:
 * @pool: (nullable) (transfer full): a pool
 */
void
edge_loopback_free (EdgeLoopback *pool)
{
  if (!pool)
    return;
  g_hash_table_unref (pool->taken);
  g_queue_clear_full (&pool->resting, g_free);
  g_free (pool);
}

static void
wake_rested (EdgeLoopback *self, gint64 now)
{
  Rest *rest;

  while ((rest = g_queue_peek_head (&self->resting)) && rest->until <= now) {
    g_hash_table_remove (self->taken, GUINT_TO_POINTER (rest->place));
    g_free (g_queue_pop_head (&self->resting));
  }
}

/* Addresses turn faster than ports, so neighbours in time differ in address. */
static void
place_to_address (const EdgeLoopback *self, guint place, struct sockaddr_in *address)
{
  *address = (struct sockaddr_in){
    .sin_family = AF_INET,
    .sin_port = htons ((guint16) (self->first_port + place / self->addresses)),
    .sin_addr.s_addr = htonl (NETWORK + 1 + place % self->addresses),
  };
}

/**
 * edge_loopback_take:
 * @pool: the pool
 * @now: monotonic time in microseconds
 * @address: (out caller-allocates): an address to bind; if it turns out to be somebody else's,
 *   release it and take another
 *
 * Returns: %FALSE when the pool's bound is reached, or no place is free
 */
gboolean
edge_loopback_take (EdgeLoopback *pool, gint64 now, struct sockaddr_in *address)
{
  guint places = pool->addresses * pool->ports;

  wake_rested (pool, now);
  if (g_hash_table_size (pool->taken) >= MIN (pool->bound, places))
    return FALSE;
  for (guint step = 0; step < MAX_STEPS; step++) {
    guint place = pool->next;

    pool->next = (pool->next + 1) % places;
    if (g_hash_table_add (pool->taken, GUINT_TO_POINTER (place))) {
      place_to_address (pool, place, address);
      return TRUE;
    }
  }
  return FALSE;
}

/**
 * edge_loopback_release:
 * @pool: the pool
 * @now: monotonic time in microseconds; never less than at the release before
 * @address: what edge_loopback_take() gave
 *
 * The address rests for 64*T1 and may then be given again.
 */
void
edge_loopback_release (EdgeLoopback *pool, gint64 now, const struct sockaddr_in *address)
{
  guint port = ntohs (address->sin_port) - pool->first_port;
  guint host = ntohl (address->sin_addr.s_addr) - NETWORK - 1;
  Rest *rest = g_new (Rest, 1);

  *rest = (Rest){ port * pool->addresses + host, now + EDGE_LOOPBACK_QUARANTINE };
  g_queue_push_tail (&pool->resting, rest);
}

/**
 * edge_loopback_bind:
 * @pool: the pool
 * @now: monotonic time in microseconds
 * @address: (out caller-allocates): where the socket is bound, to be released
 *
 * Returns: a non-blocking TCP socket bound to an address of the pool; -1 when the process has no
 *   descriptor, or the pool no address
 */
int
edge_loopback_bind (EdgeLoopback *pool, gint64 now, struct sockaddr_in *address)
{
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

  for (guint i = 0; fd >= 0 && i < BIND_TRIES && edge_loopback_take (pool, now, address); i++) {
    if (bind (fd, (const struct sockaddr *) address, sizeof *address) == 0)
      return fd;
    edge_loopback_release (pool, now, address);
  }
  if (fd >= 0)
    close (fd);
  address->sin_port = 0;
  return -1;
}
