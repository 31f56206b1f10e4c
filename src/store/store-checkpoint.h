/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

typedef struct _StoreCheckpoint StoreCheckpoint;

StoreCheckpoint *store_checkpoint_new (const gchar *path, GError **error);
void store_checkpoint_free (StoreCheckpoint *checkpoint);
void store_checkpoint_request (StoreCheckpoint *checkpoint);
void store_checkpoint_wipe (StoreCheckpoint *checkpoint);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (StoreCheckpoint, store_checkpoint_free)
