/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "edge/edge-peer.h"

#include <gio/gio.h>

typedef struct {
  gchar *certificate;
  gchar *private_key;
} EdgeKeyPair;

EdgeKeyPair *edge_key_pair_new (const gchar *certificate, const gchar *private_key);
void edge_key_pair_free (EdgeKeyPair *pair);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EdgeKeyPair, edge_key_pair_free)

typedef struct {
  gchar *name;
  EdgeTransport transport;
  gchar *host;
  guint16 port;
  GPtrArray *key_pairs;
  gchar *client_ca;
  gboolean require_client_certificate;
  gchar *path;
  GStrv origins;
  gchar *target_host;
  guint16 target_port;
} EdgeListenOptions;

EdgeListenOptions *edge_listen_options_new (const gchar *name, EdgeTransport transport,
                                            const gchar *host, guint16 port,
                                            const gchar *target_host, guint16 target_port);
EdgeListenOptions *edge_listen_options_copy (const EdgeListenOptions *options);
void edge_listen_options_free (EdgeListenOptions *options);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EdgeListenOptions, edge_listen_options_free)

gboolean edge_listen_options_check (const EdgeListenOptions *options, GError **error);

typedef struct {
  gchar *name;
  gchar *host;
  guint16 port;
  gchar *verify_name;
  gchar *ca_file;
  EdgeKeyPair *key_pair;
  gchar *target_host;
  guint16 target_port;
} EdgeDialOptions;

EdgeDialOptions *edge_dial_options_new (const gchar *name, const gchar *host, guint16 port,
                                        const gchar *verify_name, const gchar *target_host,
                                        guint16 target_port);
void edge_dial_options_free (EdgeDialOptions *options);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EdgeDialOptions, edge_dial_options_free)

EdgeDialOptions *edge_dial_options_copy (const EdgeDialOptions *options);
gboolean edge_dial_options_check (const EdgeDialOptions *options, GError **error);

typedef struct {
  guint handshakes;            /* TLS handshakes under way at once */
  guint handshakes_per_source; /* of these, from one address */
  guint connections;
  guint connections_per_source; /* one IPv4 address, or one IPv6 /64 */
  guint handshake_timeout;      /* ms: until a connection is up, each stage anew */
  guint message_timeout;        /* ms: from a message's first byte to its last */
  guint idle_timeout;           /* ms without a byte */
  guint registered_timeout;     /* ms without a byte, once the flow is registered */
  guint stall_timeout;          /* ms in which a peer that does not read took no byte */
  guint close_timeout;          /* ms that a farewell may take */
  gsize message_size;           /* bytes of one SIP message */
  gsize outbound_size;          /* bytes that wait for one peer */
} EdgeLimits;

void edge_limits_init (EdgeLimits *limits);
