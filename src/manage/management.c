/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * management: the whole floor: who watches the daemon, and by what: the bus, the metrics, the log.
 *
 * The daemon serves calls without a bus as well as with one, so trouble there is a warning only.
 */
#include "manage/management.h"

#include "base/deadline.h"
#include "base/log.h"
#include "base/names.h"
#include "manage/bus-error.h"
#include "manage/bus-pbx.h"
#include "manage/limit-watch.h"
#include "manage/metrics-server.h"

#define FIRST_RETRY_MS 500
#define LONGEST_RETRY_MS 60000

struct _Management {
  ManagementOptions options;
  gboolean polkit;
  gchar *name;
  guint owner;
  guint retry_ms;
  Deadline *retry; /* of the name on the bus */
  Authority *authority;
  BusPbxes *pbxes;
  BusAccounts *accounts;
  BusBindings *bindings;
  BusCalls *calls;
  BusManager *manager;
  WakeTimes *wake_times;
  LimitWatch *limits;
  MetricsServer *metrics;
};

static void
on_wake_over (Binding *binding, const gchar *service, gint64 microseconds, gpointer user_data)
{
  Management *self = user_data;

  wake_times_add (self->wake_times, service, microseconds);
  if (self->bindings)
    bus_bindings_note_wake (self->bindings, binding);
}

/* ---- the bus ---- */

static gboolean
publish (Management *self, GDBusConnection *connection, GError **error)
{
  const ManagementOptions *options = &self->options;
  BusManagerOptions manager = { .router = options->router,
                                .push = options->push,
                                .rtpengine = options->rtpengine,
                                .reload = options->reload,
                                .reload_data = options->reload_data };

  self->authority = authority_new (self->polkit);
  self->pbxes = bus_pbxes_new (options->pbxes, options->location, connection, self->authority, error);
  if (!self->pbxes)
    return FALSE;
  self->accounts = manager.accounts =
      bus_accounts_new (options->accounts, options->pbxes, connection, self->authority, error);
  if (!self->accounts)
    return FALSE;
  self->bindings = manager.bindings =
      bus_bindings_new (options->location, options->keeper, options->push, connection,
                        self->authority, error);
  if (!self->bindings)
    return FALSE;
  self->calls = manager.calls = bus_calls_new (options->router, connection, self->authority, error);
  if (!self->calls)
    return FALSE;
  self->manager = bus_manager_new (&manager, connection, self->authority, error);
  return self->manager != NULL;
}

static void
withdraw (Management *self)
{
  g_clear_pointer (&self->authority, authority_free);
  g_clear_pointer (&self->manager, bus_manager_free);
  g_clear_pointer (&self->calls, bus_calls_free);
  g_clear_pointer (&self->bindings, bus_bindings_free);
  g_clear_pointer (&self->accounts, bus_accounts_free);
  g_clear_pointer (&self->pbxes, bus_pbxes_free);
}

static void
on_bus (GDBusConnection *connection, const gchar *name, gpointer user_data)
{
  Management *self = user_data;
  g_autoptr (GError) error = NULL;

  g_dbus_connection_set_exit_on_close (connection, FALSE);
  if (publish (self, connection, &error))
    return;
  log_warning (LOG_NONE, "nothing is shown on the bus: %s", error->message);
  withdraw (self);
}

static void
on_name (GDBusConnection *connection, const gchar *name, gpointer user_data)
{
  ((Management *) user_data)->retry_ms = FIRST_RETRY_MS;
  log_info (LOG_NONE, "on the bus as %s", name);
}

static void join_bus (gpointer user_data);

static void
leave_bus (Management *self)
{
  deadline_clear (&self->retry);
  g_clear_handle_id (&self->owner, g_bus_unown_name);
  withdraw (self);
}

/* A bus learns of our policy, and of the user that it is for, while a package is being installed,
 * maybe after the daemon has started. */
static void
on_name_lost (GDBusConnection *connection, const gchar *name, gpointer user_data)
{
  Management *self = user_data;
  gboolean first = self->retry_ms == FIRST_RETRY_MS;

  leave_bus (self);
  self->retry = deadline_new (self->retry_ms, join_bus, self);
  self->retry_ms = MIN (self->retry_ms * 2, LONGEST_RETRY_MS);
  if (first && !connection)
    log_warning (LOG_NONE, "no connection to the bus; sipwakectl will not find us");
  else if (first)
    log_warning (LOG_NONE,
                 "the bus does not give us the name %s: another one has it, or its policy says no",
                 name);
}

static void
join_bus (gpointer user_data)
{
  Management *self = user_data;

  self->retry = NULL;
  self->owner = g_bus_own_name (self->polkit ? G_BUS_TYPE_SYSTEM : G_BUS_TYPE_SESSION, self->name,
                                G_BUS_NAME_OWNER_FLAGS_DO_NOT_QUEUE, on_bus, on_name, on_name_lost,
                                self, NULL);
}

/* ---- up and down ---- */

static gboolean
serve_metrics (Management *self, const EndpointSettings *endpoint, GError **error)
{
  MetricsSources sources = {
    .router = self->options.router,
    .location = self->options.location,
    .pbxes = self->options.pbxes,
    .accounts = self->options.accounts,
    .wake_times = self->wake_times,
  };

  if (!endpoint->host)
    return TRUE;
  self->metrics = metrics_server_new (endpoint->host, endpoint->port, &sources, error);
  return self->metrics != NULL;
}

/**
 * management_new:
 * @options: what is managed
 * @error: return location
 *
 * Returns: (transfer full) (nullable): the management; the bus is joined a little later
 */
Management *
management_new (const ManagementOptions *options, GError **error)
{
  Management *self = g_new0 (Management, 1);

  self->options = *options;
  self->name = g_strjoin (".", SIPWAKE_BUS_NAME, options->instance, NULL);
  self->wake_times = wake_times_new ();
  self->limits = limit_watch_new ();
  push_bucket_watch (options->bucket, on_wake_over, self);
  if (!serve_metrics (self, &options->settings->metrics, error)) {
    management_free (self);
    return NULL;
  }
  self->retry_ms = FIRST_RETRY_MS;
  self->polkit = options->settings->daemon.bus == SETTINGS_BUS_SYSTEM;
  bus_error_register ();
  if (options->settings->daemon.bus != SETTINGS_BUS_NONE)
    join_bus (self);
  return self;
}

/**
 * management_free:
 * @management: (transfer full): the management; it lets go of all that it watches
 */
void
management_free (Management *self)
{
  push_bucket_watch (self->options.bucket, NULL, NULL);
  leave_bus (self);
  g_clear_pointer (&self->metrics, metrics_server_free);
  limit_watch_free (self->limits);
  wake_times_free (self->wake_times);
  g_free (self->name);
  g_free (self);
}
