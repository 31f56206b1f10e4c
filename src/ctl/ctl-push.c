/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ctl-push: the command about the push services: push check.
 */
#include "ctl/ctl-push.h"

#include "base/names.h"
#include "ctl/ctl-json.h"
#include "ctl/ctl-table.h"

#include <glib/gi18n.h>

static CtlStyle
style_of (const gchar *verdict)
{
  if (g_str_equal (verdict, "good"))
    return CTL_GOOD;
  return g_str_equal (verdict, "bad") ? CTL_BAD : CTL_DIM;
}

static void
print (GVariant *findings)
{
  g_autoptr (CtlTable) table =
      ctl_table_new (_ ("GROUP"), _ ("SERVICE"), _ ("SUBJECT"), _ ("STATE"), _ ("DETAIL"), NULL);

  for (gsize i = 0; i < g_variant_n_children (findings); i++) {
    g_autoptr (GVariant) finding = g_variant_get_child_value (findings, i);
    const gchar *verdict = ctl_table_string (finding, "Verdict");

    ctl_table_add (table, CTL_PLAIN, g_strdup (ctl_table_string (finding, "Group")));
    ctl_table_add (table, CTL_PLAIN, g_strdup (ctl_table_string (finding, "Service")));
    ctl_table_add (table, CTL_PLAIN,
                   g_strdup (ctl_table_word (ctl_table_string (finding, "Subject"))));
    ctl_table_add (table, style_of (verdict), g_strdup (ctl_table_word (verdict)));
    ctl_table_add (table, CTL_PLAIN, g_strdup (ctl_table_string (finding, "Detail")));
  }
  ctl_table_print (table);
}

static gboolean
holds_bad (GVariant *findings)
{
  for (gsize i = 0; i < g_variant_n_children (findings); i++) {
    g_autoptr (GVariant) finding = g_variant_get_child_value (findings, i);

    if (g_str_equal (ctl_table_string (finding, "Verdict"), "bad"))
      return TRUE;
  }
  return FALSE;
}

/**
 * ctl_push_check:
 * @session: a session
 * @arguments: none
 *
 * Returns: the exit code: CTL_FAILED when something is bad
 */
CtlExit
ctl_push_check (CtlSession *session, const gchar *const *arguments)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer =
      ctl_session_call (session, SIPWAKE_BUS_PATH, SIPWAKE_BUS_MANAGER, "CheckPush", NULL,
                        "(aa{sv})", &error);
  g_autoptr (GVariant) findings = answer ? g_variant_get_child_value (answer, 0) : NULL;

  if (!findings)
    return ctl_session_complain (error);
  if (session->options->json)
    ctl_json_print (findings);
  else
    print (findings);
  return holds_bad (findings) ? CTL_FAILED : CTL_OK;
}
