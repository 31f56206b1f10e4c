/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/store-db.h"

#include <gio/gio.h>

typedef gboolean (*StoreApply) (StoreDb *db, gconstpointer value, GError **error);

/* One row to be written or removed. What stands below the line is the main loop's alone. */
typedef struct _StoreJob StoreJob;
struct _StoreJob {
  gchar *key;
  StoreApply apply;
  gpointer value;
  GDestroyNotify free_value;
  gboolean lazy;
  gint64 queued_at;
  StoreJob *superseded;
  GError *error;
  GList link;
  /* --- */
  GTask *task;
  gint64 deadline;
  GList waiting;
};

typedef struct {
  GQueue durable;
  GHashTable *last_durable;
  GQueue lazy;
  GHashTable *last_lazy;
  guint max_durable;
  guint max_lazy;
} StoreQueue;

StoreJob *
store_job_new (const gchar *key, StoreApply apply, gpointer value, GDestroyNotify free_value);
void store_job_free (StoreJob *job);

StoreQueue *store_queue_new (guint max_durable, guint max_lazy);
void store_queue_free (StoreQueue *queue);

gboolean store_queue_put (StoreQueue *queue, StoreJob *job);
gboolean store_queue_put_lazily (StoreQueue *queue, StoreJob *job);
gint64 store_queue_lazy_since (const StoreQueue *queue);
GPtrArray *store_queue_take (StoreQueue *queue, guint max, gboolean with_lazy);
void store_queue_give_back (StoreQueue *queue, GPtrArray *batch);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (StoreJob, store_job_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (StoreQueue, store_queue_free)
