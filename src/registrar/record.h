/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "registrar/binding.h"

typedef struct {
  gchar *key;
  gchar *shared;       /* nullable: the user part of the one Contact for all at the PBX */
  gint64 switch_after; /* monotonic microseconds: not before then is the PBX asked for that again */
  gint64 inquire_after; /* monotonic microseconds: not before then is the PBX asked what it has */
  gboolean switch_next; /* whether the next REGISTER asks for it */
  GPtrArray *bindings; /* Binding, each owned */
} Record;

gchar *record_key (const Pbx *pbx, const gchar *aor);
Record *record_new (const gchar *key);
void record_free (Record *record);

Binding *record_find (const Record *record, const gchar *token);
void record_put (Record *record, Binding *binding);
gboolean record_drop (Record *record, Binding *binding);

gboolean record_is_stale (const Binding *binding, const gchar *call_id, guint32 cseq);
