/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "registrar/binding.h"

typedef struct {
  gchar *key;
  GPtrArray *bindings; /* Binding, each owned */
} Record;

gchar *record_key (const Pbx *pbx, const gchar *aor);
Record *record_new (const gchar *key);
void record_free (Record *record);

Binding *record_find (const Record *record, const gchar *token);
void record_put (Record *record, Binding *binding);
gboolean record_drop (Record *record, Binding *binding);

gboolean record_is_stale (const Binding *binding, const gchar *call_id, guint32 cseq);
