/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * push-gate: which addresses a URL from a phone may lead to.
 *
 * A phone names its own push URL; without the gate it could make us talk to the PBX's management
 * page. push-http asks for each address that it is about to connect to, after the name was
 * resolved, so that a name cannot show one address and then use another.
 */
#include "push/push-gate.h"

#include <netinet/in.h>
#include <string.h>

typedef struct {
  guint32 network;
  guint bits;
} Range4;

/* IANA's special-purpose addresses that are not globally reachable, multicast and the reserved. */
static const Range4 closed4[] = {
  { 0x00000000, 8 },  /* this network, 0.0.0.0 */
  { 0x0a000000, 8 },  /* private */
  { 0x64400000, 10 }, /* carriers' NAT */
  { 0x7f000000, 8 },  /* loopback */
  { 0xa9fe0000, 16 }, /* link-local; clouds keep their metadata there */
  { 0xac100000, 12 }, /* private */
  { 0xc0000000, 24 }, /* IETF protocol assignments */
  { 0xc0000200, 24 }, /* documentation */
  { 0xc0586300, 24 }, /* 6to4 relays */
  { 0xc0a80000, 16 }, /* private */
  { 0xc6120000, 15 }, /* benchmarks */
  { 0xc6336400, 24 }, /* documentation */
  { 0xcb007100, 24 }, /* documentation */
  { 0xe0000000, 4 },  /* multicast */
  { 0xf0000000, 4 },  /* reserved, broadcast */
};

static gboolean
allows4 (guint32 address)
{
  for (gsize i = 0; i < G_N_ELEMENTS (closed4); i++)
    if ((address ^ closed4[i].network) >> (32 - closed4[i].bits) == 0)
      return FALSE;
  return TRUE;
}

static guint32
embedded4 (const guint8 *bytes)
{
  return (guint32) bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3];
}

static gboolean
allows6 (const guint8 *address)
{
  static const guint8 mapped[12] = { [10] = 0xff, [11] = 0xff };
  static const guint8 nat64[12] = { 0x00, 0x64, 0xff, 0x9b };
  static const guint8 isatap[3] = { 0x00, 0x5e, 0xfe };

  /* Addresses that carry an IPv4 address lead to it, here or behind a translator. */
  if (memcmp (address, mapped, sizeof mapped) == 0 || memcmp (address, nat64, sizeof nat64) == 0)
    return allows4 (embedded4 (address + 12));
  if (address[0] == 0x20 && address[1] == 0x02 && !allows4 (embedded4 (address + 2)))
    return FALSE; /* 6to4 */
  if (memcmp (address + 9, isatap, sizeof isatap) == 0 && !allows4 (embedded4 (address + 12)))
    return FALSE;

  /* Global unicast is 2000::/3: beyond lie loopback, unique local, link-local and multicast. */
  if (address[0] >> 5 != 1)
    return FALSE;
  if (address[0] == 0x20 && address[1] == 0x01 && address[2] < 0x02)
    return FALSE; /* 2001::/23: Teredo, ORCHID and other protocols' own */
  if (address[0] == 0x20 && address[1] == 0x01 && address[2] == 0x0d && address[3] == 0xb8)
    return FALSE; /* documentation */
  if (address[0] == 0x3f && address[1] == 0xff && address[2] >> 4 == 0)
    return FALSE; /* documentation */
  return TRUE;
}

/**
 * push_gate_allows:
 * @address: a socket address
 *
 * Returns: whether @address is a public one, whatever way an IPv4 address is wrapped in it
 */
gboolean
push_gate_allows (const struct sockaddr *address)
{
  if (address->sa_family == AF_INET)
    return allows4 (ntohl (((const struct sockaddr_in *) address)->sin_addr.s_addr));
  if (address->sa_family == AF_INET6)
    return allows6 (((const struct sockaddr_in6 *) address)->sin6_addr.s6_addr);
  return FALSE;
}
