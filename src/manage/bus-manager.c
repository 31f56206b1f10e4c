/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bus-manager: the daemon itself on the bus: org.sipwake.Sipwake1.Manager at the root object.
 */
#include "config.h"

#include "manage/bus-manager.h"

#include "base/clock.h"
#include "base/counters.h"
#include "base/deadline.h"
#include "base/error.h"
#include "base/log.h"
#include "base/names.h"
#include "manage/bus-changes.h"
#include "manage/bus-info.h"
#include "push/push-check.h"

#define CHECK_SECONDS 10
#define DRAINED_MS 20 /* after a call's last word it is still there for a moment */

struct _BusManager {
  BusManagerOptions options;
  GDBusConnection *connection;
  BusInterface *interface;
  gint64 started;
  gulong call_changed;
  Deadline *drained;
};

/* ---- properties ---- */

static GVariant *
get_version (gpointer object, gpointer user_data)
{
  return g_variant_new_string (PACKAGE_VERSION);
}

static GVariant *
get_started (gpointer object, gpointer user_data)
{
  return g_variant_new_uint64 ((guint64) ((BusManager *) object)->started);
}

static GVariant *
get_counters (gpointer object, gpointer user_data)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{st}"));
  for (guint i = 0; i < N_COUNTERS; i++)
    g_variant_builder_add (&builder, "{st}", counters_name (i), MAX (counters_get (i), 0));
  return g_variant_builder_end (&builder);
}

static GVariant *
get_n_calls (gpointer object, gpointer user_data)
{
  return g_variant_new_uint32 (router_n_calls (((BusManager *) object)->options.router));
}

static GVariant *
get_n_bindings (gpointer object, gpointer user_data)
{
  return g_variant_new_uint32 ((guint32) counters_get (COUNTER_BINDINGS));
}

static GVariant *
get_log_level (gpointer object, gpointer user_data)
{
  return g_variant_new_string (log_level_name ());
}

static GVariant *
get_draining (gpointer object, gpointer user_data)
{
  return g_variant_new_boolean (router_is_draining (((BusManager *) object)->options.router));
}

static GVariant *
get_drained (gpointer object, gpointer user_data)
{
  const Router *router = ((BusManager *) object)->options.router;

  return g_variant_new_boolean (router_is_draining (router) &&
                                router_n_calls ((Router *) router) == 0);
}

static void
add_rtpengine (const gchar *address, gboolean up, gpointer builder)
{
  g_variant_builder_add (builder, "(sb)", address, up);
}

static GVariant *
get_rtpengines (gpointer object, gpointer user_data)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(sb)"));
  rtpengine_each (((BusManager *) object)->options.rtpengine, add_rtpengine, &builder);
  return g_variant_builder_end (&builder);
}

static const BusProperty properties[] = {
  { "Version", get_version },   { "Started", get_started },      { "Counters", get_counters },
  { "NCalls", get_n_calls },    { "NBindings", get_n_bindings }, { "LogLevel", get_log_level },
  { "Draining", get_draining }, { "Drained", get_drained },      { "Rtpengines", get_rtpengines },
  { 0 },
};

static void
announce (BusManager *self, const gchar *first, const gchar *second)
{
  const gchar *names[] = { first, second, NULL };

  bus_changes_announce (self->connection, SIPWAKE_BUS_PATH, SIPWAKE_BUS_MANAGER, names);
}

/* ---- draining ---- */

static void
on_maybe_drained (gpointer user_data)
{
  BusManager *self = user_data;

  self->drained = NULL;
  if (router_n_calls (self->options.router) > 0)
    return;
  log_info (LOG_NONE, "drained: no call runs, and no new one is taken");
  announce (self, "Drained", NULL);
}

static void
on_call_changed (CallLog *log, CallRecord *record, gpointer user_data)
{
  BusManager *self = user_data;

  if (call_record_state (record) != CALL_OVER || !router_is_draining (self->options.router))
    return;
  deadline_clear (&self->drained);
  self->drained = deadline_new (DRAINED_MS, on_maybe_drained, self);
}

static void
drain (gpointer object, GVariant *parameters, GDBusMethodInvocation *invocation, gpointer user_data)
{
  BusManager *self = object;

  if (!router_is_draining (self->options.router)) {
    log_info (LOG_NONE, "draining: new calls are refused from now on");
    router_drain (self->options.router);
    announce (self, "Draining", "Drained");
  }
  g_dbus_method_invocation_return_value (invocation, NULL);
}

/* ---- methods ---- */

static void
reload (gpointer object,
        GVariant *parameters,
        GDBusMethodInvocation *invocation,
        gpointer user_data)
{
  BusManager *self = object;
  g_autoptr (GError) error = NULL;

  if (!self->options.reload (self->options.reload_data, &error)) {
    g_dbus_method_invocation_return_gerror (invocation, error);
    return;
  }
  announce (self, "LogLevel", NULL);
  g_dbus_method_invocation_return_value (invocation, NULL);
}

static void
set_log_level (gpointer object,
               GVariant *parameters,
               GDBusMethodInvocation *invocation,
               gpointer user_data)
{
  const gchar *word;
  GLogLevelFlags level;

  g_variant_get (parameters, "(&s)", &word);
  if (!log_level_from_string (word, &level)) {
    g_dbus_method_invocation_return_error (invocation, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID,
                                           "%s is none of error, warning, info, debug", word);
    return;
  }
  log_set_level (level);
  log_info (LOG_NONE, "log level set to %s", word);
  announce (object, "LogLevel", NULL);
  g_dbus_method_invocation_return_value (invocation, NULL);
}

static void
list_bindings (gpointer object,
               GVariant *parameters,
               GDBusMethodInvocation *invocation,
               gpointer user_data)
{
  BusManager *self = object;
  guint offset, limit;
  const gchar *filter;

  g_variant_get (parameters, "(uu&s)", &offset, &limit, &filter);
  g_dbus_method_invocation_return_value (
      invocation, bus_bindings_list (self->options.bindings, offset, limit, filter));
}

static void
list_calls (gpointer object,
            GVariant *parameters,
            GDBusMethodInvocation *invocation,
            gpointer user_data)
{
  BusManager *self = object;
  guint offset, limit;
  const gchar *filter;

  g_variant_get (parameters, "(uu&s)", &offset, &limit, &filter);
  g_dbus_method_invocation_return_value (
      invocation, bus_calls_list (self->options.calls, offset, limit, filter));
}

static void
list_accounts (gpointer object,
               GVariant *parameters,
               GDBusMethodInvocation *invocation,
               gpointer user_data)
{
  BusManager *self = object;
  guint offset, limit;
  const gchar *filter;

  g_variant_get (parameters, "(uu&s)", &offset, &limit, &filter);
  g_dbus_method_invocation_return_value (
      invocation, bus_accounts_list (self->options.accounts, offset, limit, filter));
}

static void
add_account (gpointer object,
             GVariant *parameters,
             GDBusMethodInvocation *invocation,
             gpointer user_data)
{
  bus_accounts_add (((BusManager *) object)->options.accounts, invocation);
}

static void
import_accounts (gpointer object,
                 GVariant *parameters,
                 GDBusMethodInvocation *invocation,
                 gpointer user_data)
{
  bus_accounts_import (((BusManager *) object)->options.accounts, invocation);
}

static GVariant *
describe_finding (const PushFinding *finding)
{
  g_autofree gchar *detail = g_utf8_make_valid (finding->detail, -1);

  return g_variant_new_parsed (
      "{'Group': <%s>, 'Service': <%s>, 'Subject': <%s>, 'Verdict': <%s>, 'Detail': <%s>}",
      finding->group, finding->provider, finding->subject,
      push_verdict_to_string (finding->verdict), detail);
}

static void
on_checked (GObject *source, GAsyncResult *async, gpointer user_data)
{
  GDBusMethodInvocation *invocation = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) findings = push_check_finish (PUSH_SERVICE (source), async, &error);
  GVariantBuilder list;

  if (!findings) {
    g_dbus_method_invocation_return_gerror (invocation, error);
    return;
  }
  g_variant_builder_init (&list, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < findings->len; i++)
    g_variant_builder_add_value (&list, describe_finding (g_ptr_array_index (findings, i)));
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(aa{sv})", &list));
}

static void
check_push (gpointer object,
            GVariant *parameters,
            GDBusMethodInvocation *invocation,
            gpointer user_data)
{
  push_check_async (((BusManager *) object)->options.push, CHECK_SECONDS * 1000, on_checked,
                    invocation);
}

static const BusMethod methods[] = {
  { "Reload", AUTHORITY_CHANGE, reload },
  { "SetLogLevel", AUTHORITY_CHANGE, set_log_level },
  { "Drain", AUTHORITY_CHANGE, drain },
  { "CheckPush", AUTHORITY_TEST, check_push },
  { "ListBindings", AUTHORITY_READ, list_bindings },
  { "ListCalls", AUTHORITY_READ, list_calls },
  { "ListAccounts", AUTHORITY_READ, list_accounts },
  { "AddAccount", AUTHORITY_CHANGE, add_account },
  { "ImportAccounts", AUTHORITY_CHANGE, import_accounts },
  { 0 },
};

static const BusClass class = {
  .info = &org_sipwake_sipwake1_manager_interface,
  .methods = methods,
  .properties = properties,
};

/**
 * bus_manager_new:
 * @options: what it shows; all of it outlives the manager
 * @connection: the bus
 * @authority: whom to ask
 * @error: return location
 *
 * Returns: (transfer full) (nullable): the daemon on the bus
 */
BusManager *
bus_manager_new (const BusManagerOptions *options,
                 GDBusConnection *connection,
                 Authority *authority,
                 GError **error)
{
  BusManager *self = g_new0 (BusManager, 1);

  self->interface = bus_interface_publish (&class, self, connection, authority, error);
  if (!self->interface) {
    g_free (self);
    return NULL;
  }
  self->options = *options;
  self->connection = g_object_ref (connection);
  self->started = clock_wall ();
  self->call_changed = g_signal_connect (router_log (options->router), "changed",
                                         G_CALLBACK (on_call_changed), self);
  return self;
}

/**
 * bus_manager_free:
 * @manager: (transfer full): the daemon on the bus
 */
void
bus_manager_free (BusManager *self)
{
  g_signal_handler_disconnect (router_log (self->options.router), self->call_changed);
  deadline_clear (&self->drained);
  bus_interface_free (self->interface);
  g_object_unref (self->connection);
  g_free (self);
}
