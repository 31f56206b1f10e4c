/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/store.h"

gchar *disk_make_dir (void);
void disk_remove_dir (const gchar *dir);
gboolean disk_wait (gboolean *flag, guint milliseconds);

BindingRow disk_binding (const gchar *token, gint64 cseq);
GHashTable *disk_load (Store *store);

typedef struct {
  guint pending;
  guint done;
  guint failed;
  guint late; /* of them: told that the disk takes long, and written all the same */
  gint code;
} DiskResults;

void disk_on_written (GObject *source, GAsyncResult *result, gpointer user_data);
void disk_drain (DiskResults *results);
void disk_assert_written (DiskResults *results, guint count);
void disk_stop (Store *store);
