/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * location: the location service (RFC 3261 10.1): which phones are registered, until when.
 *
 * The registrar writes it, calls and wake-ups read it. "refreshed" is emitted when a phone's
 * binding was made or renewed, after the phone got its answer, or became that of another of its
 * flows; "shortened" when it will last less than the phone was told; "removed" when it is gone.
 */
#include "registrar/location.h"

#include "base/clock.h"
#include "base/counters.h"
#include "base/deadline.h"
#include "base/log.h"
#include "registrar/outbound.h"
#include "registrar/tally.h"

struct _Location {
  GObject parent;
  GHashTable *records;  /* key -> Record */
  GHashTable *shared;   /* key of a shared Contact -> Record */
  GHashTable *tokens;   /* token -> Binding */
  Tally *sources;       /* addresses that bindings came from */
  Tally *pbxes;         /* names of the PBXs where they are registered */
  GSequence *by_expiry; /* Binding, the next one first */
  Deadline *expiry_timer;
  gint64 expiry_due;
};

enum { REFRESHED, REJECTED, SHORTENED, PUSH_ENDED, REMOVED, N_SIGNALS };
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (Location, location, G_TYPE_OBJECT)

static gint
by_expiry (gconstpointer a, gconstpointer b, gpointer user_data)
{
  gint64 left = ((const Binding *) a)->expires, right = ((const Binding *) b)->expires;

  return (left > right) - (left < right);
}

static void
count_source (Location *self, const Binding *binding, gint delta)
{
  g_autofree gchar *source = outbound_source (binding);

  tally_add (self->sources, source, delta);
}

static void
count_binding (Location *self, const Binding *binding, gint delta)
{
  count_source (self, binding, delta);
  tally_add (self->pbxes, pbx_name (binding->pbx), delta);
  counters_add (COUNTER_BINDINGS, delta);
  if (binding_has_push (binding))
    counters_add (COUNTER_BINDINGS_WITH_PUSH, delta);
}

/* ---- who asks ---- */

/**
 * location_find_token:
 * @location: the location service
 * @token: the user part of our Contact at a PBX
 *
 * Returns: (transfer none) (nullable): the phone that it stands for
 */
Binding *
location_find_token (Location *self, const gchar *token)
{
  return g_hash_table_lookup (self->tokens, token);
}

/**
 * location_record:
 * @location: the location service
 * @key: what record_key() makes of an address of record
 *
 * Returns: (transfer none) (nullable): its phones
 */
Record *
location_record (Location *self, const gchar *key)
{
  return g_hash_table_lookup (self->records, key);
}

/**
 * location_find_record:
 * @location: the location service
 * @pbx: a PBX
 * @aor: an address of record there, or the Contact that its phones share
 *
 * Returns: (transfer none) (nullable): its phones
 */
Record *
location_find_record (Location *self, const Pbx *pbx, const gchar *aor)
{
  g_autofree gchar *key = record_key (pbx, aor);
  Record *record = g_hash_table_lookup (self->records, key);

  return record ? record : g_hash_table_lookup (self->shared, key);
}

/**
 * location_find_flow:
 * @location: the location service
 * @pbx: a PBX
 * @aor: an address of record there
 * @flow: a flow
 *
 * Returns: (transfer none) (nullable): the phone of @aor that registered on @flow
 */
Binding *
location_find_flow (Location *self, const Pbx *pbx, const gchar *aor, SipFlow *flow)
{
  Record *record = location_find_record (self, pbx, aor);

  for (guint i = 0; record && i < record->bindings->len; i++) {
    Binding *binding = g_ptr_array_index (record->bindings, i);

    if (outbound_came_by (binding, flow))
      return binding;
  }
  return NULL;
}

/**
 * location_has:
 * @location: the location service
 * @binding: a binding
 *
 * Returns: whether it is still registered
 */
gboolean
location_has (Location *self, const Binding *binding)
{
  return g_hash_table_lookup (self->tokens, binding->token) == binding;
}

/**
 * location_each:
 * @location: the location service
 * @func: (scope call): called with each binding; it may not change them
 * @user_data: for @func
 */
void
location_each (Location *self, LocationFunc func, gpointer user_data)
{
  GHashTableIter iter;
  gpointer binding;

  g_hash_table_iter_init (&iter, self->tokens);
  while (g_hash_table_iter_next (&iter, NULL, &binding))
    func (binding, user_data);
}

/**
 * location_count:
 * @location: the location service
 *
 * Returns: how many phones are registered
 */
guint
location_count (Location *self)
{
  return g_hash_table_size (self->tokens);
}

/**
 * location_count_source:
 * @location: the location service
 * @address: a numeric address
 *
 * Returns: how many phones came from there
 */
guint
location_count_source (Location *self, const gchar *address)
{
  return tally_count (self->sources, address);
}

/**
 * location_count_pbx:
 * @location: the location service
 * @pbx: a PBX
 *
 * Returns: how many phones are registered there
 */
guint
location_count_pbx (Location *self, const Pbx *pbx)
{
  return tally_count (self->pbxes, pbx_name (pbx));
}

/* ---- what changes ---- */

static gchar *
shared_key (const Pbx *pbx, const gchar *token)
{
  return g_strconcat (pbx_name (pbx), " ", token, NULL);
}

/**
 * location_share:
 * @location: the location service
 * @record: one of its records
 * @pbx: where it is
 * @token: the user part of the Contact that stands for all its phones from now on
 */
void
location_share (Location *self, Record *record, const Pbx *pbx, const gchar *token)
{
  if (record->shared)
    return;
  record->shared = g_strdup (token);
  g_hash_table_replace (self->shared, shared_key (pbx, token), record);
}

static void
drop_record (Location *self, const Pbx *pbx, Record *record)
{
  g_autofree gchar *key = record->shared ? shared_key (pbx, record->shared) : NULL;

  if (key)
    g_hash_table_remove (self->shared, key);
  g_hash_table_remove (self->records, record->key);
}

/**
 * location_remove:
 * @location: the location service
 * @binding: a binding; one that is gone already is left alone
 * @why: for the log
 */
void
location_remove (Location *self, Binding *binding, const gchar *why)
{
  g_autoptr (Binding) kept = binding_ref (binding);
  g_autofree gchar *key = record_key (binding->pbx, binding->aor);
  Record *record = g_hash_table_lookup (self->records, key);

  if (!location_has (self, binding))
    return;
  g_sequence_remove (kept->expiry);
  kept->expiry = NULL;
  g_hash_table_remove (self->tokens, kept->token);
  record_drop (record, kept);
  if (record->bindings->len == 0)
    drop_record (self, kept->pbx, record);
  count_binding (self, kept, -1);
  log_info (LOG_FIELDS ("BINDING", kept->token, "AOR", log_mask_aor (kept->aor)), "%s: binding %s",
            log_mask_aor (kept->aor), why);
  g_signal_emit (self, signals[REMOVED], 0, kept);
}

static void schedule_expiry (Location *self);

/* Of several flows another one may have been granted longer than the newest. */
static void
expire (Location *self, Binding *binding)
{
  g_autoptr (Binding) left = outbound_drop (binding, outbound_reg_id (binding));

  if (!left) {
    counters_inc (COUNTER_BINDINGS_EXPIRED);
    location_remove (self, binding, "expired");
    return;
  }
  location_put (self, left);
  location_refreshed (self, left);
}

static void
on_expiry (gpointer user_data)
{
  Location *self = user_data;

  self->expiry_timer = NULL;
  while (!g_sequence_is_empty (self->by_expiry)) {
    Binding *binding = g_sequence_get (g_sequence_get_begin_iter (self->by_expiry));

    if (binding->expires > clock_now ())
      break;
    expire (self, binding);
  }
  schedule_expiry (self);
}

static void
schedule_expiry (Location *self)
{
  gint64 now = clock_now ();
  const Binding *next;
  gint64 left;

  if (g_sequence_is_empty (self->by_expiry))
    return;
  next = g_sequence_get (g_sequence_get_begin_iter (self->by_expiry));
  if (self->expiry_timer && self->expiry_due <= next->expires)
    return;
  deadline_clear (&self->expiry_timer);
  left = CLAMP (next->expires - now, 0, 60 * CLOCK_SECOND);
  self->expiry_due = now + left;
  self->expiry_timer =
    deadline_new ((guint) (left / G_TIME_SPAN_MILLISECOND) + 1, on_expiry, self);
}

static void
file_binding (Location *self, Binding *binding)
{
  g_autofree gchar *key = record_key (binding->pbx, binding->aor);
  Record *record = g_hash_table_lookup (self->records, key);

  if (!record) {
    record = record_new (key);
    g_hash_table_insert (self->records, record->key, record);
  }
  record_put (record, binding);
  if (binding->shared)
    location_share (self, record, binding->pbx, binding->shared);
  g_hash_table_insert (self->tokens, binding->token, binding);
}

/**
 * location_put:
 * @location: the location service
 * @binding: (transfer none): a binding; it takes the place of the one with the same token
 */
void
location_put (Location *self, Binding *binding)
{
  g_autoptr (Binding) old = g_hash_table_lookup (self->tokens, binding->token);

  if (old) {
    g_autofree gchar *key = record_key (old->pbx, old->aor);

    binding_ref (old);
    binding->at_risk = old->at_risk;
    binding->history = old->history;
    binding->renewed = TRUE;
    count_binding (self, old, -1);
    g_sequence_remove (old->expiry);
    old->expiry = NULL;
    g_hash_table_remove (self->tokens, old->token);
    record_drop (g_hash_table_lookup (self->records, key), old);
  }
  file_binding (self, binding);
  binding->expiry = g_sequence_insert_sorted (self->by_expiry, binding, by_expiry, NULL);
  count_binding (self, binding, 1);
  schedule_expiry (self);
}

/**
 * location_shorten:
 * @location: the location service
 * @binding: one of its bindings
 * @expires: the monotonic time when it ends, unless it ends before
 */
void
location_shorten (Location *self, Binding *binding, gint64 expires)
{
  if (binding->expires <= expires)
    return;
  g_sequence_remove (binding->expiry);
  binding->expires = expires;
  binding->expiry = g_sequence_insert_sorted (self->by_expiry, binding, by_expiry, NULL);
  schedule_expiry (self);
  g_signal_emit (self, signals[SHORTENED], 0, binding);
}

/**
 * location_end_push:
 * @location: the location service
 * @binding: a binding whose phone can be woken no more, until it registers again
 */
void
location_end_push (Location *self, Binding *binding)
{
  gboolean known = location_has (self, binding);

  if (known)
    count_binding (self, binding, -1);
  g_clear_pointer (&binding->push, pn_params_free);
  binding->at_risk = "its push token is dead";
  if (!known)
    return;
  count_binding (self, binding, 1);
  log_info (LOG_FIELDS ("BINDING", binding->token, "AOR", log_mask_aor (binding->aor)),
            "%s: push ended, the token is dead", log_mask_aor (binding->aor));
  g_signal_emit (self, signals[PUSH_ENDED], 0, binding);
}

/**
 * location_refreshed:
 * @location: the location service
 * @binding: a binding whose phone was just answered
 *
 * Tells those who wait for it.
 */
void
location_refreshed (Location *self, Binding *binding)
{
  g_signal_emit (self, signals[REFRESHED], 0, binding);
}

/**
 * location_rejected:
 * @location: the location service
 * @token: of a phone, known or not
 * @why: what the PBX said to its REGISTER
 *
 * Tells those who wait for it.
 */
void
location_rejected (Location *self, const gchar *token, const gchar *why)
{
  g_signal_emit (self, signals[REJECTED], 0, token, why);
}

/* ---- the object ---- */

static void
location_dispose (GObject *object)
{
  Location *self = LOCATION_LOCATION (object);

  deadline_clear (&self->expiry_timer);
  g_clear_pointer (&self->tokens, g_hash_table_unref);
  g_clear_pointer (&self->by_expiry, g_sequence_free);
  g_clear_pointer (&self->records, g_hash_table_unref);
  g_clear_pointer (&self->shared, g_hash_table_unref);
  g_clear_pointer (&self->sources, tally_free);
  g_clear_pointer (&self->pbxes, tally_free);
  G_OBJECT_CLASS (location_parent_class)->dispose (object);
}

static void
location_class_init (LocationClass *class)
{
  G_OBJECT_CLASS (class)->dispose = location_dispose;

  /**
   * Location::refreshed:
   * @binding: (type gpointer): the Binding that was made or renewed, or took another's place
   */
  signals[REFRESHED] = g_signal_new ("refreshed", G_TYPE_FROM_CLASS (class), G_SIGNAL_RUN_LAST, 0,
                                     NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_POINTER);
  /**
   * Location::rejected:
   * @token: of the phone that the PBX did not register
   * @why: what the PBX said
   */
  signals[REJECTED] = g_signal_new ("rejected", G_TYPE_FROM_CLASS (class), G_SIGNAL_RUN_LAST, 0,
                                    NULL, NULL, NULL, G_TYPE_NONE, 2, G_TYPE_STRING,
                                    G_TYPE_STRING);
  /**
   * Location::shortened:
   * @binding: (type gpointer): the Binding that ends before the phone thinks
   */
  signals[SHORTENED] = g_signal_new ("shortened", G_TYPE_FROM_CLASS (class), G_SIGNAL_RUN_LAST, 0,
                                     NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_POINTER);
  /**
   * Location::push-ended:
   * @binding: (type gpointer): the Binding whose phone can be woken no more
   */
  signals[PUSH_ENDED] = g_signal_new ("push-ended", G_TYPE_FROM_CLASS (class), G_SIGNAL_RUN_LAST,
                                      0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_POINTER);
  /**
   * Location::removed:
   * @binding: (type gpointer): the Binding that is gone
   */
  signals[REMOVED] = g_signal_new ("removed", G_TYPE_FROM_CLASS (class), G_SIGNAL_RUN_LAST, 0,
                                   NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_POINTER);
}

static void
location_init (Location *self)
{
  self->records =
    g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) record_free);
  self->tokens = g_hash_table_new (g_str_hash, g_str_equal);
  self->shared = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->sources = tally_new ();
  self->pbxes = tally_new ();
  self->by_expiry = g_sequence_new (NULL);
}

/**
 * location_new:
 *
 * Returns: (transfer full): a location service without phones
 */
Location *
location_new (void)
{
  return g_object_new (LOCATION_TYPE_LOCATION, NULL);
}
