/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#define KEY_PAIR_POINT_SIZE 65

typedef struct _KeyPair KeyPair;

KeyPair *key_pair_generate (GError **error);
KeyPair *key_pair_from_pem (const gchar *pem, GError **error);
KeyPair *key_pair_load_or_generate (const gchar *path, GError **error);
KeyPair *key_pair_from_point (GBytes *point, GError **error);
KeyPair *key_pair_from_scalar (GBytes *scalar, GBytes *point, GError **error);
void key_pair_free (KeyPair *pair);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KeyPair, key_pair_free)

const gchar *key_pair_algorithm (KeyPair *pair);
GBytes *key_pair_point (KeyPair *pair, GError **error);
gchar *key_pair_to_pem (KeyPair *pair, GError **error);

GBytes *key_pair_sign (KeyPair *pair, const gchar *text, GError **error);
gboolean key_pair_verify (KeyPair *pair, const gchar *text, gsize length, GBytes *signature);
GBytes *key_pair_agree (KeyPair *pair, KeyPair *peer, GError **error);
