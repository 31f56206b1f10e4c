/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ctl-session: the connection to a daemon, and what its errors mean for our exit code.
 *
 * All commands speak to the daemon through it.
 */
#include "ctl/ctl-session.h"

#include "base/names.h"

#include <glib/gi18n.h>

#define TIMEOUT_MS 120000 /* polkit may ask for a password meanwhile */

static gboolean
wants_session_bus (const CtlOptions *options, gboolean *session, GError **error)
{
  const gchar *bus = options->bus ? options->bus : g_getenv ("SIPWAKE_BUS");

  *session = g_strcmp0 (bus, "session") == 0;
  if (!bus || *session || g_str_equal (bus, "system"))
    return TRUE;
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
               _ ("there is no bus \"%s\": system or session"), bus);
  return FALSE;
}

/**
 * ctl_session_connect:
 * @session: a session
 * @error: return location
 *
 * Returns: whether there is a bus; the daemon may still be missing there
 */
gboolean
ctl_session_connect (CtlSession *session, GError **error)
{
  const CtlOptions *options = session->options;
  gboolean on_session_bus;

  if (!wants_session_bus (options, &on_session_bus, error))
    return FALSE;
  session->name = g_strjoin (".", SIPWAKE_BUS_NAME, options->instance, NULL);
  if (!g_dbus_is_name (session->name)) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                 _ ("\"%s\" cannot be the name of an instance"), options->instance);
    return FALSE;
  }
  session->connection =
      g_bus_get_sync (on_session_bus ? G_BUS_TYPE_SESSION : G_BUS_TYPE_SYSTEM, NULL, error);
  return session->connection != NULL;
}

/**
 * ctl_session_close:
 * @session: a session
 */
void
ctl_session_close (CtlSession *session)
{
  g_clear_object (&session->connection);
  g_clear_pointer (&session->name, g_free);
}

/**
 * ctl_session_settle:
 * @answer: (nullable) (transfer full): what came over the bus
 *
 * GLib keeps what it has read from the bus as a tree, whose leaves it may free to make one piece of
 * them: as one piece, strings that are borrowed from it stay for as long as it does.
 *
 * Returns: (nullable) (transfer full): @answer
 */
GVariant *
ctl_session_settle (GVariant *answer)
{
  if (answer)
    g_variant_get_data (answer);
  return answer;
}

/**
 * ctl_session_call:
 * @session: a session
 * @path: an object of the daemon
 * @interface: one of its interfaces
 * @method: a method of that
 * @parameters: (nullable) (transfer floating): for the method
 * @reply: (nullable): the type of its answer
 * @error: return location
 *
 * Returns: (transfer full) (nullable): the answer
 */
GVariant *
ctl_session_call (CtlSession *session,
                  const gchar *path,
                  const gchar *interface,
                  const gchar *method,
                  GVariant *parameters,
                  const gchar *reply,
                  GError **error)
{
  return ctl_session_settle (g_dbus_connection_call_sync (
    session->connection, session->name, path, interface, method, parameters,
    reply ? G_VARIANT_TYPE (reply) : NULL, G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION,
    TIMEOUT_MS, NULL, error));
}

/**
 * ctl_session_get_all:
 * @session: a session
 * @path: an object of the daemon
 * @interface: one of its interfaces
 * @error: return location
 *
 * Returns: (transfer full) (nullable): all properties, an a{sv}
 */
GVariant *
ctl_session_get_all (CtlSession *session, const gchar *path, const gchar *interface, GError **error)
{
  g_autoptr (GVariant) answer =
      ctl_session_call (session, path, "org.freedesktop.DBus.Properties", "GetAll",
                        g_variant_new ("(s)", interface), "(a{sv})", error);

  return answer ? g_variant_get_child_value (answer, 0) : NULL;
}

static CtlExit
exit_of (const GError *error)
{
  g_autofree gchar *name = g_dbus_error_get_remote_error (error);

  if (error->domain == G_OPTION_ERROR)
    return CTL_USAGE;
  if (g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN) ||
      g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER) ||
      g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY) || !name)
    return CTL_NO_DAEMON;
  if (g_str_equal (name, SIPWAKE_BUS_ERROR_DENIED) ||
      g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_ACCESS_DENIED))
    return CTL_DENIED;
  if (g_str_equal (name, SIPWAKE_BUS_ERROR_NOT_FOUND))
    return CTL_NOT_FOUND;
  return CTL_FAILED;
}

/**
 * ctl_session_miss:
 *
 * Says on the standard error that there is no daemon on the bus.
 *
 * Returns: the exit code for it
 */
CtlExit
ctl_session_miss (void)
{
  g_printerr (_ ("sipwakectl: the daemon is not on the bus: it does not run (systemctl status "
                 "sipwaked), has another bus in its configuration, or is another --instance\n"));
  return CTL_NO_DAEMON;
}

/**
 * ctl_session_complain:
 * @error: what went wrong
 *
 * Says so on the standard error.
 *
 * Returns: the exit code for it
 */
CtlExit
ctl_session_complain (const GError *error)
{
  g_autoptr (GError) plain = g_error_copy (error);
  CtlExit code = exit_of (error);

  g_dbus_error_strip_remote_error (plain);
  if (g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN) ||
      g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER))
    ctl_session_miss ();
  else if (code == CTL_DENIED)
    g_printerr (_ ("sipwakectl: %s; root may do it (sudo)\n"), plain->message);
  else if (code == CTL_NO_DAEMON)
    g_printerr (_ ("sipwakectl: the daemon is not reached: %s\n"), plain->message);
  else
    g_printerr (_ ("sipwakectl: %s\n"), plain->message);
  return code;
}

/**
 * ctl_session_manage:
 * @session: a session
 * @method: a method of the Manager that returns nothing
 * @parameters: (nullable) (transfer floating): for it
 *
 * Returns: the exit code, after a complaint where it is not CTL_OK
 */
CtlExit
ctl_session_manage (CtlSession *session, const gchar *method, GVariant *parameters)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer = ctl_session_call (session, SIPWAKE_BUS_PATH, SIPWAKE_BUS_MANAGER,
                                                  method, parameters, "()", &error);

  return answer ? CTL_OK : ctl_session_complain (error);
}
