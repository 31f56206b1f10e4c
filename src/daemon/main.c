/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * main: the daemon's command line, signals and service manager.
 */
#include "config.h"

#include "base/error.h"
#include "base/log-ids.h"
#include "base/log.h"
#include "base/names.h"
#include "daemon/daemon.h"

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <locale.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>

#define EXIT_USAGE 2 /* a command line or a configuration that cannot be used */

typedef struct {
  gchar *config;   /* nullable */
  gchar *instance; /* nullable */
  gboolean check;
  gboolean version;
} Options;

typedef struct {
  const Options *options;
  Daemon *daemon;
  GMainLoop *loop;
  gboolean stopping;
} Process;

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Process *process = user_data;

  daemon_stop_finish (process->daemon, result, NULL);
  g_main_loop_quit (process->loop);
}

static gboolean
on_terminate (gpointer user_data)
{
  Process *process = user_data;

  if (process->stopping)
    return G_SOURCE_CONTINUE;
  process->stopping = TRUE;
  log_info (LOG_NONE, "stopping");
  sd_notify (0, "STOPPING=1");
  daemon_stop_async (process->daemon, on_stopped, process);
  return G_SOURCE_CONTINUE;
}

/* systemd and the log hear of it, however it was asked for. */
static gboolean
reload (gpointer user_data, GError **error)
{
  Process *process = user_data;
  g_autoptr (Settings) settings = NULL;
  g_autoptr (GError) refused = NULL;
  gboolean done;

  sd_notifyf (0, "RELOADING=1\nMONOTONIC_USEC=%" G_GINT64_FORMAT, g_get_monotonic_time ());
  settings = settings_load (process->options->config, &refused);
  done = settings && daemon_reconfigure (process->daemon, settings, &refused);
  if (done) {
    log_info (LOG_NONE, "configuration and certificates re-read; listeners and PBXs change at a "
                        "restart");
  } else {
    log_error (LOG_FIELDS ("MESSAGE_ID", LOG_ID_CONFIG_REFUSED),
               "the running configuration stays: %s", refused->message);
    g_set_error_literal (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CONFIG, refused->message);
  }
  sd_notify (0, "READY=1");
  return done;
}

static gboolean
on_hang_up (gpointer user_data)
{
  reload (user_data, NULL);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_watchdog (gpointer user_data)
{
  sd_notify (0, "WATCHDOG=1");
  return G_SOURCE_CONTINUE;
}

/* Each phone on a stream is a descriptor. */
static void
raise_descriptors (void)
{
  struct rlimit limit;

  if (getrlimit (RLIMIT_NOFILE, &limit) < 0)
    return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);
  log_info (LOG_NONE, "may hold %" G_GUINT64_FORMAT " descriptors", (guint64) limit.rlim_cur);
}

/* One that comes while the daemon starts waits for the loop, and kills nothing. */
static void
heed_signals (Process *process)
{
  /* A file that may grow no more is an error to be told, not an end. */
  signal (SIGXFSZ, SIG_IGN);
  g_unix_signal_add (SIGTERM, on_terminate, process);
  g_unix_signal_add (SIGINT, on_terminate, process);
  g_unix_signal_add (SIGHUP, on_hang_up, process);
}

static void
run (Process *process)
{
  guint64 watchdog = 0;

  process->loop = g_main_loop_new (NULL, FALSE);
  if (sd_watchdog_enabled (0, &watchdog) > 0)
    g_timeout_add ((guint) (watchdog / 2 / G_TIME_SPAN_MILLISECOND), on_watchdog, NULL);
  log_info (LOG_NONE, "sipwaked " PACKAGE_VERSION " is ready");
  sd_notify (0, "READY=1");
  g_main_loop_run (process->loop);
  g_main_loop_unref (process->loop);
}

static int
complain (const GError *error)
{
  g_printerr ("sipwaked: %s\n", error->message);
  return EXIT_USAGE;
}

static gboolean
is_instance (const gchar *instance)
{
  g_autofree gchar *name = g_strjoin (".", SIPWAKE_BUS_NAME, instance, NULL);

  return !strchr (instance, '.') && g_dbus_is_name (name);
}

static gboolean
parse_options (int argc, char **argv, Options *options, GError **error)
{
  const GOptionEntry entries[] = {
    { "config", 'c', 0, G_OPTION_ARG_FILENAME, &options->config,
      N_ ("Read this file instead of /etc/sipwake/sipwake.conf and conf.d beside it"),
      N_ ("FILE") },
    { "instance", 0, 0, G_OPTION_ARG_STRING, &options->instance,
      N_ ("Be this one of several daemons: its name on the bus ends in NAME"), N_ ("NAME") },
    { "check-config", 0, 0, G_OPTION_ARG_NONE, &options->check,
      N_ ("Check the configuration and exit"), NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &options->version, N_ ("Print the version and exit"),
      NULL },
    { 0 },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  g_option_context_set_summary (context, _ ("Wakes sleeping SIP phones for a PBX that cannot."));
  g_option_context_add_main_entries (context, entries, PACKAGE);
  if (!g_option_context_parse (context, &argc, &argv, error))
    return FALSE;
  if (argc > 1) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION,
                 _ ("unknown argument %s"), argv[1]);
    return FALSE;
  }
  if (options->instance && !is_instance (options->instance)) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                 _ ("%s cannot be part of a name on the bus"), options->instance);
    return FALSE;
  }
  return TRUE;
}

static int
serve (const Options *options)
{
  Process process = { .options = options };
  DaemonProcess about = { options->instance, reload, &process };
  g_autoptr (GError) error = NULL;
  g_autoptr (Settings) settings = settings_load (options->config, &error);

  if (!settings)
    return complain (error);
  if (options->check)
    return EXIT_SUCCESS;

  heed_signals (&process);
  log_init ();
  log_set_level (settings->daemon.log_level);
  log_set_personal (settings->daemon.log_personal_data);
  raise_descriptors ();
  process.daemon = daemon_new (settings, &about, &error);
  if (!process.daemon)
    return complain (error);
  run (&process);
  daemon_free (process.daemon);
  return EXIT_SUCCESS;
}

int
main (int argc, char **argv)
{
  Options options = { 0 };
  g_autoptr (GError) error = NULL;
  int status;

  setlocale (LC_ALL, "");
  setlocale (LC_NUMERIC, "C"); /* most of what is written is read by machines */
  bindtextdomain (PACKAGE, LOCALEDIR);
  bind_textdomain_codeset (PACKAGE, "UTF-8");
  textdomain (PACKAGE);
  if (!parse_options (argc, argv, &options, &error))
    return complain (error);
  if (options.version) {
    g_print ("sipwaked %s\n", PACKAGE_VERSION);
    return EXIT_SUCCESS;
  }
  status = serve (&options);
  g_free (options.config);
  g_free (options.instance);
  return status;
}
