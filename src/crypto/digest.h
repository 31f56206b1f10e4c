/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

typedef enum {
  DIGEST_MD5,
  DIGEST_SHA256,
} DigestAlgorithm;

typedef enum {
  DIGEST_QOP_NONE,
  DIGEST_QOP_AUTH,
  DIGEST_QOP_AUTH_INT,
} DigestQop;

/* What a response is computed over, HA1 aside. Nothing in it is owned. */
typedef struct {
  DigestAlgorithm algorithm;
  DigestQop qop;
  const gchar *method;
  const gchar *uri;
  const gchar *nonce;
  const gchar *nc;
  const gchar *cnonce;
  const gchar *body;
  gsize body_size;
} DigestInput;

gboolean digest_algorithm_from_string (const gchar *text, DigestAlgorithm *algorithm);
const gchar *digest_algorithm_to_string (DigestAlgorithm algorithm);
const gchar *digest_qop_to_string (DigestQop qop);

gchar *digest_ha1 (DigestAlgorithm algorithm,
                   const gchar *username,
                   const gchar *realm,
                   const gchar *password);
gboolean digest_is_ha1 (DigestAlgorithm algorithm, const gchar *text);
gchar *digest_response (const DigestInput *input, const gchar *ha1);
gboolean digest_verify (const DigestInput *input, const gchar *ha1, const gchar *response);
