/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ctl-accounts: the commands about accounts: accounts, account add, import and remove.
 */
#include "ctl/ctl-accounts.h"

#include "base/names.h"
#include "ctl/ctl-list.h"
#include "ctl/ctl-password.h"

#include <glib/gi18n.h>

static CtlStyle
style_of_state (const gchar *state)
{
  if (g_str_equal (state, "ready"))
    return CTL_GOOD;
  return g_str_equal (state, "trouble") ? CTL_BAD : CTL_PLAIN;
}

static CtlTable *
new_table (void)
{
  return ctl_table_new (_ ("PBX"), _ ("USER"), _ ("USER NAME"), _ ("REALM"), _ ("STATE"),
                        _ ("TROUBLE"), NULL);
}

static void
add_row (CtlTable *table, GVariant *account)
{
  const gchar *state = ctl_table_string (account, "State");

  ctl_table_add (table, CTL_PLAIN, g_strdup (ctl_table_string (account, "Pbx")));
  ctl_table_add (table, CTL_PLAIN, g_strdup (ctl_table_string (account, "User")));
  ctl_table_add (table, CTL_PLAIN, g_strdup (ctl_table_string (account, "Username")));
  ctl_table_add (table, CTL_PLAIN, g_strdup (ctl_table_string (account, "Realm")));
  ctl_table_add (table, style_of_state (state), g_strdup (ctl_table_word (state)));
  ctl_table_add (table, CTL_PLAIN, g_strdup (ctl_table_string (account, "Trouble")));
}

static const CtlList list = { "ListAccounts", new_table, add_row };

/**
 * ctl_accounts_list:
 * @session: a session
 * @arguments: part of a user or of a user name, or a state; or none
 *
 * Returns: the exit code
 */
CtlExit
ctl_accounts_list (CtlSession *session, const gchar *const *arguments)
{
  return ctl_list_print (session, &list, arguments[0]);
}

/**
 * ctl_accounts_add:
 * @session: a session
 * @arguments: the PBX and the user
 *
 * Returns: the exit code
 */
CtlExit
ctl_accounts_add (CtlSession *session, const gchar *const *arguments)
{
  const CtlOptions *options = session->options;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer = NULL;
  gchar *password = ctl_password_read (options->password_file, &error);

  if (!password)
    return ctl_session_complain (error);
  if (!g_utf8_validate (password, -1, NULL)) {
    ctl_password_free (password);
    g_printerr (_ ("sipwakectl: the password is not in UTF-8\n"));
    return CTL_USAGE;
  }
  answer = ctl_session_call (session, SIPWAKE_BUS_PATH, SIPWAKE_BUS_MANAGER, "AddAccount",
                             g_variant_new ("(ssss)", arguments[0], arguments[1],
                                            options->username ? options->username : "", password),
                             "(o)", &error);
  ctl_password_free (password);
  return answer ? CTL_OK : ctl_session_complain (error);
}

/**
 * ctl_accounts_import:
 * @session: a session
 * @arguments: the PBX and the file: comma separated where its name says so, otherwise as Asterisk
 *   has it
 *
 * Returns: the exit code
 */
CtlExit
ctl_accounts_import (CtlSession *session, const gchar *const *arguments)
{
  const gchar *file = arguments[1];
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer = NULL;
  gchar *text;
  guint count;

  if (!g_file_get_contents (file, &text, NULL, &error)) {
    g_printerr (_ ("sipwakectl: %s\n"), error->message);
    return CTL_USAGE;
  }
  if (!g_utf8_validate (text, -1, NULL)) {
    ctl_password_free (text);
    g_printerr (_ ("sipwakectl: %s is not in UTF-8\n"), file);
    return CTL_USAGE;
  }
  answer =
      ctl_session_call (session, SIPWAKE_BUS_PATH, SIPWAKE_BUS_MANAGER, "ImportAccounts",
                        g_variant_new ("(sss)", arguments[0],
                                       g_str_has_suffix (file, ".csv") ? "csv" : "pjsip", text),
                        "(u)", &error);
  ctl_password_free (text);
  if (!answer)
    return ctl_session_complain (error);
  g_variant_get (answer, "(u)", &count);
  if (session->options->json)
    g_print ("{\"Count\":%u}\n", count);
  else
    g_print (ngettext ("%u account was imported\n", "%u accounts were imported\n", count), count);
  return CTL_OK;
}

/* The one with just this user; a filter finds parts of names, too. */
static CtlExit
find (CtlSession *session, const gchar *user, gchar **path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) accounts = NULL;
  guint total, matches = 0;

  accounts = ctl_list_fetch (session, list.method, 0, G_MAXUINT, user, &total, &error);
  if (!accounts)
    return ctl_session_complain (error);
  for (gsize i = 0; i < g_variant_n_children (accounts); i++) {
    g_autoptr (GVariant) account = g_variant_get_child_value (accounts, i);

    if (!g_str_equal (ctl_table_string (account, "User"), user))
      continue;
    g_free (*path);
    *path = g_strdup (ctl_table_string (account, "Path"));
    matches++;
  }
  if (matches == 1)
    return CTL_OK;
  if (matches)
    g_printerr (_ ("sipwakectl: several PBXs have an account \"%s\"\n"), user);
  else
    g_printerr (_ ("sipwakectl: there is no account \"%s\"\n"), user);
  return matches ? CTL_USAGE : CTL_NOT_FOUND;
}

/**
 * ctl_accounts_remove:
 * @session: a session
 * @arguments: the user
 *
 * Returns: the exit code
 */
CtlExit
ctl_accounts_remove (CtlSession *session, const gchar *const *arguments)
{
  g_autofree gchar *path = NULL;
  CtlExit code = find (session, arguments[0], &path);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer = NULL;

  if (code != CTL_OK)
    return code;
  answer = ctl_session_call (session, path, SIPWAKE_BUS_ACCOUNT, "Remove", NULL, "()", &error);
  return answer ? CTL_OK : ctl_session_complain (error);
}
