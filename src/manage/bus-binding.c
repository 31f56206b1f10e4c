/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bus-binding: the registered phones on the bus: org.sipwake.Sipwake1.Binding, below binding/.
 */
#include "manage/bus-binding.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/names.h"
#include "manage/bus-changes.h"
#include "manage/bus-info.h"
#include "wake/push-target.h"

#include <string.h>

#define MAX_PAGE 1000
#define TEST_SECONDS 10

struct _BusBindings {
  Location *location;
  Keeper *keeper;
  PushService *push;
  BusInterface *interface;
  BusChanges *changes;
  GHashTable *watches; /* token -> Watch */
  gulong refreshed;
  gulong removed;
};

/* We wait for the end of a phone's connection: then it sleeps. */
typedef struct {
  BusBindings *bindings;
  gchar *token;
  SipFlow *flow; /* NULL when it is closed */
} Watch;

static const gchar *const invalidated[] = { "State",   "Address",  "Certificate",    "Registered",
                                            "Expires", "LastWake", "WakesSucceeded", "WakesFailed",
                                            "Risk",    NULL };

/* ---- properties ---- */

static GVariant *
new_string (const gchar *text)
{
  g_autofree gchar *valid = g_utf8_make_valid (text ? text : "", -1);

  return g_variant_new_string (valid);
}

static GVariant *
get_token (gpointer object, gpointer user_data)
{
  return g_variant_new_string (((Binding *) object)->token);
}

static GVariant *
get_aor (gpointer object, gpointer user_data)
{
  return new_string (((Binding *) object)->aor);
}

static GVariant *
get_pbx (gpointer object, gpointer user_data)
{
  return new_string (pbx_name (((Binding *) object)->pbx));
}

static GVariant *
get_user_agent (gpointer object, gpointer user_data)
{
  return new_string (((Binding *) object)->user_agent);
}

static const gchar *
service_of (const Binding *binding)
{
  return binding_has_push (binding) ? binding->push->provider : "";
}

static GVariant *
get_service (gpointer object, gpointer user_data)
{
  return new_string (service_of (object));
}

/**
 * bus_binding_state:
 * @binding: a phone
 *
 * Returns: (transfer none): "awake", "asleep", or "unknown" where there is no connection to tell
 */
const gchar *
bus_binding_state (const Binding *binding)
{
  if (!binding->flow)
    return "asleep";
  if (!sip_flow_is_connection (binding->flow))
    return "unknown";
  return sip_flow_is_open (binding->flow) ? "awake" : "asleep";
}

static GVariant *
get_state (gpointer object, gpointer user_data)
{
  return g_variant_new_string (bus_binding_state (object));
}

static GVariant *
get_address (gpointer object, gpointer user_data)
{
  const Binding *binding = object;

  return new_string (binding->flow ? sip_flow_address (binding->flow) : NULL);
}

static GVariant *
get_certificate (gpointer object, gpointer user_data)
{
  const Binding *binding = object;
  const gchar *const *names = binding->flow ? sip_flow_names (binding->flow) : NULL;

  return new_string (names ? names[0] : NULL);
}

static GVariant *
get_created (gpointer object, gpointer user_data)
{
  return g_variant_new_uint64 ((guint64) ((Binding *) object)->history.created_wall);
}

static GVariant *
get_registered (gpointer object, gpointer user_data)
{
  gint64 ago = clock_now () - ((Binding *) object)->registered;

  /* In microseconds: whole seconds would give another answer now and then. */
  return g_variant_new_uint64 ((guint64) ((g_get_real_time () - ago) / CLOCK_SECOND));
}

static GVariant *
get_expires (gpointer object, gpointer user_data)
{
  gint64 left = (((Binding *) object)->expires - clock_now ()) / CLOCK_SECOND;

  return g_variant_new_uint32 ((guint32) CLAMP (left, 0, G_MAXUINT32));
}

static GVariant *
get_last_wake (gpointer object, gpointer user_data)
{
  return g_variant_new_uint64 ((guint64) ((Binding *) object)->history.last_wake_wall);
}

static GVariant *
get_wakes_succeeded (gpointer object, gpointer user_data)
{
  return g_variant_new_uint32 (((Binding *) object)->history.wake_ok);
}

static GVariant *
get_wakes_failed (gpointer object, gpointer user_data)
{
  return g_variant_new_uint32 (((Binding *) object)->history.wake_failed);
}

static GVariant *
get_risk (gpointer object, gpointer user_data)
{
  const gchar *risk = ((Binding *) object)->at_risk;

  return g_variant_new_string (risk ? risk : "");
}

static const BusProperty properties[] = {
  { "Token", get_token },
  { "Aor", get_aor },
  { "Pbx", get_pbx },
  { "UserAgent", get_user_agent },
  { "Service", get_service },
  { "State", get_state },
  { "Address", get_address },
  { "Certificate", get_certificate },
  { "Created", get_created },
  { "Registered", get_registered },
  { "Expires", get_expires },
  { "LastWake", get_last_wake },
  { "WakesSucceeded", get_wakes_succeeded },
  { "WakesFailed", get_wakes_failed },
  { "Risk", get_risk },
  { 0 },
};

/* ---- methods ---- */

static void
on_pushed (GObject *source, GAsyncResult *async, gpointer user_data)
{
  GDBusMethodInvocation *invocation = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (PushResult) result = push_service_send_finish (PUSH_SERVICE (source), async, &error);
  g_autofree gchar *reason = NULL;

  if (!result) {
    g_dbus_method_invocation_return_gerror (invocation, error);
    return;
  }
  reason = g_utf8_make_valid (result->reason ? result->reason : "", -1);
  g_dbus_method_invocation_return_value (
      invocation, g_variant_new ("(susx)", push_outcome_to_string (result->outcome), result->status,
                                 reason, result->duration_us));
}

static void
test_push (gpointer object,
           GVariant *parameters,
           GDBusMethodInvocation *invocation,
           gpointer user_data)
{
  BusBindings *self = user_data;
  g_autoptr (PushRequest) request = NULL;

  if (!binding_has_push (object)) {
    g_dbus_method_invocation_return_error_literal (invocation, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID,
                                                   "this phone registered without push");
    return;
  }
  request = push_target_request (object, PUSH_KIND_REFRESH);
  request->ttl = TEST_SECONDS;
  push_service_send_async (self->push, request, TEST_SECONDS * 1000, NULL, on_pushed, invocation);
}

static void
remove_binding (gpointer object,
                GVariant *parameters,
                GDBusMethodInvocation *invocation,
                gpointer user_data)
{
  BusBindings *self = user_data;

  keeper_dismiss (self->keeper, object, "removed by the administrator");
  g_dbus_method_invocation_return_value (invocation, NULL);
}

static const BusMethod methods[] = {
  { "TestPush", AUTHORITY_TEST, test_push },
  { "Remove", AUTHORITY_CHANGE, remove_binding },
  { 0 },
};

static gpointer
find_binding (const gchar *id, gpointer user_data)
{
  return location_find_token (((BusBindings *) user_data)->location, id);
}

static const BusClass class = {
  .info = &org_sipwake_sipwake1_binding_interface,
  .folder = "binding",
  .methods = methods,
  .properties = properties,
  .find = find_binding,
};

/* ---- lists ---- */

static gboolean
matches (const Binding *binding, const gchar *filter)
{
  return !*filter || strstr (binding->aor, filter) || strstr (service_of (binding), filter) ||
         strstr (binding->token, filter) ||
         (binding->user_agent && strstr (binding->user_agent, filter));
}

typedef struct {
  const gchar *filter;
  GPtrArray *found;
} Search;

static void
search (Binding *binding, gpointer user_data)
{
  Search *self = user_data;

  if (matches (binding, self->filter))
    g_ptr_array_add (self->found, binding);
}

static gint
by_aor (gconstpointer a, gconstpointer b)
{
  const Binding *left = *(Binding *const *) a, *right = *(Binding *const *) b;
  gint order = strcmp (left->aor, right->aor);

  return order ? order : strcmp (left->token, right->token);
}

/**
 * bus_bindings_list:
 * @bindings: the phones on the bus
 * @offset: how many to leave out
 * @limit: how many at most
 * @filter: part of an AOR, a user agent, a service or a token; empty: all
 *
 * Returns: (transfer floating): (uaa{sv}): how many match, and the page
 */
GVariant *
bus_bindings_list (BusBindings *self, guint offset, guint limit, const gchar *filter)
{
  g_autoptr (GPtrArray) found = g_ptr_array_new ();
  Search all = { filter, found };
  GVariantBuilder page;

  location_each (self->location, search, &all);
  g_ptr_array_sort (found, by_aor);
  g_variant_builder_init (&page, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = offset; i < found->len && i - offset < MIN (limit, MAX_PAGE); i++) {
    Binding *binding = g_ptr_array_index (found, i);
    g_autofree gchar *path = bus_interface_path (&class, binding->token);

    g_variant_builder_open (&page, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add (&page, "{sv}", "Path", g_variant_new_object_path (path));
    bus_interface_describe (&class, binding, self, &page);
    g_variant_builder_close (&page);
  }
  return g_variant_new ("(uaa{sv})", found->len, &page);
}

/* ---- changes ---- */

static void on_asleep (SipFlow *flow, gpointer user_data);

static void
watch_free (Watch *watch)
{
  if (watch->flow)
    sip_flow_unwatch (watch->flow, on_asleep, watch);
  g_clear_pointer (&watch->flow, sip_flow_unref);
  g_free (watch->token);
  g_free (watch);
}

static void
on_asleep (SipFlow *flow, gpointer user_data)
{
  Watch *watch = user_data;

  g_clear_pointer (&watch->flow, sip_flow_unref);
  bus_changes_note (watch->bindings->changes, watch->token, BUS_CHANGED);
}

static void
watch_flow (BusBindings *self, const Binding *binding)
{
  Watch *watch;

  if (!sip_flow_is_connection (binding->flow) || !sip_flow_is_open (binding->flow)) {
    g_hash_table_remove (self->watches, binding->token);
    return;
  }
  watch = g_new0 (Watch, 1);
  watch->bindings = self;
  watch->token = g_strdup (binding->token);
  watch->flow = sip_flow_ref (binding->flow);
  sip_flow_watch (watch->flow, on_asleep, watch);
  g_hash_table_replace (self->watches, watch->token, watch);
}

static void
on_refreshed (Location *location, Binding *binding, gpointer user_data)
{
  BusBindings *self = user_data;

  watch_flow (self, binding);
  bus_changes_note (self->changes, binding->token, binding->renewed ? BUS_CHANGED : BUS_ADDED);
}

static void
on_removed (Location *location, Binding *binding, gpointer user_data)
{
  BusBindings *self = user_data;

  g_hash_table_remove (self->watches, binding->token);
  bus_changes_note (self->changes, binding->token, BUS_REMOVED);
}

/**
 * bus_bindings_note_wake:
 * @bindings: the phones on the bus
 * @binding: one whose wake-up is over
 */
void
bus_bindings_note_wake (BusBindings *self, const Binding *binding)
{
  if (location_has (self->location, binding))
    bus_changes_note (self->changes, binding->token, BUS_CHANGED);
}

/**
 * bus_bindings_new:
 * @location: the phones
 * @keeper: takes leave of the PBX for those that are removed; outlives them on the bus
 * @push: sends the tests
 * @connection: the bus
 * @authority: whom to ask
 * @error: return location
 *
 * Returns: (transfer full) (nullable): the phones on the bus
 */
BusBindings *
bus_bindings_new (Location *location,
                  Keeper *keeper,
                  PushService *push,
                  GDBusConnection *connection,
                  Authority *authority,
                  GError **error)
{
  BusBindings *self = g_new0 (BusBindings, 1);

  self->interface = bus_interface_publish (&class, self, connection, authority, error);
  if (!self->interface) {
    g_free (self);
    return NULL;
  }
  self->location = g_object_ref (location);
  self->keeper = keeper;
  self->push = g_object_ref (push);
  self->changes = bus_changes_new (&class, "BindingsChanged", invalidated, connection);
  self->watches =
      g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) watch_free);
  self->refreshed = g_signal_connect (location, "refreshed", G_CALLBACK (on_refreshed), self);
  self->removed = g_signal_connect (location, "removed", G_CALLBACK (on_removed), self);
  return self;
}

/**
 * bus_bindings_free:
 * @bindings: (transfer full): the phones on the bus
 */
void
bus_bindings_free (BusBindings *self)
{
  g_signal_handler_disconnect (self->location, self->refreshed);
  g_signal_handler_disconnect (self->location, self->removed);
  bus_interface_free (self->interface);
  g_hash_table_unref (self->watches);
  bus_changes_free (self->changes);
  g_object_unref (self->push);
  g_object_unref (self->location);
  g_free (self);
}
