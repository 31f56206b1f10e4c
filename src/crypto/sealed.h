/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

typedef struct _SealedKey SealedKey;

SealedKey *sealed_key_load (const gchar *state_dir, GError **error);
void sealed_key_free (SealedKey *key);
const gchar *sealed_key_source (const SealedKey *key);

GBytes *
sealed_close (const SealedKey *key, const gchar *owner, const gchar *secret, GError **error);
gchar *sealed_open (const SealedKey *key, const gchar *owner, GBytes *blob, GError **error);
void sealed_wipe (gchar *secret);
void sealed_wipe_buffer (gpointer buffer, gsize size);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SealedKey, sealed_key_free)
