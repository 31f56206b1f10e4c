/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#define KEYED_HASH_SIZE 32

typedef struct _KeyedHash KeyedHash;

KeyedHash *keyed_hash_new (gconstpointer key, gsize size);
void keyed_hash_free (KeyedHash *hash);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KeyedHash, keyed_hash_free)

void
keyed_hash_make (KeyedHash *hash, gconstpointer data, gsize size, guint8 digest[KEYED_HASH_SIZE]);
