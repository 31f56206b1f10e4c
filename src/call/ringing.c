/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ringing: which calls ring which user's phones, so that a phone that registers meanwhile joins,
 * and a call that comes back is known.
 *
 * The router enters calls to phones here. A REGISTER costs nothing while nobody is called.
 */
#include "call/ringing.h"

#include "proto/aor.h"
#include "registrar/pbx-list.h"

struct _Ringing {
  Location *location;
  gulong refreshed;
  GHashTable *by_record; /* record key -> GPtrArray of Call */
  GHashTable *keys;      /* Call -> record key */
};

static void
on_refreshed (Location *location, Binding *binding, gpointer user_data)
{
  Ringing *ringing = user_data;
  g_autofree gchar *key = NULL;
  GPtrArray *calls;

  if (g_hash_table_size (ringing->keys) == 0)
    return;
  key = record_key (binding->pbx, binding->aor);
  calls = g_hash_table_lookup (ringing->by_record, key);
  for (guint i = 0; calls && i < calls->len; i++)
    call_join_phone (g_ptr_array_index (calls, i), binding);
}

/**
 * ringing_new:
 * @location: which tells when phones register
 *
 * Returns: (transfer full): nobody rings
 */
Ringing *
ringing_new (Location *location)
{
  Ringing *ringing = g_new0 (Ringing, 1);

  ringing->location = g_object_ref (location);
  ringing->by_record =
    g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
  ringing->keys = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  ringing->refreshed =
    g_signal_connect (location, "refreshed", G_CALLBACK (on_refreshed), ringing);
  return ringing;
}

/**
 * ringing_free:
 * @ringing: (transfer full): what rings
 */
void
ringing_free (Ringing *ringing)
{
  g_signal_handler_disconnect (ringing->location, ringing->refreshed);
  g_hash_table_unref (ringing->keys);
  g_hash_table_unref (ringing->by_record);
  g_object_unref (ringing->location);
  g_free (ringing);
}

/**
 * ringing_add:
 * @ringing: what rings
 * @binding: one of the phones that are called
 * @call: the call, to be taken out by ringing_remove() before it is freed
 */
void
ringing_add (Ringing *ringing, const Binding *binding, Call *call)
{
  gchar *key = record_key (binding->pbx, binding->aor);
  GPtrArray *calls = g_hash_table_lookup (ringing->by_record, key);

  if (!calls) {
    calls = g_ptr_array_new ();
    g_hash_table_insert (ringing->by_record, g_strdup (key), calls);
  }
  g_ptr_array_add (calls, call);
  g_hash_table_insert (ringing->keys, call, key);
}

/**
 * ringing_remove:
 * @ringing: what rings
 * @call: a call, which need not be there
 */
void
ringing_remove (Ringing *ringing, Call *call)
{
  const gchar *key = g_hash_table_lookup (ringing->keys, call);
  GPtrArray *calls = key ? g_hash_table_lookup (ringing->by_record, key) : NULL;

  if (!calls)
    return;
  g_ptr_array_remove_fast (calls, call);
  if (calls->len == 0)
    g_hash_table_remove (ringing->by_record, key);
  g_hash_table_remove (ringing->keys, call);
}

static gboolean
is_to (const Ringing *ringing, const CallRecord *record, const Pbx *pbx, const gchar *user)
{
  g_autofree gchar *aor = aor_new (user, pbx_name (pbx));
  g_autofree gchar *key = record_key (pbx, aor);
  const GPtrArray *calls = g_hash_table_lookup (ringing->by_record, key);

  for (guint i = 0; calls && i < calls->len; i++)
    if (call_record (g_ptr_array_index (calls, i)) == record)
      return TRUE;
  return FALSE;
}

/**
 * ringing_is_loop:
 * @ringing: what rings
 * @log: the calls that are and were
 * @pbxes: (element-type Pbx): all PBXs
 * @request: an INVITE from a phone
 *
 * A proxy on the phones' side that does not know where our call belongs sends it back, and each
 * round would make another (RFC 5393). One that sends it on to somebody else at a PBX means that.
 *
 * Returns: whether it is a call that we sent to a phone, and it goes to the same user once more
 */
gboolean
ringing_is_loop (const Ringing *ringing, CallLog *log, GPtrArray *pbxes, SipRequest *request)
{
  const sip_t *sip = sip_request_sip (request);
  const url_t *uri = sip->sip_request->rq_url;
  const CallRecord *record = call_log_find (log, sip->sip_call_id->i_id);
  const Pbx *pbx = pbx_find_by_domain (pbxes, uri->url_host);

  if (!record || call_record_state (record) == CALL_OVER ||
      call_record_direction (record) != CALL_TO_PHONE)
    return FALSE;
  return !pbx || !uri->url_user || is_to (ringing, record, pbx, uri->url_user);
}
