/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "crypto/keyed-hash.h"

#define TOKEN_KEY_SIZE 32

gchar *token_random (guint bits);
gchar *token_keyed (KeyedHash *key, const gchar *first, ...) G_GNUC_NULL_TERMINATED;
KeyedHash *token_key_load (const gchar *path, GError **error);
