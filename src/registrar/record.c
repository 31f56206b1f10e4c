/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * record: all phones of one address of record at one PBX (RFC 3261 10.3).
 */
#include "registrar/record.h"

#include "proto/aor.h"

/**
 * record_key:
 * @pbx: a PBX
 * @aor: an address of record there
 *
 * A PBX has several names, and its own requests carry still others in the host part, so a user of a
 * PBX is one record whatever the domain.
 *
 * Returns: (transfer full): what records are kept by
 */
gchar *
record_key (const Pbx *pbx, const gchar *aor)
{
  g_autofree gchar *user = aor_user (aor);

  return g_strconcat (pbx_name (pbx), " ", user ? user : "", NULL);
}

/**
 * record_new:
 * @key: what it is kept by
 *
 * Returns: (transfer full): a record without phones
 */
Record *
record_new (const gchar *key)
{
  Record *record = g_new0 (Record, 1);

  record->key = g_strdup (key);
  record->bindings = g_ptr_array_new_with_free_func ((GDestroyNotify) binding_unref);
  return record;
}

/**
 * record_free:
 * @record: (transfer full): a record
 */
void
record_free (Record *record)
{
  g_ptr_array_unref (record->bindings);
  g_free (record->shared);
  g_free (record->key);
  g_free (record);
}

/**
 * record_find:
 * @record: (nullable): a record
 * @token: the user part of our Contact at the PBX
 *
 * Returns: (transfer none) (nullable): the binding
 */
Binding *
record_find (const Record *record, const gchar *token)
{
  for (guint i = 0; record && i < record->bindings->len; i++) {
    Binding *binding = g_ptr_array_index (record->bindings, i);

    if (g_str_equal (binding->token, token))
      return binding;
  }
  return NULL;
}

/**
 * record_put:
 * @record: a record
 * @binding: (transfer none): a binding that it does not have
 */
void
record_put (Record *record, Binding *binding)
{
  g_ptr_array_add (record->bindings, binding_ref (binding));
}

/**
 * record_drop:
 * @record: a record
 * @binding: one of its bindings
 *
 * Returns: whether it was there
 */
gboolean
record_drop (Record *record, Binding *binding)
{
  return g_ptr_array_remove (record->bindings, binding);
}

/**
 * record_is_stale:
 * @binding: (nullable): what is stored
 * @call_id: of a REGISTER
 * @cseq: its sequence number
 *
 * Returns: whether the REGISTER is older than what is stored, or the same again (RFC 3261 10.3 step 7)
 */
gboolean
record_is_stale (const Binding *binding, const gchar *call_id, guint32 cseq)
{
  return binding && g_strcmp0 (binding->call_id, call_id) == 0 && cseq <= binding->cseq;
}
