/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * edge-tls: one state of certificates, keys and rules, from which connections are made.
 *
 * Never changed once made: a reload makes another one, and connections that stand keep theirs. Each
 * name has a context that holds the certificates of all key kinds for it, so a client gets ECDSA or
 * RSA as it prefers. TLS 1.2 and 1.3 only, ciphers with forward secrecy and authenticated
 * encryption only. The main thread makes them, the edge's thread uses them.
 */
#include "edge/edge-tls.h"

#include "base/error.h"
#include "edge/edge-certificate.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdatomic.h>
#include <string.h>

#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20"
#define ALPN_SIP "\x05sip/2"
#define ALPN_HTTP "\x08http/1.1"

typedef struct {
  gint key_kind;
  GPtrArray *hosts;
  const EdgeKeyPair *files;
} Pair;

struct _EdgeTls {
  _Atomic guint refs;
  EdgeTransport transport;
  GPtrArray *contexts; /* of SSL_CTX; the first one greets everybody */
  GHashTable *by_name; /* name to SSL_CTX in contexts */
  gchar *verify_name;
};

static void
pair_free (gpointer data)
{
  Pair *pair = data;

  g_ptr_array_unref (pair->hosts);
  g_free (pair);
}

/**
 * edge_tls_take_error:
 *
 * Returns: (transfer full): the first cause in this thread's OpenSSL queue, which is empty then
 */
gchar *
edge_tls_take_error (void)
{
  unsigned long code = ERR_peek_error ();
  const gchar *reason = code ? ERR_reason_error_string (code) : NULL;
  gchar *text = g_strdup (reason ? reason : code ? g_strerror (ERR_GET_REASON (code)) : "unknown");

  ERR_clear_error ();
  return text;
}

static gboolean
fail_file (GError **error, const gchar *name, const gchar *what, const gchar *file)
{
  g_autofree gchar *cause = edge_tls_take_error ();

  g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CONFIG, "%s: %s %s: %s", name, what, file,
               cause);
  return FALSE;
}

/* OpenSSL would ask at the terminal. */
static int
no_passphrase (char *buffer, int size, int writing, void *data)
{
  return 0;
}

static SSL_CTX *
new_context (const SSL_METHOD *method)
{
  SSL_CTX *context = SSL_CTX_new (method);

  SSL_CTX_set_min_proto_version (context, TLS1_2_VERSION);
  SSL_CTX_set_security_level (context, 2);
  SSL_CTX_set_cipher_list (context, CIPHERS);
  /* Phones close without a farewell, or only their half. SIP messages have ends of their own, so a
     cut is noticed without TLS. */
  SSL_CTX_set_options (context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                    SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                                    SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode (context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                 SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode (context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets (context, 1);
  SSL_CTX_set_default_passwd_cb (context, no_passphrase);
  return context;
}

static gboolean
load_pair (SSL_CTX *context, const EdgeKeyPair *pair, const gchar *name, GError **error)
{
  ERR_clear_error ();
  if (SSL_CTX_use_certificate_chain_file (context, pair->certificate) != 1)
    return fail_file (error, name, "cannot use the certificate", pair->certificate);
  if (SSL_CTX_use_PrivateKey_file (context, pair->private_key, SSL_FILETYPE_PEM) != 1)
    return fail_file (error, name, "cannot use the private key", pair->private_key);
  if (SSL_CTX_check_private_key (context) != 1)
    return fail_file (error, name,
                      "the private key does not fit the certificate:", pair->private_key);
  return TRUE;
}

static Pair *
read_pair (const EdgeKeyPair *files, const gchar *name, GError **error)
{
  SSL_CTX *context = new_context (TLS_server_method ());
  Pair *pair = NULL;

  if (load_pair (context, files, name, error)) {
    pair = g_new0 (Pair, 1);
    pair->files = files;
    pair->key_kind = EVP_PKEY_get_base_id (SSL_CTX_get0_privatekey (context));
    pair->hosts = edge_certificate_hosts (SSL_CTX_get0_certificate (context));
  }
  SSL_CTX_free (context);
  return pair;
}

static gboolean
demand_certificate (
    SSL_CTX *context, const gchar *ca_file, int mode, const gchar *name, GError **error)
{
  ERR_clear_error ();
  if (SSL_CTX_load_verify_file (context, ca_file) != 1)
    return fail_file (error, name, "cannot use the certificate authorities of", ca_file);
  SSL_CTX_set_client_CA_list (context, SSL_load_client_CA_file (ca_file));
  SSL_CTX_set_verify (context, mode, NULL);
  return TRUE;
}

static int
choose_protocol (SSL *ssl,
                 const unsigned char **out,
                 unsigned char *out_size,
                 const unsigned char *in,
                 unsigned in_size,
                 void *data)
{
  const EdgeTls *self = data;
  const gchar *ours = self->transport == EDGE_TRANSPORT_TLS ? ALPN_SIP : ALPN_HTTP;
  unsigned char *chosen;

  /* A phone that offers something else is served all the same: few offer the right one. */
  if (SSL_select_next_proto (&chosen, out_size, (const unsigned char *) ours,
                             (unsigned) strlen (ours), in, in_size) != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_NOACK;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *
find_context (const EdgeTls *self, const gchar *host)
{
  g_autofree gchar *name = g_ascii_strdown (host, -1);
  g_autofree gchar *wild = NULL;
  const gchar *dot = strchr (name, '.');
  SSL_CTX *context = g_hash_table_lookup (self->by_name, name);

  if (context || !dot)
    return context;
  wild = g_strconcat ("*", dot, NULL);
  return g_hash_table_lookup (self->by_name, wild);
}

static int
choose_certificate (SSL *ssl, int *alert, void *data)
{
  const EdgeTls *self = data;
  const gchar *host = SSL_get_servername (ssl, TLSEXT_NAMETYPE_host_name);
  SSL_CTX *context = host ? find_context (self, host) : NULL;

  if (context)
    SSL_set_SSL_CTX (ssl, context);
  return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *
new_server_context (EdgeTls *self, const EdgeListenOptions *options, GError **error)
{
  SSL_CTX *context = new_context (TLS_server_method ());
  int mode = SSL_VERIFY_PEER;

  if (options->require_client_certificate)
    mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  SSL_CTX_set_session_id_context (context, (const guint8 *) "sipwake", strlen ("sipwake"));
  SSL_CTX_set_alpn_select_cb (context, choose_protocol, self);
  SSL_CTX_set_tlsext_servername_callback (context, choose_certificate);
  SSL_CTX_set_tlsext_servername_arg (context, self);
  if (options->client_ca &&
      !demand_certificate (context, options->client_ca, mode, options->name, error)) {
    SSL_CTX_free (context);
    return NULL;
  }
  return context;
}

static gboolean
pair_serves (const Pair *pair, const gchar *host)
{
  return !host || g_ptr_array_find_with_equal_func (pair->hosts, host, g_str_equal, NULL);
}

/* All certificates for one name, the first of each key kind. Names with the same set share it. */
static SSL_CTX *
context_for (EdgeTls *self,
             const EdgeListenOptions *options,
             GPtrArray *pairs,
             const gchar *host,
             GHashTable *by_set,
             GError **error)
{
  g_autoptr (GString) set = g_string_new (NULL);
  g_autoptr (GPtrArray) chosen = g_ptr_array_new ();
  SSL_CTX *context;

  for (guint i = 0; i < pairs->len; i++) {
    const Pair *pair = pairs->pdata[i];
    gboolean had = FALSE;

    for (guint k = 0; k < chosen->len; k++)
      had |= ((const Pair *) chosen->pdata[k])->key_kind == pair->key_kind;
    if (had || !pair_serves (pair, host))
      continue;
    g_ptr_array_add (chosen, pairs->pdata[i]);
    g_string_append_printf (set, "%u,", i);
  }
  context = g_hash_table_lookup (by_set, set->str);
  if (context)
    return context;
  context = new_server_context (self, options, error);
  if (!context)
    return NULL;
  g_ptr_array_add (self->contexts, context);
  for (guint i = 0; i < chosen->len; i++)
    if (!load_pair (context, ((const Pair *) chosen->pdata[i])->files, options->name, error))
      return NULL;
  g_hash_table_insert (by_set, g_strdup (set->str), context);
  return context;
}

static gboolean
make_contexts (EdgeTls *self, const EdgeListenOptions *options, GPtrArray *pairs, GError **error)
{
  g_autoptr (GHashTable) by_set = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  const Pair *first = pairs->pdata[0];
  const gchar *default_host = first->hosts->len ? first->hosts->pdata[0] : NULL;

  if (!context_for (self, options, pairs, default_host, by_set, error))
    return FALSE;
  for (guint i = 0; i < pairs->len; i++) {
    const Pair *pair = pairs->pdata[i];

    for (guint k = 0; k < pair->hosts->len; k++) {
      const gchar *host = pair->hosts->pdata[k];
      SSL_CTX *context;

      if (g_hash_table_contains (self->by_name, host))
        continue;
      context = context_for (self, options, pairs, host, by_set, error);
      if (!context)
        return FALSE;
      g_hash_table_insert (self->by_name, g_strdup (host), context);
    }
  }
  return TRUE;
}

static EdgeTls *
new_tls (EdgeTransport transport)
{
  EdgeTls *self = g_new0 (EdgeTls, 1);

  atomic_init (&self->refs, 1);
  self->transport = transport;
  self->contexts = g_ptr_array_new_with_free_func ((GDestroyNotify) SSL_CTX_free);
  self->by_name = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

/**
 * edge_tls_new_server:
 * @options: a listener whose transport is TLS or WSS
 * @error: SIPWAKE_ERROR_CONFIG naming listener, file and cause
 *
 * Reads certificates and keys. A client that names no host, or an unknown one, gets the first
 * certificate, and its siblings of other key kinds for the same name.
 *
 * Returns: (transfer full): what connections are made from, or %NULL
 */
EdgeTls *
edge_tls_new_server (const EdgeListenOptions *options, GError **error)
{
  g_autoptr (GPtrArray) pairs = g_ptr_array_new_with_free_func (pair_free);
  g_autoptr (EdgeTls) self = new_tls (options->transport);

  g_return_val_if_fail (options->key_pairs->len > 0, NULL);
  for (guint i = 0; i < options->key_pairs->len; i++) {
    Pair *pair = read_pair (options->key_pairs->pdata[i], options->name, error);

    if (!pair)
      return NULL;
    g_ptr_array_add (pairs, pair);
  }
  if (!make_contexts (self, options, pairs, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * edge_tls_new_client:
 * @options: whom to dial
 * @error: SIPWAKE_ERROR_CONFIG naming file and cause
 *
 * The chain is verified in the handshake; the name (RFC 5922) by edge-connection afterwards.
 *
 * Returns: (transfer full): what the connection is made from, or %NULL
 */
EdgeTls *
edge_tls_new_client (const EdgeDialOptions *options, GError **error)
{
  g_autoptr (EdgeTls) self = new_tls (EDGE_TRANSPORT_TLS);
  SSL_CTX *context = new_context (TLS_client_method ());

  g_ptr_array_add (self->contexts, context);
  self->verify_name = g_strdup (options->verify_name);
  SSL_CTX_set_verify (context, SSL_VERIFY_PEER, NULL);
  SSL_CTX_set_alpn_protos (context, (const guint8 *) ALPN_SIP, strlen (ALPN_SIP));
  if (options->ca_file &&
      !demand_certificate (context, options->ca_file, SSL_VERIFY_PEER, options->name, error))
    return NULL;
  if (!options->ca_file && SSL_CTX_set_default_verify_paths (context) != 1) {
    fail_file (error, options->name, "cannot use the system's", "certificate authorities");
    return NULL;
  }
  if (options->key_pair && !load_pair (context, options->key_pair, options->name, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * edge_tls_ref:
 * @tls: a state
 *
 * Any thread may call it.
 *
 * Returns: (transfer full): @tls
 */
EdgeTls *
edge_tls_ref (EdgeTls *tls)
{
  atomic_fetch_add (&tls->refs, 1);
  return tls;
}

/**
 * edge_tls_unref:
 * @tls: (transfer full): a state
 *
 * Any thread may call it. Connections that were made from it go on.
 */
void
edge_tls_unref (EdgeTls *tls)
{
  if (atomic_fetch_sub (&tls->refs, 1) != 1)
    return;
  g_hash_table_unref (tls->by_name);
  g_ptr_array_unref (tls->contexts);
  g_free (tls->verify_name);
  g_free (tls);
}

/**
 * edge_tls_accept:
 * @tls: a server's state; it must live until the handshake is over
 * @fd: a connected socket
 *
 * Returns: (nullable) (transfer full): a session on @fd, or %NULL when memory is short
 */
SSL *
edge_tls_accept (EdgeTls *tls, int fd)
{
  SSL *ssl = SSL_new (tls->contexts->pdata[0]);

  if (!ssl)
    return NULL;
  SSL_set_fd (ssl, fd);
  SSL_set_accept_state (ssl);
  return ssl;
}

/**
 * edge_tls_connect:
 * @tls: a client's state
 * @fd: a connected socket
 *
 * Returns: (nullable) (transfer full): a session on @fd, or %NULL when memory is short
 */
SSL *
edge_tls_connect (EdgeTls *tls, int fd)
{
  SSL *ssl = SSL_new (tls->contexts->pdata[0]);

  if (!ssl)
    return NULL;
  SSL_set_fd (ssl, fd);
  SSL_set_connect_state (ssl);
  if (tls->verify_name && !g_hostname_is_ip_address (tls->verify_name))
    SSL_set_tlsext_host_name (ssl, tls->verify_name);
  return ssl;
}
