/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "crypto/key-pair.h"

gchar *jwt_sign (
    KeyPair *pair, const gchar *type, const gchar *key_id, const gchar *claims, GError **error);
gchar *jwt_verify (KeyPair *pair, const gchar *token, GError **error);
gchar *jwt_header (const gchar *token, GError **error);
