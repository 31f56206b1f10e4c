/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/store-queue.h"

#define STORE_DEADLINE 500      /* ms until a durable write's caller is told */
#define STORE_MAX_DURABLE 10000 /* durable writes that wait */
#define STORE_MAX_LAZY 200000   /* rows that wait to be written lazily */

typedef struct _StoreThread StoreThread;

StoreThread *store_thread_new (const gchar *path, GError **error);
void store_thread_free (StoreThread *thread);

void store_thread_write_async (StoreThread *thread,
                               StoreJob *job,
                               GAsyncReadyCallback callback,
                               gpointer user_data);
void store_thread_write_lazily (StoreThread *thread, StoreJob *job);

void
store_thread_stop_async (StoreThread *thread, GAsyncReadyCallback callback, gpointer user_data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (StoreThread, store_thread_free)
