/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * edge-options: what the edge is told: where to listen, whom to dial, how much of each thing.
 *
 * Values without behaviour. The daemon fills them from its settings.
 */
#include "edge/edge-options.h"

#include "base/error.h"

#include <arpa/inet.h>
#include <string.h>

/**
 * edge_key_pair_new:
 * @certificate: a PEM file: the leaf first, then its chain
 * @private_key: a PEM file, not encrypted
 *
 * Returns: (transfer full): the pair
 */
EdgeKeyPair *
edge_key_pair_new (const gchar *certificate, const gchar *private_key)
{
  EdgeKeyPair *pair = g_new0 (EdgeKeyPair, 1);

  pair->certificate = g_strdup (certificate);
  pair->private_key = g_strdup (private_key);
  return pair;
}

/**
 * edge_key_pair_free:
 * @pair: (nullable) (transfer full): a pair
 */
void
edge_key_pair_free (EdgeKeyPair *pair)
{
  if (!pair)
    return;
  g_free (pair->certificate);
  g_free (pair->private_key);
  g_free (pair);
}

/**
 * edge_listen_options_new:
 * @name: the listener's name, for logs and for the SIP side
 * @transport: what phones speak
 * @host: a numeric address of this machine
 * @port: 0 takes a free one
 * @target_host: a numeric address in 127/8 where the SIP stack listens for this listener alone
 * @target_port: its port
 *
 * The rest is set in the structure: key_pairs (of #EdgeKeyPair, TLS and WSS need one; several
 * serve several names, and ECDSA beside RSA), client_ca (verifies a client that shows a
 * certificate), require_client_certificate, path (WS and WSS; NULL allows every path), origins
 * (NULL allows every origin; a client that names none is no browser and is let in).
 *
 * Returns: (transfer full): options
 */
EdgeListenOptions *
edge_listen_options_new (const gchar *name,
                         EdgeTransport transport,
                         const gchar *host,
                         guint16 port,
                         const gchar *target_host,
                         guint16 target_port)
{
  EdgeListenOptions *options = g_new0 (EdgeListenOptions, 1);

  options->name = g_strdup (name);
  options->transport = transport;
  options->host = g_strdup (host);
  options->port = port;
  options->key_pairs = g_ptr_array_new_with_free_func ((GDestroyNotify) edge_key_pair_free);
  options->target_host = g_strdup (target_host);
  options->target_port = target_port;
  return options;
}

/**
 * edge_listen_options_copy:
 * @options: options
 *
 * Returns: (transfer full): the same, independent
 */
EdgeListenOptions *
edge_listen_options_copy (const EdgeListenOptions *options)
{
  EdgeListenOptions *copy =
      edge_listen_options_new (options->name, options->transport, options->host, options->port,
                               options->target_host, options->target_port);

  for (guint i = 0; i < options->key_pairs->len; i++) {
    const EdgeKeyPair *pair = options->key_pairs->pdata[i];

    g_ptr_array_add (copy->key_pairs, edge_key_pair_new (pair->certificate, pair->private_key));
  }
  copy->client_ca = g_strdup (options->client_ca);
  copy->require_client_certificate = options->require_client_certificate;
  copy->path = g_strdup (options->path);
  copy->origins = g_strdupv (options->origins);
  return copy;
}

/**
 * edge_listen_options_free:
 * @options: (nullable) (transfer full): options
 */
void
edge_listen_options_free (EdgeListenOptions *options)
{
  if (!options)
    return;
  g_free (options->name);
  g_free (options->host);
  g_ptr_array_unref (options->key_pairs);
  g_free (options->client_ca);
  g_free (options->path);
  g_strfreev (options->origins);
  g_free (options->target_host);
  g_free (options);
}

static gboolean
target_is_ours (const gchar *name, const gchar *host, guint16 port, GError **error)
{
  struct in_addr target;

  if (inet_pton (AF_INET, host, &target) == 1 && ntohl (target.s_addr) >> 24 == 127 && port)
    return TRUE;
  g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CONFIG,
               "%s: %s port %u is no loopback address of the SIP stack", name, host, port);
  return FALSE;
}

/**
 * edge_listen_options_check:
 * @options: options
 * @error: SIPWAKE_ERROR_CONFIG with the cause
 *
 * Returns: whether a listener can be made of them
 */
gboolean
edge_listen_options_check (const EdgeListenOptions *options, GError **error)
{
  if (!target_is_ours (options->name, options->target_host, options->target_port, error))
    return FALSE;
  if (options->transport != EDGE_TRANSPORT_WS && options->key_pairs->len == 0) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CONFIG,
                 "%s: %s needs a certificate and a private key", options->name,
                 edge_transport_name (options->transport));
    return FALSE;
  }
  if (options->path && options->path[0] != '/') {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CONFIG,
                 "%s: the WebSocket path \"%s\" does not begin with a slash", options->name,
                 options->path);
    return FALSE;
  }
  if (options->require_client_certificate && !options->client_ca) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CONFIG,
                 "%s: client certificates are demanded but no CA file verifies them",
                 options->name);
    return FALSE;
  }
  return TRUE;
}

/**
 * edge_dial_options_new:
 * @name: a name for logs and for the SIP side
 * @host: a numeric address
 * @port: its port
 * @verify_name: the SIP domain that the certificate must prove (RFC 5922), also sent as SNI
 * @target_host: a numeric address in 127/8 where the SIP stack listens for this side
 * @target_port: its port
 *
 * The rest is set in the structure: ca_file (NULL trusts the system's authorities) and key_pair
 * (our own certificate, for a PBX that asks for one).
 *
 * Returns: (transfer full): options
 */
EdgeDialOptions *
edge_dial_options_new (const gchar *name,
                       const gchar *host,
                       guint16 port,
                       const gchar *verify_name,
                       const gchar *target_host,
                       guint16 target_port)
{
  EdgeDialOptions *options = g_new0 (EdgeDialOptions, 1);

  options->name = g_strdup (name);
  options->host = g_strdup (host);
  options->port = port;
  options->verify_name = g_strdup (verify_name);
  options->target_host = g_strdup (target_host);
  options->target_port = target_port;
  return options;
}

/**
 * edge_dial_options_free:
 * @options: (nullable) (transfer full): options
 */
void
edge_dial_options_free (EdgeDialOptions *options)
{
  if (!options)
    return;
  g_free (options->name);
  g_free (options->host);
  g_free (options->verify_name);
  g_free (options->ca_file);
  edge_key_pair_free (options->key_pair);
  g_free (options->target_host);
  g_free (options);
}

/**
 * edge_dial_options_copy:
 * @options: options
 *
 * Returns: (transfer full): the same, independent
 */
EdgeDialOptions *
edge_dial_options_copy (const EdgeDialOptions *options)
{
  EdgeDialOptions *copy =
      edge_dial_options_new (options->name, options->host, options->port, options->verify_name,
                             options->target_host, options->target_port);

  copy->ca_file = g_strdup (options->ca_file);
  if (options->key_pair)
    copy->key_pair =
        edge_key_pair_new (options->key_pair->certificate, options->key_pair->private_key);
  return copy;
}

/**
 * edge_dial_options_check:
 * @options: options
 * @error: SIPWAKE_ERROR_CONFIG with the cause
 *
 * Returns: whether a connection can be tried with them
 */
gboolean
edge_dial_options_check (const EdgeDialOptions *options, GError **error)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (options->host);

  if (!target_is_ours (options->name, options->target_host, options->target_port, error))
    return FALSE;
  if (!address || !options->port) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CONFIG, "%s: %s port %u is no numeric address",
                 options->name, options->host, options->port);
    return FALSE;
  }
  if (!options->verify_name || !options->verify_name[0]) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CONFIG,
                 "%s: no name that the certificate would have to prove", options->name);
    return FALSE;
  }
  return TRUE;
}

/**
 * edge_limits_init:
 * @limits: (out caller-allocates): set to the defaults
 */
void
edge_limits_init (EdgeLimits *limits)
{
  *limits = (EdgeLimits){
    .handshakes = 64,
    .handshakes_per_source = 32,
    .connections = 20000,
    .connections_per_source = 1000,
    .handshake_timeout = 10 * 1000,
    .message_timeout = 30 * 1000,
    .idle_timeout = 180 * 1000,
    .registered_timeout = 3600 * 1000,
    .stall_timeout = 30 * 1000,
    .close_timeout = 2 * 1000,
    .message_size = 64 * 1024,
    .outbound_size = 256 * 1024,
  };
}
