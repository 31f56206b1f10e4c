/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ctl-bindings: the commands about registered phones: bindings, binding show and remove, push test.
 */
#include "ctl/ctl-bindings.h"

#include "base/names.h"
#include "ctl/ctl-json.h"
#include "ctl/ctl-list.h"

#include <glib/gi18n.h>
#include <string.h>

static CtlStyle
style_of_state (const gchar *state)
{
  if (g_str_equal (state, "awake"))
    return CTL_GOOD;
  return CTL_DIM;
}

static CtlTable *
new_table (void)
{
  return ctl_table_new (_ ("AOR"), _ ("STATE"), _ ("SERVICE"), _ ("REGISTERED"), _ ("EXPIRES"),
                        _ ("LAST WAKE"), _ ("OK/FAILED"), _ ("USER AGENT"), _ ("BINDING"), NULL);
}

static void
add_row (CtlTable *table, GVariant *binding)
{
  const gchar *state = ctl_table_string (binding, "State");
  const gchar *service = ctl_table_string (binding, "Service");
  guint64 failed = ctl_table_number (binding, "WakesFailed");

  ctl_table_add (table, CTL_PLAIN, g_strdup (ctl_table_string (binding, "Aor")));
  ctl_table_add (table, style_of_state (state), g_strdup (ctl_table_word (state)));
  ctl_table_add (table, CTL_PLAIN, g_strdup (*service ? service : "-"));
  ctl_table_add (table, CTL_PLAIN, ctl_table_ago (ctl_table_number (binding, "Registered")));
  ctl_table_add (table, CTL_PLAIN, ctl_table_span (ctl_table_number (binding, "Expires")));
  ctl_table_add (table, CTL_PLAIN, ctl_table_ago (ctl_table_number (binding, "LastWake")));
  ctl_table_add (table, failed ? CTL_BAD : CTL_PLAIN,
                 g_strdup_printf ("%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT,
                                  ctl_table_number (binding, "WakesSucceeded"), failed));
  ctl_table_add (table, CTL_PLAIN, g_strdup (ctl_table_string (binding, "UserAgent")));
  ctl_table_add (table, CTL_DIM, g_strdup (ctl_table_string (binding, "Token")));
}

static const CtlList list = { "ListBindings", new_table, add_row };

/**
 * ctl_bindings_list:
 * @session: a session
 * @arguments: part of an AOR, a user agent, a service or a token; or none
 *
 * Returns: the exit code
 */
CtlExit
ctl_bindings_list (CtlSession *session, const gchar *const *arguments)
{
  return ctl_list_print (session, &list, arguments[0]);
}

/* ---- one of them ---- */

/* A phone by its token, or by what only one phone has. */
static gchar *
find (CtlSession *session, const gchar *word, CtlExit *code)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) bindings = NULL, binding = NULL;
  guint total;

  bindings = ctl_list_fetch (session, list.method, 0, 1, word, &total, &error);
  if (!bindings) {
    *code = ctl_session_complain (error);
    return NULL;
  }
  if (total != 1) {
    *code = total ? CTL_USAGE : CTL_NOT_FOUND;
    if (total)
      g_printerr (_ ("sipwakectl: \"%s\" means %u phones; name the binding\n"), word, total);
    else
      g_printerr (_ ("sipwakectl: no phone with \"%s\" is registered\n"), word);
    return NULL;
  }
  binding = g_variant_get_child_value (bindings, 0);
  return g_strdup (ctl_table_string (binding, "Path"));
}

static gchar *
property (GVariant *binding, const gchar *name, GVariant *value)
{
  static const gchar *const times[] = { "Created", "Registered", "LastWake", NULL };

  if (g_strv_contains (times, name))
    return ctl_table_ago (ctl_table_number (binding, name));
  if (g_str_equal (name, "Expires"))
    return ctl_table_span (ctl_table_number (binding, name));
  return g_variant_is_of_type (value, G_VARIANT_TYPE_STRING) ? g_variant_dup_string (value, NULL)
                                                             : g_variant_print (value, FALSE);
}

/**
 * ctl_bindings_show:
 * @session: a session
 * @arguments: which phone
 *
 * Returns: the exit code
 */
CtlExit
ctl_bindings_show (CtlSession *session, const gchar *const *arguments)
{
  CtlExit code = CTL_OK;
  g_autofree gchar *path = find (session, arguments[0], &code);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) binding = NULL;
  g_autoptr (CtlTable) table = NULL;
  GVariantIter iter;
  const gchar *name;
  GVariant *value;

  if (!path)
    return code;
  binding = ctl_session_get_all (session, path, SIPWAKE_BUS_BINDING, &error);
  if (!binding)
    return ctl_session_complain (error);
  if (session->options->json) {
    ctl_json_print (binding);
    return CTL_OK;
  }
  table = ctl_table_new (_ ("PROPERTY"), _ ("VALUE"), NULL);
  g_variant_iter_init (&iter, binding);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value)) {
    ctl_table_add (table, CTL_PLAIN, g_strdup (name));
    ctl_table_add (table, CTL_PLAIN, property (binding, name, value));
    g_variant_unref (value);
  }
  ctl_table_print (table);
  return CTL_OK;
}

/**
 * ctl_bindings_remove:
 * @session: a session
 * @arguments: which phone
 *
 * Returns: the exit code
 */
CtlExit
ctl_bindings_remove (CtlSession *session, const gchar *const *arguments)
{
  CtlExit code = CTL_OK;
  g_autofree gchar *path = find (session, arguments[0], &code);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer = NULL;

  if (!path)
    return code;
  answer = ctl_session_call (session, path, SIPWAKE_BUS_BINDING, "Remove", NULL, "()", &error);
  return answer ? CTL_OK : ctl_session_complain (error);
}

static void
print_result (CtlSession *session,
              const gchar *outcome,
              guint status,
              const gchar *reason,
              gint64 microseconds)
{
  gboolean accepted = g_str_equal (outcome, "accepted");

  if (session->options->json) {
    g_autoptr (GVariant) result = g_variant_ref_sink (g_variant_new_parsed (
        "{'Outcome': <%s>, 'Status': <%u>, 'Reason': <%s>, 'Microseconds': <%x>}", outcome, status,
        reason, microseconds));

    ctl_json_print (result);
    return;
  }
  g_print ("%s%s%s", ctl_table_style (accepted ? CTL_GOOD : CTL_BAD), ctl_table_word (outcome),
           ctl_table_style (CTL_PLAIN));
  if (status)
    g_print (_ (", status %u"), status);
  if (*reason)
    g_print (", %s", reason);
  g_print (_ (", after %.1f ms\n"), (gdouble) microseconds / 1000);
}

/**
 * ctl_bindings_test_push:
 * @session: a session
 * @arguments: which phone
 *
 * Returns: the exit code: CTL_FAILED when the push service does not accept the push
 */
CtlExit
ctl_bindings_test_push (CtlSession *session, const gchar *const *arguments)
{
  CtlExit code = CTL_OK;
  g_autofree gchar *path = find (session, arguments[0], &code);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer = NULL;
  const gchar *outcome, *reason;
  guint status;
  gint64 microseconds;

  if (!path)
    return code;
  answer =
      ctl_session_call (session, path, SIPWAKE_BUS_BINDING, "TestPush", NULL, "(susx)", &error);
  if (!answer)
    return ctl_session_complain (error);
  g_variant_get (answer, "(&su&sx)", &outcome, &status, &reason, &microseconds);
  print_result (session, outcome, status, reason, microseconds);
  return g_str_equal (outcome, "accepted") ? CTL_OK : CTL_FAILED;
}
