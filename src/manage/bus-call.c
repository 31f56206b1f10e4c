/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bus-call: the calls on the bus, running and ended: org.sipwake.Sipwake1.Call, below call/.
 */
#include "manage/bus-call.h"

#include "base/error.h"
#include "base/names.h"
#include "manage/bus-changes.h"
#include "manage/bus-info.h"

#define MAX_PAGE 1000

struct _BusCalls {
  Router *router;
  CallLog *log;
  BusInterface *interface;
  BusChanges *changes;
  gulong changed;
  gulong dropped;
};

static const gchar *const invalidated[] = { "State", "LastStep", NULL };

/* ---- properties ---- */

static const gchar *
direction_word (CallDirection direction)
{
  switch (direction) {
  case CALL_TO_PHONE:
    return "to-phone";
  case CALL_TO_PBX:
    return "to-pbx";
  }
  g_return_val_if_reached ("");
}

static const gchar *
state_word (CallState state)
{
  switch (state) {
  case CALL_CALLING:
    return "calling";
  case CALL_HELD:
    return "held";
  case CALL_RINGING:
    return "ringing";
  case CALL_TALKING:
    return "talking";
  case CALL_OVER:
    return "over";
  }
  g_return_val_if_reached ("");
}

static GVariant *
get_id (gpointer object, gpointer user_data)
{
  return g_variant_new_string (call_record_id (object));
}

static GVariant *
get_direction (gpointer object, gpointer user_data)
{
  return g_variant_new_string (direction_word (call_record_direction (object)));
}

static GVariant *
get_state (gpointer object, gpointer user_data)
{
  return g_variant_new_string (state_word (call_record_state (object)));
}

static GVariant *
get_begun (gpointer object, gpointer user_data)
{
  return g_variant_new_uint64 ((guint64) call_record_begun_wall (object));
}

/* Phrases of answers come from the network. */
static GVariant *
new_string (const gchar *text)
{
  g_autofree gchar *valid = g_utf8_make_valid (text, -1);

  return g_variant_new_string (valid);
}

static GVariant *
get_last_step (gpointer object, gpointer user_data)
{
  return new_string (call_record_last (object));
}

static const BusProperty properties[] = {
  { "Id", get_id },       { "Direction", get_direction }, { "State", get_state },
  { "Begun", get_begun }, { "LastStep", get_last_step },  { 0 },
};

/* ---- methods ---- */

static void
get_steps (gpointer object,
           GVariant *parameters,
           GDBusMethodInvocation *invocation,
           gpointer user_data)
{
  GArray *steps = call_record_steps (object);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(xs)"));
  for (guint i = 0; i < steps->len; i++) {
    const CallStep *step = &g_array_index (steps, CallStep, i);

    g_variant_builder_add (&builder, "(x@s)", step->at, new_string (step->text));
  }
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(a(xs))", &builder));
}

static void
hang_up (gpointer object,
         GVariant *parameters,
         GDBusMethodInvocation *invocation,
         gpointer user_data)
{
  BusCalls *self = user_data;
  Call *call = router_find_call (self->router, call_record_id (object));

  if (!call || call_record_state (object) == CALL_OVER) {
    g_dbus_method_invocation_return_error_literal (invocation, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID,
                                                   "the call is over");
    return;
  }
  call_hang_up (call, "hung up by the administrator");
  g_dbus_method_invocation_return_value (invocation, NULL);
}

static const BusMethod methods[] = {
  { "GetSteps", AUTHORITY_READ, get_steps },
  { "HangUp", AUTHORITY_CHANGE, hang_up },
  { 0 },
};

static gpointer
find_call (const gchar *id, gpointer user_data)
{
  return call_log_find (((BusCalls *) user_data)->log, id);
}

static const BusClass class = {
  .info = &org_sipwake_sipwake1_call_interface,
  .folder = "call",
  .methods = methods,
  .properties = properties,
  .find = find_call,
};

/* ---- lists ---- */

static gboolean
matches (const CallRecord *record, const gchar *filter)
{
  return !*filter || g_str_equal (state_word (call_record_state (record)), filter) ||
         g_str_equal (direction_word (call_record_direction (record)), filter) ||
         g_str_has_prefix (call_record_id (record), filter);
}

/**
 * bus_calls_list:
 * @calls: the calls on the bus
 * @offset: how many to leave out
 * @limit: how many at most
 * @filter: a state, a direction, or how an id begins; empty: all
 *
 * Returns: (transfer floating): (uaa{sv}): how many match, and the page, the newest first
 */
GVariant *
bus_calls_list (BusCalls *self, guint offset, guint limit, const gchar *filter)
{
  g_autoptr (GPtrArray) records = call_log_records (self->log);
  GVariantBuilder page;
  guint total = 0;

  g_variant_builder_init (&page, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < records->len; i++) {
    CallRecord *record = g_ptr_array_index (records, i);
    g_autofree gchar *path = NULL;
    guint place;

    if (!matches (record, filter))
      continue;
    place = total++;
    if (place < offset || place - offset >= MIN (limit, MAX_PAGE))
      continue;
    path = bus_interface_path (&class, call_record_id (record));
    g_variant_builder_open (&page, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add (&page, "{sv}", "Path", g_variant_new_object_path (path));
    bus_interface_describe (&class, record, self, &page);
    g_variant_builder_close (&page);
  }
  return g_variant_new ("(uaa{sv})", total, &page);
}

/* ---- changes ---- */

static void
on_changed (CallLog *log, CallRecord *record, gpointer user_data)
{
  BusCalls *self = user_data;
  gboolean begins = call_record_state (record) == CALL_CALLING;

  bus_changes_note (self->changes, call_record_id (record), begins ? BUS_ADDED : BUS_CHANGED);
}

static void
on_dropped (CallLog *log, CallRecord *record, gpointer user_data)
{
  bus_changes_note (((BusCalls *) user_data)->changes, call_record_id (record), BUS_REMOVED);
}

/**
 * bus_calls_new:
 * @router: has the calls; outlives them on the bus
 * @connection: the bus
 * @authority: whom to ask
 * @error: return location
 *
 * Returns: (transfer full) (nullable): the calls on the bus
 */
BusCalls *
bus_calls_new (Router *router, GDBusConnection *connection, Authority *authority, GError **error)
{
  BusCalls *self = g_new0 (BusCalls, 1);

  self->interface = bus_interface_publish (&class, self, connection, authority, error);
  if (!self->interface) {
    g_free (self);
    return NULL;
  }
  self->router = router;
  self->log = g_object_ref (router_log (router));
  self->changes = bus_changes_new (&class, "CallsChanged", invalidated, connection);
  self->changed = g_signal_connect (self->log, "changed", G_CALLBACK (on_changed), self);
  self->dropped = g_signal_connect (self->log, "dropped", G_CALLBACK (on_dropped), self);
  return self;
}

/**
 * bus_calls_free:
 * @calls: (transfer full): the calls on the bus
 */
void
bus_calls_free (BusCalls *self)
{
  g_signal_handler_disconnect (self->log, self->changed);
  g_signal_handler_disconnect (self->log, self->dropped);
  bus_interface_free (self->interface);
  bus_changes_free (self->changes);
  g_object_unref (self->log);
  g_free (self);
}
