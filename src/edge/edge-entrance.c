/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * edge-entrance: what a connection passes before it carries SIP: handshake, certificate, upgrade.
 *
 * Either direction: a phone that came in, or a PBX that was dialed and has to prove its name
 * (RFC 5922 section 7.3). Lives until the connection is open; edge-connection drives it.
 */
#include "edge/edge-entrance.h"

#include "base/counters.h"
#include "edge/edge-certificate.h"
#include "edge/edge-upgrade.h"

#include <arpa/inet.h>
#include <openssl/x509_vfy.h>
#include <string.h>

struct _EdgeEntrance {
  EdgeSocket *outer;
  EdgeTls *tls;
  const EdgeListenOptions *options;
  gchar *verify_name;
  gboolean shaking;
  gboolean upgrading;
  GByteArray *request;
  EdgeUpgrade upgrade;
  gchar *cause;
};

/**
 * edge_entrance_new_accepting:
 * @outer: the connection's socket; it outlives the entrance
 * @options: the listener; it outlives the entrance
 * @tls: (nullable): the listener's certificates; %NULL for plain WebSocket
 *
 * Returns: (nullable) (transfer full): an entrance, or %NULL when memory is short
 */
EdgeEntrance *
edge_entrance_new_accepting (EdgeSocket *outer, const EdgeListenOptions *options, EdgeTls *tls)
{
  g_autoptr (EdgeEntrance) self = g_new0 (EdgeEntrance, 1);
  SSL *ssl;

  self->outer = outer;
  self->options = options;
  self->upgrading = options->transport != EDGE_TRANSPORT_TLS;
  if (!tls)
    return g_steal_pointer (&self);
  ssl = edge_tls_accept (tls, edge_socket_get_fd (outer));
  if (!ssl)
    return NULL;
  edge_socket_secure (outer, ssl);
  self->tls = edge_tls_ref (tls);
  self->shaking = TRUE;
  return g_steal_pointer (&self);
}

/**
 * edge_entrance_new_dialing:
 * @outer: the connection's socket, connected; it outlives the entrance
 * @options: whom we called
 * @tls: our side of TLS
 *
 * Returns: (nullable) (transfer full): an entrance, or %NULL when memory is short
 */
EdgeEntrance *
edge_entrance_new_dialing (EdgeSocket *outer, const EdgeDialOptions *options, EdgeTls *tls)
{
  g_autoptr (EdgeEntrance) self = g_new0 (EdgeEntrance, 1);
  SSL *ssl = edge_tls_connect (tls, edge_socket_get_fd (outer));

  if (!ssl)
    return NULL;
  edge_socket_secure (outer, ssl);
  self->outer = outer;
  self->tls = edge_tls_ref (tls);
  self->verify_name = g_strdup (options->verify_name);
  self->shaking = TRUE;
  return g_steal_pointer (&self);
}

/**
 * edge_entrance_free:
 * @entrance: (nullable) (transfer full): an entrance
 */
void
edge_entrance_free (EdgeEntrance *entrance)
{
  if (!entrance)
    return;
  g_clear_pointer (&entrance->tls, edge_tls_unref);
  g_clear_pointer (&entrance->request, g_byte_array_unref);
  g_free (entrance->verify_name);
  g_free (entrance->cause);
  g_free (entrance);
}

static EdgeEntranceVerdict
refuse (EdgeEntrance *self, gchar *cause)
{
  g_free (self->cause);
  self->cause = cause;
  return EDGE_ENTRANCE_REFUSED;
}

static gchar *
handshake_cause (EdgeEntrance *self)
{
  long result = SSL_get_verify_result (edge_socket_get_ssl (self->outer));
  g_autofree gchar *cause = edge_tls_take_error ();

  if (result == X509_V_OK)
    return g_strdup_printf ("TLS: %s", cause);
  return g_strdup_printf ("certificate: %s", X509_verify_cert_error_string (result));
}

static EdgeEntranceVerdict
check_name (EdgeEntrance *self)
{
  X509 *certificate = SSL_get0_peer_certificate (edge_socket_get_ssl (self->outer));

  if (!certificate || !edge_certificate_proves (certificate, self->verify_name))
    return refuse (
        self, g_strdup_printf ("the certificate does not prove the name %s", self->verify_name));
  return EDGE_ENTRANCE_PASSED;
}

static EdgeEntranceVerdict
step_handshake (EdgeEntrance *self)
{
  switch (edge_socket_handshake (self->outer)) {
  case EDGE_IO_DONE:
    self->shaking = FALSE;
    return self->verify_name ? check_name (self) : EDGE_ENTRANCE_PASSED;
  case EDGE_IO_AGAIN:
    return EDGE_ENTRANCE_AGAIN;
  case EDGE_IO_EOF:
    return refuse (self, g_strdup ("the peer closed during the handshake"));
  case EDGE_IO_ERROR:
    return refuse (self, handshake_cause (self));
  }
  g_return_val_if_reached (EDGE_ENTRANCE_REFUSED);
}

static EdgeEntranceVerdict
judge_request (EdgeEntrance *self)
{
  edge_upgrade_parse (self->request->data, self->request->len, self->options->path,
                      (const gchar *const *) self->options->origins, &self->upgrade);
  switch (self->upgrade.verdict) {
  case EDGE_UPGRADE_MORE:
    return EDGE_ENTRANCE_AGAIN;
  case EDGE_UPGRADE_ACCEPTED:
    return EDGE_ENTRANCE_PASSED;
  case EDGE_UPGRADE_REFUSED:
    counters_inc (COUNTER_EDGE_UPGRADES_REFUSED);
    edge_entrance_turn_away (self, self->upgrade.status, self->upgrade.cause);
    return refuse (self, g_strdup (self->upgrade.cause));
  }
  g_return_val_if_reached (EDGE_ENTRANCE_REFUSED);
}

static EdgeEntranceVerdict
step_upgrade (EdgeEntrance *self, guint8 *scratch, gsize size)
{
  EdgeEntranceVerdict verdict = EDGE_ENTRANCE_AGAIN;
  gsize got;

  while (verdict == EDGE_ENTRANCE_AGAIN) {
    switch (edge_socket_read (self->outer, scratch, size, &got)) {
    case EDGE_IO_DONE:
      break;
    case EDGE_IO_AGAIN:
      return EDGE_ENTRANCE_AGAIN;
    case EDGE_IO_EOF:
    case EDGE_IO_ERROR:
      return refuse (self, g_strdup ("the peer closed before the upgrade"));
    }
    if (!self->request)
      self->request = g_byte_array_new ();
    g_byte_array_append (self->request, scratch, (guint) got);
    verdict = judge_request (self);
  }
  return verdict;
}

/**
 * edge_entrance_step:
 * @entrance: an entrance
 * @scratch: (array length=size): room for one read, 16 KiB or more
 * @size: its size
 *
 * Returns: EDGE_ENTRANCE_PASSED once; EDGE_ENTRANCE_AGAIN: call again at the next event;
 *   EDGE_ENTRANCE_REFUSED: the cause can be asked for, and an HTTP client has been told
 */
EdgeEntranceVerdict
edge_entrance_step (EdgeEntrance *entrance, guint8 *scratch, gsize size)
{
  EdgeEntranceVerdict verdict = EDGE_ENTRANCE_PASSED;

  if (entrance->shaking)
    verdict = step_handshake (entrance);
  if (verdict == EDGE_ENTRANCE_PASSED && entrance->upgrading)
    verdict = step_upgrade (entrance, scratch, size);
  return verdict;
}

/**
 * edge_entrance_is_shaking:
 * @entrance: an entrance
 *
 * Returns: whether the TLS handshake is still under way, or ended it
 */
gboolean
edge_entrance_is_shaking (const EdgeEntrance *entrance)
{
  return entrance->shaking;
}

/**
 * edge_entrance_cause:
 * @entrance: an entrance that was refused
 *
 * Returns: (nullable) (transfer none): why, for a person
 */
const gchar *
edge_entrance_cause (const EdgeEntrance *entrance)
{
  return entrance->cause;
}

static void
describe_address (const EdgeSocket *outer, EdgePeer *peer)
{
  struct sockaddr_storage remote = { 0 };
  socklen_t size = sizeof remote;
  gchar text[INET6_ADDRSTRLEN] = "";

  getpeername (edge_socket_get_fd (outer), (struct sockaddr *) &remote, &size);
  if (remote.ss_family == AF_INET6) {
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *) &remote;

    inet_ntop (AF_INET6, &six->sin6_addr, text, sizeof text);
    peer->port = ntohs (six->sin6_port);
  } else {
    const struct sockaddr_in *four = (const struct sockaddr_in *) &remote;

    inet_ntop (AF_INET, &four->sin_addr, text, sizeof text);
    peer->port = ntohs (four->sin_port);
  }
  peer->address = g_strdup (text);
}

/**
 * edge_entrance_describe:
 * @entrance: an entrance that was passed
 * @peer: where the real address and the facts of TLS go
 */
void
edge_entrance_describe (const EdgeEntrance *entrance, EdgePeer *peer)
{
  SSL *ssl = edge_socket_get_ssl (entrance->outer);
  X509 *certificate;

  describe_address (entrance->outer, peer);
  if (!ssl)
    return;
  peer->tls_version = g_strdup (SSL_get_version (ssl));
  peer->cipher = g_strdup (SSL_get_cipher_name (ssl));
  certificate = SSL_get0_peer_certificate (ssl);
  if (entrance->verify_name)
    peer->names = g_strdupv ((gchar *[]){ entrance->verify_name, NULL });
  else if (certificate && SSL_get_verify_result (ssl) == X509_V_OK)
    peer->names = edge_certificate_names (certificate);
}

/**
 * edge_entrance_welcome:
 * @entrance: an entrance that was passed
 *
 * Sends what an HTTP client waits for.
 */
void
edge_entrance_welcome (EdgeEntrance *entrance)
{
  g_autofree gchar *answer = NULL;

  if (!entrance->upgrading)
    return;
  answer = edge_upgrade_answer (&entrance->upgrade);
  edge_socket_send (entrance->outer, answer, strlen (answer));
}

/**
 * edge_entrance_turn_away:
 * @entrance: an entrance
 * @status: an HTTP status
 * @cause: why, for a person
 *
 * Tells a client that speaks HTTP and has finished its handshake; others see the connection close.
 */
void
edge_entrance_turn_away (EdgeEntrance *entrance, guint status, const gchar *cause)
{
  g_autofree gchar *answer = NULL;

  if (!entrance->upgrading || entrance->shaking)
    return;
  answer = edge_upgrade_refusal (status, cause);
  edge_socket_send (entrance->outer, answer, strlen (answer));
}

/**
 * edge_entrance_rest:
 * @entrance: an entrance that was passed
 * @size: (out): how much
 *
 * Returns: (nullable) (transfer none): bytes after the upgrade request: frames already
 */
const guint8 *
edge_entrance_rest (const EdgeEntrance *entrance, gsize *size)
{
  *size = entrance->request ? entrance->request->len - entrance->upgrade.eaten : 0;
  return *size ? entrance->request->data + entrance->upgrade.eaten : NULL;
}
