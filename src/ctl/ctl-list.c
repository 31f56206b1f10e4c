/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ctl-list: the daemon's long lists, read and printed a page at a time.
 */
#include "ctl/ctl-list.h"

#include "base/names.h"
#include "ctl/ctl-json.h"

#include <glib/gi18n.h>

/**
 * ctl_list_fetch:
 * @session: a session
 * @method: the manager's method that lists
 * @offset: how many to leave out at the beginning
 * @limit: how many at most
 * @filter: (nullable): what must occur in each, as the method understands it
 * @total: (out): how many there are with this filter
 * @error: why the daemon did not answer
 *
 * Returns: (transfer full) (nullable): an array of dictionaries
 */
GVariant *
ctl_list_fetch (CtlSession *session,
                const gchar *method,
                guint offset,
                guint limit,
                const gchar *filter,
                guint *total,
                GError **error)
{
  g_autoptr (GVariant) answer = ctl_session_call (
      session, SIPWAKE_BUS_PATH, SIPWAKE_BUS_MANAGER, method,
      g_variant_new ("(uus)", offset, limit, filter ? filter : ""), "(uaa{sv})", error);

  if (!answer)
    return NULL;
  g_variant_get_child (answer, 0, "u", total);
  return g_variant_get_child_value (answer, 1);
}

static void
print_table (const CtlList *list, GVariant *things, guint total)
{
  g_autoptr (CtlTable) table = list->new_table ();
  gsize count = g_variant_n_children (things);

  for (gsize i = 0; i < count; i++) {
    g_autoptr (GVariant) thing = g_variant_get_child_value (things, i);

    list->add_row (table, thing);
  }
  ctl_table_print (table);
  if (count < total)
    g_print (_ ("%u of %u; --offset and --limit show others\n"), (guint) count, total);
}

/**
 * ctl_list_print:
 * @session: a session
 * @list: what to list
 * @filter: (nullable): what must occur in each
 *
 * Prints the page that the options name, as a table or as JSON.
 *
 * Returns: the exit code
 */
CtlExit
ctl_list_print (CtlSession *session, const CtlList *list, const gchar *filter)
{
  const CtlOptions *options = session->options;
  g_autoptr (GError) error = NULL;
  guint total;
  g_autoptr (GVariant) things = ctl_list_fetch (session, list->method, (guint) options->offset,
                                                (guint) options->limit, filter, &total, &error);

  if (!things)
    return ctl_session_complain (error);
  if (options->json)
    ctl_json_print (things);
  else
    print_table (list, things, total);
  return CTL_OK;
}
