/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ctl-calls: the commands about calls: calls, call show (its ladder), call hangup.
 */
#include "ctl/ctl-calls.h"

#include "base/names.h"
#include "ctl/ctl-json.h"
#include "ctl/ctl-ladder.h"
#include "ctl/ctl-list.h"

#include <glib/gi18n.h>

static CtlStyle
style_of_state (const gchar *state)
{
  if (g_str_equal (state, "talking"))
    return CTL_GOOD;
  return g_str_equal (state, "over") ? CTL_DIM : CTL_BOLD;
}

static CtlTable *
new_table (void)
{
  return ctl_table_new (_ ("CALL"), _ ("DIRECTION"), _ ("STATE"), _ ("BEGAN"), _ ("LAST STEP"),
                        NULL);
}

static void
add_row (CtlTable *table, GVariant *call)
{
  const gchar *state = ctl_table_string (call, "State");

  ctl_table_add (table, CTL_PLAIN, g_strdup (ctl_table_string (call, "Id")));
  ctl_table_add (table, CTL_PLAIN, g_strdup (ctl_table_string (call, "Direction")));
  ctl_table_add (table, style_of_state (state), g_strdup (state));
  ctl_table_add (table, CTL_PLAIN, ctl_table_ago (ctl_table_number (call, "Begun")));
  ctl_table_add (table, CTL_PLAIN, g_strdup (ctl_table_string (call, "LastStep")));
}

static const CtlList list = { "ListCalls", new_table, add_row };

/**
 * ctl_calls_list:
 * @session: a session
 * @arguments: a state, a direction, or how an id begins; or none
 *
 * Returns: the exit code
 */
CtlExit
ctl_calls_list (CtlSession *session, const gchar *const *arguments)
{
  return ctl_list_print (session, &list, arguments[0]);
}

/* ---- one of them ---- */

/* A call by how its id begins, or "last": the newest one. */
static GVariant *
find (CtlSession *session, const gchar *word, CtlExit *code)
{
  gboolean last = g_str_equal (word, "last");
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) calls = NULL;
  guint total;

  calls = ctl_list_fetch (session, list.method, 0, 1, last ? "" : word, &total, &error);
  if (!calls) {
    *code = ctl_session_complain (error);
    return NULL;
  }
  if (total == 0 || (total > 1 && !last)) {
    *code = total ? CTL_USAGE : CTL_NOT_FOUND;
    if (total)
      g_printerr (_ ("sipwakectl: \"%s\" means %u calls; write more of the id\n"), word, total);
    else
      g_printerr (_ ("sipwakectl: no call \"%s\" is remembered\n"), word);
    return NULL;
  }
  return g_variant_get_child_value (calls, 0);
}

static void
print_json (GVariant *call, GVariant *steps)
{
  g_autoptr (GVariant) all = NULL;
  GVariantBuilder objects;
  GVariantDict dict;
  GVariantIter iter;
  const gchar *text;
  gint64 at;

  g_variant_builder_init (&objects, G_VARIANT_TYPE ("aa{sv}"));
  g_variant_iter_init (&iter, steps);
  while (g_variant_iter_next (&iter, "(x&s)", &at, &text))
    g_variant_builder_add_parsed (&objects, "{'Microseconds': <%x>, 'Text': <%s>}", at, text);
  g_variant_dict_init (&dict, call);
  g_variant_dict_insert_value (&dict, "Steps", g_variant_builder_end (&objects));
  all = g_variant_ref_sink (g_variant_dict_end (&dict));
  ctl_json_print (all);
}

/**
 * ctl_calls_show:
 * @session: a session
 * @arguments: which call
 *
 * Returns: the exit code
 */
CtlExit
ctl_calls_show (CtlSession *session, const gchar *const *arguments)
{
  CtlExit code = CTL_OK;
  g_autoptr (GVariant) call = find (session, arguments[0], &code);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer = NULL, steps = NULL;
  g_autofree gchar *ago = NULL;
  gboolean to_phone;

  if (!call)
    return code;
  answer = ctl_session_call (session, ctl_table_string (call, "Path"), SIPWAKE_BUS_CALL, "GetSteps",
                             NULL, "(a(xs))", &error);
  if (!answer)
    return ctl_session_complain (error);
  steps = g_variant_get_child_value (answer, 0);
  if (session->options->json) {
    print_json (call, steps);
    return CTL_OK;
  }
  to_phone = g_str_equal (ctl_table_string (call, "Direction"), "to-phone");
  ago = ctl_table_ago (ctl_table_number (call, "Begun"));
  g_print (_ ("Call %s%s%s %s, %s, began %s\n\n"), ctl_table_style (CTL_BOLD),
           ctl_table_string (call, "Id"), ctl_table_style (CTL_PLAIN),
           to_phone ? _ ("from the PBX to a phone") : _ ("from a phone to the PBX"),
           ctl_table_string (call, "State"), ago);
  ctl_ladder_print (steps, to_phone);
  return CTL_OK;
}

/**
 * ctl_calls_hang_up:
 * @session: a session
 * @arguments: which call
 *
 * Returns: the exit code
 */
CtlExit
ctl_calls_hang_up (CtlSession *session, const gchar *const *arguments)
{
  CtlExit code = CTL_OK;
  g_autoptr (GVariant) call = find (session, arguments[0], &code);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer = NULL;

  if (!call)
    return code;
  answer = ctl_session_call (session, ctl_table_string (call, "Path"), SIPWAKE_BUS_CALL, "HangUp",
                             NULL, "()", &error);
  return answer ? CTL_OK : ctl_session_complain (error);
}
