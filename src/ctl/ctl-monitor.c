/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ctl-monitor: the command that shows what happens while it happens, until it is interrupted.
 *
 * The daemon's signals name objects only; what became of them is read, which needs the right to.
 */
#include "ctl/ctl-monitor.h"

#include "base/names.h"
#include "ctl/ctl-json.h"
#include "ctl/ctl-table.h"

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <stdio.h>

/* The Manager's signals, and what the objects are that they name. */
static const struct {
  const gchar *name;
  const gchar *interface;
  const gchar *noun;
} signals[] = {
  { "BindingsChanged", SIPWAKE_BUS_BINDING, N_ ("phone") },
  { "CallsChanged", SIPWAKE_BUS_CALL, N_ ("call") },
  { "AccountsChanged", SIPWAKE_BUS_ACCOUNT, N_ ("account") },
};

typedef struct {
  CtlSession *session;
  GMainLoop *loop;
  CtlExit code;
} Monitor;

/* One object of a signal, while it is read. */
typedef struct {
  Monitor *monitor;
  const gchar *event;
  const gchar *interface;
  gchar *path;
} Reading;

static void
reading_free (Reading *reading)
{
  g_free (reading->path);
  g_free (reading);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Reading, reading_free)

/* ---- one line ---- */

static void
print_json (const Reading *reading, GVariant *properties)
{
  g_autoptr (GVariant) all = NULL;
  GVariantDict dict;

  g_variant_dict_init (&dict, properties);
  g_variant_dict_insert (&dict, "Event", "s", reading->event);
  g_variant_dict_insert (&dict, "Path", "o", reading->path);
  all = g_variant_ref_sink (g_variant_dict_end (&dict));
  ctl_json_print (all);
}

static gchar *
describe (const Reading *reading, GVariant *properties)
{
  if (!properties)
    return g_path_get_basename (reading->path);
  if (g_str_equal (reading->interface, SIPWAKE_BUS_ACCOUNT))
    return g_strdup_printf ("%s  %s  %s  %s", ctl_table_string (properties, "Pbx"),
                            ctl_table_string (properties, "User"),
                            ctl_table_word (ctl_table_string (properties, "State")),
                            ctl_table_string (properties, "Trouble"));
  if (g_str_equal (reading->interface, SIPWAKE_BUS_CALL))
    return g_strdup_printf ("%s  %s  %s  %s", ctl_table_string (properties, "Id"),
                            ctl_table_word (ctl_table_string (properties, "Direction")),
                            ctl_table_word (ctl_table_string (properties, "State")),
                            ctl_table_string (properties, "LastStep"));
  return g_strdup_printf ("%s  %s  %s  %s", ctl_table_string (properties, "Aor"),
                          ctl_table_word (ctl_table_string (properties, "State")),
                          ctl_table_string (properties, "Address"),
                          ctl_table_string (properties, "UserAgent"));
}

static const gchar *
noun_of (const Reading *reading)
{
  for (gsize i = 0; i < G_N_ELEMENTS (signals); i++)
    if (g_str_equal (signals[i].interface, reading->interface))
      return _ (signals[i].noun);
  return "";
}

static void
print_line (const Reading *reading, GVariant *properties)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree gchar *stamp = g_date_time_format (now, "%H:%M:%S");
  g_autofree gchar *text = describe (reading, properties);

  g_strdelimit (text, "\033\r\n\t", '?');
  g_print ("%s%s%s  %s  %s  %s\n", ctl_table_style (CTL_DIM), stamp, ctl_table_style (CTL_PLAIN),
           noun_of (reading), ctl_table_word (reading->event), text);
}

static void
print_event (const Reading *reading, GVariant *properties)
{
  if (reading->monitor->session->options->json)
    print_json (reading, properties);
  else
    print_line (reading, properties);
  fflush (stdout);
}

/* ---- what the daemon says ---- */

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Reading) reading = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer =
      ctl_session_settle (g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error));
  g_autoptr (GVariant) properties = NULL;
  g_autofree gchar *name = NULL;

  if (answer) {
    properties = g_variant_get_child_value (answer, 0);
    print_event (reading, properties);
    return;
  }
  name = g_dbus_error_get_remote_error (error);
  if (g_strcmp0 (name, SIPWAKE_BUS_ERROR_NOT_FOUND) == 0)
    return; /* its end is told as well */
  reading->monitor->code = ctl_session_complain (error);
  g_main_loop_quit (reading->monitor->loop);
}

static void
show (Monitor *monitor, GVariant *paths, const gchar *event, const gchar *interface)
{
  CtlSession *session = monitor->session;

  for (gsize i = 0; i < g_variant_n_children (paths); i++) {
    Reading *reading = g_new0 (Reading, 1);

    *reading = (Reading){ monitor, event, interface, NULL };
    g_variant_get_child (paths, i, "o", &reading->path);
    if (g_str_equal (event, "removed")) {
      print_event (reading, NULL);
      reading_free (reading);
      continue;
    }
    g_dbus_connection_call (session->connection, session->name, reading->path,
                            "org.freedesktop.DBus.Properties", "GetAll",
                            g_variant_new ("(s)", interface), G_VARIANT_TYPE ("(a{sv})"),
                            G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_read, reading);
  }
}

static const gchar *
interface_of (const gchar *signal)
{
  for (gsize i = 0; i < G_N_ELEMENTS (signals); i++)
    if (g_str_equal (signals[i].name, signal))
      return signals[i].interface;
  return "";
}

static void
on_changed (GDBusConnection *connection,
            const gchar *sender,
            const gchar *path,
            const gchar *interface,
            const gchar *signal,
            GVariant *parameters,
            gpointer user_data)
{
  const gchar *of = interface_of (signal);
  g_autoptr (GVariant) added = NULL, changed = NULL, removed = NULL;
  guint left_out;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(aoaoaou)")))
    return;
  g_variant_get (parameters, "(@ao@ao@aou)", &added, &changed, &removed, &left_out);
  show (user_data, added, "added", of);
  show (user_data, changed, "changed", of);
  show (user_data, removed, "removed", of);
  if (left_out)
    g_printerr (_ ("sipwakectl: %u more changes are not shown\n"), left_out);
}

static void
on_vanished (GDBusConnection *connection, const gchar *name, gpointer user_data)
{
  Monitor *monitor = user_data;

  monitor->code = ctl_session_miss ();
  g_main_loop_quit (monitor->loop);
}

static gboolean
on_interrupt (gpointer user_data)
{
  g_main_loop_quit (((Monitor *) user_data)->loop);
  return G_SOURCE_CONTINUE;
}

/**
 * ctl_monitor_run:
 * @session: a session
 * @arguments: none
 *
 * Returns: the exit code: CTL_OK when it was interrupted
 */
CtlExit
ctl_monitor_run (CtlSession *session, const gchar *const *arguments)
{
  Monitor monitor = { session, g_main_loop_new (NULL, FALSE), CTL_OK };
  guint watch;

  for (gsize i = 0; i < G_N_ELEMENTS (signals); i++)
    g_dbus_connection_signal_subscribe (session->connection, session->name, SIPWAKE_BUS_MANAGER,
                                        signals[i].name, SIPWAKE_BUS_PATH, NULL,
                                        G_DBUS_SIGNAL_FLAGS_NONE, on_changed, &monitor, NULL);
  watch = g_bus_watch_name_on_connection (session->connection, session->name,
                                          G_BUS_NAME_WATCHER_FLAGS_NONE, NULL, on_vanished,
                                          &monitor, NULL);
  g_unix_signal_add (SIGINT, on_interrupt, &monitor);
  g_unix_signal_add (SIGTERM, on_interrupt, &monitor);
  g_main_loop_run (monitor.loop);
  g_bus_unwatch_name (watch);
  g_main_loop_unref (monitor.loop);
  return monitor.code;
}
