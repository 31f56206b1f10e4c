/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "store/store-db.h"

gboolean store_schema_prepare (StoreDb *db, GError **error);
gboolean
store_schema_migrate (StoreDb *db, const gchar *const *steps, guint n_steps, GError **error);
