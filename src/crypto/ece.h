/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "crypto/key-pair.h"

#define ECE_SALT_SIZE 16
#define ECE_AUTH_SIZE 16
#define ECE_MAX_PLAINTEXT 3993

GBytes *ece_encrypt (const gchar *ua_public, const gchar *auth, GBytes *plaintext, GError **error);
GBytes *ece_encrypt_with (KeyPair *sender,
                          GBytes *salt,
                          GBytes *ua_public,
                          GBytes *auth,
                          GBytes *plaintext,
                          GError **error);
GBytes *ece_decrypt (KeyPair *ua, GBytes *auth, GBytes *body, GError **error);
GBytes *ece_decrypt_with_key (GBytes *key, GBytes *body, GError **error);
