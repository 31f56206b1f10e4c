/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ledger: the bindings on the disk, so that no restart loses a phone.
 *
 * A binding that is new or is woken in another way is written before its phone is answered; one
 * that is only renewed is written when the disk has time. What the location service drops by itself
 * goes from the disk likewise.
 */
#include "registrar/ledger.h"

#include "base/clock.h"
#include "base/log.h"
#include "registrar/outbound.h"

/* A flow beside the newest: reg-id, listener, address, Path, Contact, Call-ID, CSeq, expiry. */
#define FLOW "(u^ay^ay^ay^ay^ayux)"
#define FLOW_TO_READ "(u^&ay^&ay^&ay^&ay^&ayux)"
#define FLOWS "a(uayayayayayux)"

struct _Ledger {
  Store *store;
  Location *location;
  gulong shortened;
  gulong push_ended;
  gulong removed;
};

typedef struct {
  LedgerFunc func;
  gpointer user_data;
} Writing;

typedef struct {
  Ledger *ledger;
  GPtrArray *pbxes;
  SipStack *stack;
  guint loaded;
} Loading;

/* Expiry is kept in monotonic time, which a restart does not outlive. */
static gint64
to_wall (gint64 monotonic)
{
  return clock_wall () + (monotonic - clock_now ()) / CLOCK_SECOND;
}

static gint64
from_wall (gint64 wall)
{
  return clock_now () + (wall - clock_wall ()) * CLOCK_SECOND;
}

/* Those that lead through a proxy: connections of the phone's own do not outlive us. */
static gchar *
other_flows_of (const Binding *binding)
{
  const GPtrArray *others = outbound_others (binding);
  g_autoptr (GVariant) flows = NULL;
  GVariantBuilder builder;

  if (!others)
    return NULL;
  g_variant_builder_init (&builder, G_VARIANT_TYPE (FLOWS));
  for (guint i = 0; i < others->len; i++) {
    const Binding *other = g_ptr_array_index (others, i);

    if (outbound_path (other))
      g_variant_builder_add (&builder, FLOW, outbound_reg_id (other),
                             sip_flow_listener (other->flow)->name, sip_flow_address (other->flow),
                             outbound_path (other), other->contact, other->call_id, other->cseq,
                             to_wall (other->expires));
  }
  flows = g_variant_ref_sink (g_variant_builder_end (&builder));
  return g_variant_n_children (flows) ? g_variant_print (flows, FALSE) : NULL;
}

/* @other_flows: (nullable): borrowed by the row, like all its strings */
static BindingRow
row_of (const Binding *binding, const gchar *other_flows)
{
  const PnParams *push = binding->push;
  BindingRow row = {
    .token = binding->token,
    .pbx = pbx_name (binding->pbx),
    .aor = binding->aor,
    .contact = binding->contact,
    .call_id = binding->call_id,
    .cseq = binding->cseq,
    .upstream_contact = binding->shared,
    .user_agent = binding->user_agent,
    .flow_listener = sip_flow_listener (binding->flow)->name,
    .flow_address = sip_flow_address (binding->flow),
    .path = outbound_path (binding),
    .reg_id = outbound_reg_id (binding),
    .other_flows = other_flows,
    .q = -1,
    .expires_wall = to_wall (outbound_ends (binding)),
    .created_wall = binding->history.created_wall,
    .last_wake_wall = binding->history.last_wake_wall,
    .wake_ok = binding->history.wake_ok,
    .wake_failed = binding->history.wake_failed,
    .updated_wall = to_wall (binding->registered),
  };

  if (push) {
    row.provider = push->provider;
    row.param = push->param;
    row.prid = push->prid;
    row.voip_token = push->voip_token;
    row.voip_topic = push->voip_topic;
    row.remote_token = push->remote_token;
    row.remote_topic = push->remote_topic;
    row.enc_key = push->enc_key;
    row.enc_auth = push->enc_auth;
    row.dialect = pn_dialect_name (push->dialect);
  }
  return row;
}

static PnParams *
push_of (const BindingRow *row)
{
  PnParams *push;

  if (!row->provider)
    return NULL;
  push = g_new0 (PnParams, 1);
  push->kind = PN_PUSH;
  push->provider = g_strdup (row->provider);
  push->param = g_strdup (row->param);
  push->prid = g_strdup (row->prid);
  push->voip_token = g_strdup (row->voip_token);
  push->voip_topic = g_strdup (row->voip_topic);
  push->remote_token = g_strdup (row->remote_token);
  push->remote_topic = g_strdup (row->remote_topic);
  push->enc_key = g_strdup (row->enc_key);
  push->enc_auth = g_strdup (row->enc_auth);
  return push;
}

static SipListener *
find_listener (SipStack *stack, const gchar *name)
{
  GPtrArray *listeners = sip_stack_listeners (stack);
  SipListener *other = NULL;

  for (guint i = 0; i < listeners->len; i++) {
    SipListener *listener = g_ptr_array_index (listeners, i);

    if (g_strcmp0 (listener->name, name) == 0)
      return listener;
    if (!other && listener->side == SIP_SIDE_PHONES)
      other = listener;
  }
  return other;
}

static Pbx *
find_pbx (GPtrArray *pbxes, const gchar *name)
{
  for (guint i = 0; i < pbxes->len; i++)
    if (g_str_equal (pbx_name (g_ptr_array_index (pbxes, i)), name))
      return g_ptr_array_index (pbxes, i);
  return NULL;
}

/* Returns: (nullable): none of a PBX that is configured no more, or out of date: nobody misses it */
static Binding *
binding_of (const Loading *loading, const BindingRow *row)
{
  Pbx *pbx = find_pbx (loading->pbxes, row->pbx);
  SipListener *listener = find_listener (loading->stack, row->flow_listener);
  Binding *binding;

  if (!pbx || !listener || row->expires_wall <= clock_wall ())
    return NULL;
  binding = binding_new (pbx, row->token, row->aor);
  binding->shared = g_strdup (row->upstream_contact);
  binding->contact = g_strdup (row->contact);
  binding->call_id = g_strdup (row->call_id);
  binding->cseq = (guint32) row->cseq;
  binding->user_agent = row->user_agent ? g_ref_string_new_intern (row->user_agent) : NULL;
  binding->push = push_of (row);
  binding->flow = outbound_restore (listener, row->flow_address ? row->flow_address : "0.0.0.0:0",
                                    row->path);
  outbound_set (binding, row->path, (guint) row->reg_id, NULL);
  if (row->created_wall)
    binding->history.created_wall = row->created_wall;
  binding->history.last_wake_wall = row->last_wake_wall;
  binding->history.wake_ok = (guint) row->wake_ok;
  binding->history.wake_failed = (guint) row->wake_failed;
  binding->registered = from_wall (row->updated_wall);
  binding->expires = from_wall (row->expires_wall);
  return binding;
}

static void
take_other_flows (const Loading *loading, const BindingRow *row, Binding *binding)
{
  g_autoptr (GVariant) flows =
    row->other_flows
      ? g_variant_parse (G_VARIANT_TYPE (FLOWS), row->other_flows, NULL, NULL, NULL)
      : NULL;

  for (gsize i = 0; flows && i < g_variant_n_children (flows); i++) {
    g_autoptr (GVariant) flow = g_variant_get_child_value (flows, i);
    g_autoptr (Binding) other = NULL;
    BindingRow other_row = *row;
    guint reg_id, cseq;

    g_variant_get (flow, FLOW_TO_READ, &reg_id, &other_row.flow_listener, &other_row.flow_address,
                   &other_row.path, &other_row.contact, &other_row.call_id, &cseq,
                   &other_row.expires_wall);
    other_row.reg_id = reg_id;
    other_row.cseq = cseq;
    other = binding_of (loading, &other_row);
    if (other)
      outbound_inherit (binding, other);
  }
}

static void
on_row (const BindingRow *row, gpointer user_data)
{
  Loading *loading = user_data;
  g_autoptr (Binding) binding = binding_of (loading, row);

  if (!binding) {
    store_remove_binding_lazily (loading->ledger->store, row->token);
    return;
  }
  take_other_flows (loading, row, binding);
  location_put (loading->ledger->location, binding);
  loading->loaded++;
}

/**
 * ledger_load:
 * @ledger: the ledger
 * @pbxes: (element-type Pbx): all PBXs
 * @stack: the stack, whose listeners the phones were reached by
 * @error: return location
 *
 * Reads the bindings of the daemon's last run into the location service.
 *
 * Returns: whether the disk could be read
 */
gboolean
ledger_load (Ledger *ledger, GPtrArray *pbxes, SipStack *stack, GError **error)
{
  Loading loading = { ledger, pbxes, stack, 0 };

  if (!store_load_bindings (ledger->store, on_row, &loading, error))
    return FALSE;
  log_info (LOG_NONE, "%u phones are back from the last run", loading.loaded);
  return TRUE;
}

static void
on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Writing *writing = user_data;
  g_autoptr (GError) error = NULL;
  gboolean written = store_write_finish (NULL, result, &error);

  if (!written)
    log_error (LOG_NONE, "a binding is not on the disk: %s", error->message);
  writing->func (written, writing->user_data);
}

static Writing *
writing_new (LedgerFunc func, gpointer user_data)
{
  Writing *writing = g_new (Writing, 1);

  *writing = (Writing){ func, user_data };
  return writing;
}

/**
 * ledger_put:
 * @ledger: the ledger
 * @binding: a binding
 * @func: told whether it is on the disk
 * @user_data: for @func
 */
void
ledger_put (Ledger *ledger, const Binding *binding, LedgerFunc func, gpointer user_data)
{
  g_autofree gchar *other_flows = other_flows_of (binding);
  BindingRow row = row_of (binding, other_flows);

  store_put_binding_async (ledger->store, &row, on_written, writing_new (func, user_data));
}

/**
 * ledger_remove:
 * @ledger: the ledger
 * @binding: a binding
 * @func: told whether it is gone from the disk
 * @user_data: for @func
 */
void
ledger_remove (Ledger *ledger, const Binding *binding, LedgerFunc func, gpointer user_data)
{
  store_remove_binding_async (ledger->store, binding->token, on_written,
                              writing_new (func, user_data));
}

/**
 * ledger_put_lazily:
 * @ledger: the ledger
 * @binding: a binding that was renewed
 */
void
ledger_put_lazily (Ledger *ledger, const Binding *binding)
{
  g_autofree gchar *other_flows = other_flows_of (binding);
  BindingRow row = row_of (binding, other_flows);

  store_put_binding_lazily (ledger->store, &row);
}

static void
on_changed (Location *location, Binding *binding, gpointer user_data)
{
  ledger_put_lazily (user_data, binding);
}

static void
on_removed (Location *location, Binding *binding, gpointer user_data)
{
  Ledger *ledger = user_data;

  store_remove_binding_lazily (ledger->store, binding->token);
}

/**
 * ledger_new:
 * @store: the store
 * @location: the location service whose bindings it keeps
 *
 * Returns: (transfer full): the ledger
 */
Ledger *
ledger_new (Store *store, Location *location)
{
  Ledger *ledger = g_new0 (Ledger, 1);

  ledger->store = store;
  ledger->location = g_object_ref (location);
  ledger->shortened = g_signal_connect (location, "shortened", G_CALLBACK (on_changed), ledger);
  ledger->push_ended = g_signal_connect (location, "push-ended", G_CALLBACK (on_changed), ledger);
  ledger->removed = g_signal_connect (location, "removed", G_CALLBACK (on_removed), ledger);
  return ledger;
}

/**
 * ledger_free:
 * @ledger: (transfer full): the ledger
 */
void
ledger_free (Ledger *ledger)
{
  g_signal_handler_disconnect (ledger->location, ledger->shortened);
  g_signal_handler_disconnect (ledger->location, ledger->push_ended);
  g_signal_handler_disconnect (ledger->location, ledger->removed);
  g_object_unref (ledger->location);
  g_free (ledger);
}
