/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "crypto/digest.h"

/* One challenge of WWW-Authenticate or Proxy-Authenticate. Strings are unquoted and owned. */
typedef struct {
  DigestAlgorithm algorithm;
  gchar *realm;
  gchar *nonce;
  gchar *opaque;
  gchar *domain;
  gboolean qop_auth;
  gboolean qop_auth_int;
  gboolean stale;
} DigestChallenge;

/* One set of credentials of Authorization or Proxy-Authorization. */
typedef struct {
  DigestAlgorithm algorithm;
  DigestQop qop;
  gchar *username;
  gchar *realm;
  gchar *nonce;
  gchar *uri;
  gchar *response;
  gchar *opaque;
  gchar *cnonce;
  gchar *nc;
} DigestCredentials;

DigestChallenge *digest_challenge_new (void);
void digest_challenge_free (DigestChallenge *challenge);
DigestCredentials *digest_credentials_new (void);
void digest_credentials_free (DigestCredentials *credentials);

GPtrArray *digest_challenges_parse (const gchar *text, GError **error);
gchar *digest_challenge_to_string (const DigestChallenge *challenge);

DigestCredentials *digest_credentials_parse (const gchar *text, GError **error);
gchar *digest_credentials_to_string (const DigestCredentials *credentials);
guint32 digest_credentials_nc (const DigestCredentials *credentials);
gboolean digest_credentials_verify (const DigestCredentials *credentials,
                                    const gchar *ha1,
                                    const gchar *method,
                                    const gchar *body,
                                    gsize body_size);
DigestCredentials *digest_challenge_answer (const DigestChallenge *challenge,
                                            const gchar *username,
                                            const gchar *ha1,
                                            const gchar *method,
                                            const gchar *uri,
                                            const gchar *body,
                                            gsize body_size,
                                            guint32 nc);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DigestChallenge, digest_challenge_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (DigestCredentials, digest_credentials_free)
