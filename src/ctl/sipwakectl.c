/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sipwakectl: the control tool's command line: which words are which command.
 */
#include "config.h"

#include "ctl/ctl-accounts.h"
#include "ctl/ctl-bindings.h"
#include "ctl/ctl-calls.h"
#include "ctl/ctl-daemon.h"
#include "ctl/ctl-monitor.h"
#include "ctl/ctl-push.h"
#include "ctl/ctl-table.h"

#include <glib/gi18n.h>
#include <locale.h>

#define DEFAULT_LIMIT 100

typedef struct {
  const gchar *words[2]; /* the second may be NULL */
  guint min;             /* how many arguments follow */
  guint max;
  gboolean without_bus;
  CtlCommandFunc run;
  const gchar *synopsis;
  const gchar *help;
} Command;

/* clang-format off */
static const Command commands[] = {
  { { "status" }, 0, 0, FALSE, ctl_daemon_status, "status", N_ ("How the daemon is") },
  { { "counters" }, 0, 0, FALSE, ctl_daemon_counters, "counters",
    N_ ("What happened how often") },
  { { "bindings" }, 0, 1, FALSE, ctl_bindings_list, "bindings [FILTER]",
    N_ ("The registered phones") },
  { { "binding", "show" }, 1, 1, FALSE, ctl_bindings_show, "binding show BINDING",
    N_ ("All about one phone") },
  { { "binding", "remove" }, 1, 1, FALSE, ctl_bindings_remove, "binding remove BINDING",
    N_ ("Forget a phone until it registers again") },
  { { "accounts" }, 0, 1, FALSE, ctl_accounts_list, "accounts [FILTER]",
    N_ ("The accounts at the PBXs") },
  { { "account", "add" }, 2, 2, FALSE, ctl_accounts_add, "account add PBX USER",
    N_ ("Add an account; the password is asked for") },
  { { "account", "import" }, 2, 2, FALSE, ctl_accounts_import, "account import PBX FILE",
    N_ ("Add all accounts of a .csv file or a pjsip.conf") },
  { { "account", "remove" }, 1, 1, FALSE, ctl_accounts_remove, "account remove USER",
    N_ ("Forget an account") },
  { { "push", "check" }, 0, 0, FALSE, ctl_push_check, "push check",
    N_ ("Whether the push services can be reached and believe us") },
  { { "push", "test" }, 1, 1, FALSE, ctl_bindings_test_push, "push test BINDING",
    N_ ("Send a push to a phone and show what its push service says") },
  { { "calls" }, 0, 1, FALSE, ctl_calls_list, "calls [FILTER]",
    N_ ("The calls, the newest first") },
  { { "call", "show" }, 1, 1, FALSE, ctl_calls_show, "call show CALL|last",
    N_ ("What happened in a call, step by step") },
  { { "call", "hangup" }, 1, 1, FALSE, ctl_calls_hang_up, "call hangup CALL|last",
    N_ ("End a call on both sides") },
  { { "monitor" }, 0, 0, FALSE, ctl_monitor_run, "monitor",
    N_ ("Show phones and calls as they change") },
  { { "reload" }, 0, 0, FALSE, ctl_daemon_reload, "reload", N_ ("Read the configuration again") },
  { { "drain" }, 0, 0, FALSE, ctl_daemon_drain, "drain [--wait]",
    N_ ("Take no new calls and let the running ones end") },
  { { "log-level" }, 0, 1, FALSE, ctl_daemon_log_level, "log-level [LEVEL]",
    N_ ("Show or set what is logged") },
  { { "config", "check" }, 0, 0, TRUE, ctl_daemon_check_config, "config check [--config FILE]",
    N_ ("Say what is wrong with the configuration") },
};
/* clang-format on */

static guint
n_words (const Command *command)
{
  return command->words[1] ? 2 : 1;
}

static const Command *
find_command (const gchar *const *words)
{
  guint count = g_strv_length ((gchar **) words);

  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++) {
    const Command *command = &commands[i];
    guint own = n_words (command);

    if (count < own + command->min || count > own + command->max ||
        !g_str_equal (words[0], command->words[0]) ||
        (own == 2 && !g_str_equal (words[1], command->words[1])))
      continue;
    return command;
  }
  return NULL;
}

/* Whether the words begin @command, be it with too many or too few arguments. */
static gboolean
is_begun (const Command *command, const gchar *const *words)
{
  return words && g_str_equal (words[0], command->words[0]) &&
         (!command->words[1] || !words[1] || g_str_equal (words[1], command->words[1]));
}

static CtlExit
complain (const gchar *const *words)
{
  gboolean begun = FALSE;

  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    if (is_begun (&commands[i], words)) {
      g_printerr (_ ("sipwakectl: the command is: sipwakectl %s\n"), commands[i].synopsis);
      begun = TRUE;
    }
  if (!words)
    g_printerr (_ ("sipwakectl: a command is missing; sipwakectl --help lists all\n"));
  else if (!begun)
    g_printerr (_ ("sipwakectl: there is no such command; sipwakectl --help lists all\n"));
  return CTL_USAGE;
}

static gchar *
list_commands (void)
{
  g_autoptr (GString) text = g_string_new (_ ("Commands:\n"));

  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    g_string_append_printf (text, "  %-28s  %s\n", commands[i].synopsis, _ (commands[i].help));
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static CtlExit
run (const CtlOptions *options, const gchar *const *words)
{
  CtlSession session = { .options = options };
  const Command *command = words ? find_command (words) : NULL;
  g_autoptr (GError) error = NULL;
  CtlExit code;

  if (!command)
    return complain (words);
  if (!ctl_table_choose_colors (options->color) || options->limit < 0 || options->offset < 0) {
    g_printerr (_ ("sipwakectl: a bad value; sipwakectl --help says more\n"));
    return CTL_USAGE;
  }
  if (!command->without_bus && !ctl_session_connect (&session, &error))
    code = ctl_session_complain (error);
  else
    code = command->run (&session, words + n_words (command));
  ctl_session_close (&session);
  return code;
}

int
main (int argc, char **argv)
{
  CtlOptions options = { .limit = DEFAULT_LIMIT };
  g_auto (GStrv) words = NULL;
  gboolean version = FALSE;
  /* clang-format off */
  const GOptionEntry entries[] = {
    { "json", 0, 0, G_OPTION_ARG_NONE, &options.json, N_ ("Print JSON"), NULL },
    { "bus", 0, 0, G_OPTION_ARG_STRING, &options.bus, N_ ("system (the default) or session"),
      N_ ("BUS") },
    { "instance", 0, 0, G_OPTION_ARG_STRING, &options.instance,
      N_ ("Which of several daemons"), N_ ("NAME") },
    { "offset", 0, 0, G_OPTION_ARG_INT, &options.offset, N_ ("Leave out so many of a list"),
      N_ ("N") },
    { "limit", 0, 0, G_OPTION_ARG_INT, &options.limit, N_ ("List so many at most (100)"),
      N_ ("N") },
    { "wait", 0, 0, G_OPTION_ARG_NONE, &options.wait, N_ ("Return when the last call has ended"),
      NULL },
    { "config", 0, 0, G_OPTION_ARG_FILENAME, &options.config,
      N_ ("Check this configuration"), N_ ("FILE") },
    { "username", 0, 0, G_OPTION_ARG_STRING, &options.username,
      N_ ("What the PBX knows the user of an account by"), N_ ("NAME") },
    { "password-file", 0, 0, G_OPTION_ARG_FILENAME, &options.password_file,
      N_ ("Read the password from this file, - is the standard input"), N_ ("FILE") },
    { "color", 0, 0, G_OPTION_ARG_STRING, &options.color,
      N_ ("auto (on a terminal), always or never"), N_ ("WHEN") },
    { "version", 0, 0, G_OPTION_ARG_NONE, &version, N_ ("Print the version and exit"), NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_STRING_ARRAY, &words, NULL, N_ ("COMMAND...") },
    { 0 },
  };
  /* clang-format on */
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autofree gchar *description = NULL;
  const gchar *catalogues = g_getenv ("SIPWAKE_LOCALEDIR");
  CtlExit code;

  setlocale (LC_ALL, "");
  bindtextdomain (PACKAGE, catalogues ? catalogues : LOCALEDIR);
  bind_textdomain_codeset (PACKAGE, "UTF-8");
  textdomain (PACKAGE);
  description = list_commands ();
  g_option_context_set_summary (context, _ ("Shows and steers sipwaked."));
  g_option_context_set_description (context, description);
  g_option_context_add_main_entries (context, entries, PACKAGE);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    return ctl_session_complain (error);
  if (version) {
    g_print ("sipwakectl %s\n", PACKAGE_VERSION);
    return CTL_OK;
  }
  code = run (&options, (const gchar *const *) words);
  g_free (options.bus);
  g_free (options.instance);
  g_free (options.config);
  g_free (options.username);
  g_free (options.password_file);
  g_free (options.color);
  return code;
}
