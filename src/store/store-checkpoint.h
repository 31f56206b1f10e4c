/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/store-db.h"

typedef struct _StoreCheckpoint StoreCheckpoint;

StoreCheckpoint *store_checkpoint_new (const gchar *path, GError **error);
void store_checkpoint_free (StoreCheckpoint *checkpoint);
void store_checkpoint_grown (StoreCheckpoint *checkpoint, gint pages);
void store_checkpoint_catch_up (StoreCheckpoint *checkpoint, StoreDb *writer);
void store_checkpoint_request (StoreCheckpoint *checkpoint);
void store_checkpoint_wipe (StoreCheckpoint *checkpoint);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (StoreCheckpoint, store_checkpoint_free)
