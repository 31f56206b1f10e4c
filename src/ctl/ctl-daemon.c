/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ctl-daemon: the commands about the daemon as a whole: status, counters, reload, drain, log-level,
 * config check.
 */
#include "ctl/ctl-daemon.h"

#include "base/names.h"
#include "ctl/ctl-json.h"
#include "ctl/ctl-table.h"

#include <glib/gi18n.h>

#define DRAIN_POLL_US 500000

static GVariant *
get_manager (CtlSession *session, GError **error)
{
  return ctl_session_get_all (session, SIPWAKE_BUS_PATH, SIPWAKE_BUS_MANAGER, error);
}

/* ---- status ---- */

/* The properties of each PBX. */
static GPtrArray *
get_pbxes (CtlSession *session, GError **error)
{
  g_autoptr (GVariant) answer =
      ctl_session_call (session, SIPWAKE_BUS_PATH, "org.freedesktop.DBus.ObjectManager",
                        "GetManagedObjects", NULL, "(a{oa{sa{sv}}})", error);
  g_autoptr (GVariant) objects = answer ? g_variant_get_child_value (answer, 0) : NULL;
  GPtrArray *pbxes;

  if (!objects)
    return NULL;
  pbxes = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  for (gsize i = 0; i < g_variant_n_children (objects); i++) {
    g_autoptr (GVariant) object = g_variant_get_child_value (objects, i);
    g_autoptr (GVariant) interfaces = g_variant_get_child_value (object, 1);
    GVariant *properties =
        g_variant_lookup_value (interfaces, SIPWAKE_BUS_PBX, G_VARIANT_TYPE_VARDICT);

    if (properties)
      g_ptr_array_add (pbxes, properties);
  }
  return pbxes;
}

static void
print_status_json (GVariant *manager, GPtrArray *pbxes)
{
  g_autoptr (GVariant) all = NULL;
  GVariantDict dict;

  g_variant_dict_init (&dict, manager);
  g_variant_dict_remove (&dict, "Counters");
  g_variant_dict_insert_value (
      &dict, "Pbxes",
      g_variant_new_array (G_VARIANT_TYPE_VARDICT, (GVariant *const *) pbxes->pdata, pbxes->len));
  all = g_variant_ref_sink (g_variant_dict_end (&dict));
  ctl_json_print (all);
}

static void
print_pbxes (GPtrArray *pbxes)
{
  g_autoptr (CtlTable) table =
    ctl_table_new (_ ("PBX"), _ ("STATE"), _ ("LAST ANSWER"), _ ("LAST ERROR"), NULL);

  for (guint i = 0; i < pbxes->len; i++) {
    GVariant *pbx = g_ptr_array_index (pbxes, i);
    gboolean reachable = FALSE;
    gboolean asked = ctl_table_number (pbx, "LastAnswer") || *ctl_table_string (pbx, "LastError");

    g_variant_lookup (pbx, "Reachable", "b", &reachable);
    ctl_table_add (table, CTL_PLAIN, g_strdup (ctl_table_string (pbx, "Name")));
    ctl_table_add (table, !asked ? CTL_DIM : reachable ? CTL_GOOD : CTL_BAD,
                   g_strdup (!asked      ? _ ("not tried yet")
                             : reachable ? _ ("reachable")
                                         : _ ("not reachable")));
    ctl_table_add (table, CTL_PLAIN, ctl_table_ago (ctl_table_number (pbx, "LastAnswer")));
    ctl_table_add (table, CTL_PLAIN, g_strdup (ctl_table_string (pbx, "LastError")));
  }
  ctl_table_print (table);
}

static void
print_rtpengines (GVariant *manager)
{
  g_autoptr (GVariant) rtpengines =
    g_variant_lookup_value (manager, "Rtpengines", G_VARIANT_TYPE ("a(sb)"));
  g_autoptr (CtlTable) table = ctl_table_new ("RTPENGINE", _ ("STATE"), NULL);
  GVariantIter iter;
  gchar *address;
  gboolean up;

  if (!rtpengines || g_variant_n_children (rtpengines) == 0)
    return;
  g_variant_iter_init (&iter, rtpengines);
  while (g_variant_iter_next (&iter, "(sb)", &address, &up)) {
    ctl_table_add (table, CTL_PLAIN, address);
    ctl_table_add (table, up ? CTL_GOOD : CTL_BAD,
                   g_strdup (up ? _ ("reachable") : _ ("not reachable")));
  }
  g_print ("\n");
  ctl_table_print (table);
}

static void
print_status (CtlSession *session, GVariant *manager, GPtrArray *pbxes)
{
  g_autofree gchar *started = ctl_table_ago (ctl_table_number (manager, "Started"));
  guint n_bindings = (guint) ctl_table_number (manager, "NBindings");
  guint n_calls = (guint) ctl_table_number (manager, "NCalls");
  gboolean draining = FALSE, drained = FALSE;

  g_variant_lookup (manager, "Draining", "b", &draining);
  g_variant_lookup (manager, "Drained", "b", &drained);
  g_print (_ ("%ssipwaked %s%s as %s, started %s, logs from %s up\n"), ctl_table_style (CTL_BOLD),
           ctl_table_string (manager, "Version"), ctl_table_style (CTL_PLAIN), session->name,
           started, ctl_table_string (manager, "LogLevel"));
  g_print (ngettext ("%u phone is registered\n", "%u phones are registered\n", n_bindings),
           n_bindings);
  g_print (ngettext ("%u call runs\n", "%u calls run\n", n_calls), n_calls);
  if (draining)
    g_print ("%s%s%s\n", ctl_table_style (CTL_BAD),
             drained ? _ ("drained: no new calls are taken, and none runs")
                     : _ ("draining: no new calls are taken"),
             ctl_table_style (CTL_PLAIN));
  g_print ("\n");
  print_pbxes (pbxes);
  print_rtpengines (manager);
}

/**
 * ctl_daemon_status:
 * @session: a session
 * @arguments: none
 *
 * Returns: the exit code
 */
CtlExit
ctl_daemon_status (CtlSession *session, const gchar *const *arguments)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) manager = get_manager (session, &error);
  g_autoptr (GPtrArray) pbxes = manager ? get_pbxes (session, &error) : NULL;

  if (!pbxes)
    return ctl_session_complain (error);
  if (session->options->json)
    print_status_json (manager, pbxes);
  else
    print_status (session, manager, pbxes);
  return CTL_OK;
}

/**
 * ctl_daemon_counters:
 * @session: a session
 * @arguments: none
 *
 * Returns: the exit code
 */
CtlExit
ctl_daemon_counters (CtlSession *session, const gchar *const *arguments)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) manager = get_manager (session, &error);
  g_autoptr (GVariant) counters = NULL;
  g_autoptr (CtlTable) table = NULL;
  GVariantIter iter;
  const gchar *name;
  guint64 value;

  if (!manager)
    return ctl_session_complain (error);
  counters = g_variant_lookup_value (manager, "Counters", G_VARIANT_TYPE ("a{st}"));
  if (session->options->json) {
    ctl_json_print (counters);
    return CTL_OK;
  }
  table = ctl_table_new (_ ("COUNTER"), _ ("VALUE"), NULL);
  g_variant_iter_init (&iter, counters);
  while (g_variant_iter_next (&iter, "{&st}", &name, &value)) {
    ctl_table_add (table, CTL_PLAIN, g_strdup (name));
    ctl_table_add (table, CTL_PLAIN, g_strdup_printf ("%" G_GUINT64_FORMAT, value));
  }
  ctl_table_print (table);
  return CTL_OK;
}

/* ---- what changes it ---- */

/**
 * ctl_daemon_reload:
 * @session: a session
 * @arguments: none
 *
 * Returns: the exit code
 */
CtlExit
ctl_daemon_reload (CtlSession *session, const gchar *const *arguments)
{
  return ctl_session_manage (session, "Reload", NULL);
}

/**
 * ctl_daemon_drain:
 * @session: a session
 * @arguments: none; with --wait it returns when the last call has ended
 *
 * Returns: the exit code
 */
CtlExit
ctl_daemon_drain (CtlSession *session, const gchar *const *arguments)
{
  CtlExit code = ctl_session_manage (session, "Drain", NULL);
  gboolean drained = FALSE;

  if (code != CTL_OK || !session->options->wait)
    return code;
  while (!drained) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GVariant) manager = get_manager (session, &error);

    if (!manager)
      return ctl_session_complain (error);
    g_variant_lookup (manager, "Drained", "b", &drained);
    if (!drained)
      g_usleep (DRAIN_POLL_US);
  }
  return CTL_OK;
}

/**
 * ctl_daemon_log_level:
 * @session: a session
 * @arguments: the level to set, or none to see the one that is set
 *
 * Returns: the exit code
 */
CtlExit
ctl_daemon_log_level (CtlSession *session, const gchar *const *arguments)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) manager = NULL;

  if (arguments[0])
    return ctl_session_manage (session, "SetLogLevel", g_variant_new ("(s)", arguments[0]));
  manager = get_manager (session, &error);
  if (!manager)
    return ctl_session_complain (error);
  if (session->options->json) {
    g_autoptr (GVariant) level = g_variant_ref_sink (
        g_variant_new_parsed ("{'LogLevel': <%s>}", ctl_table_string (manager, "LogLevel")));

    ctl_json_print (level);
  } else
    g_print ("%s\n", ctl_table_string (manager, "LogLevel"));
  return CTL_OK;
}

/* ---- without it ---- */

/**
 * ctl_daemon_check_config:
 * @session: a session, not connected
 * @arguments: none
 *
 * Lets the daemon's own program read the configuration.
 *
 * Returns: the exit code
 */
CtlExit
ctl_daemon_check_config (CtlSession *session, const gchar *const *arguments)
{
  const gchar *program = g_getenv ("SIPWAKED");
  const gchar *command[] = { program ? program : SBINDIR "/sipwaked", "--check-config", NULL, NULL,
                             NULL };
  g_autoptr (GError) error = NULL;
  g_autofree gchar *complaint = NULL;
  gboolean valid;
  gint status;

  if (session->options->config) {
    command[2] = "--config";
    command[3] = session->options->config;
  }
  if (!g_spawn_sync (NULL, (gchar **) command, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, &complaint,
                     &status, &error)) {
    g_printerr (_ ("sipwakectl: %s\n"), error->message);
    return CTL_FAILED;
  }
  valid = g_spawn_check_wait_status (status, NULL);
  if (session->options->json) {
    g_autoptr (GVariant) verdict = g_variant_ref_sink (
        g_variant_new_parsed ("{'Valid': <%b>, 'Complaint': <%s>}", valid, g_strchomp (complaint)));

    ctl_json_print (verdict);
  } else if (valid)
    g_print (_ ("the configuration is valid\n"));
  else
    g_printerr ("%s", complaint);
  return valid ? CTL_OK : CTL_FAILED;
}
