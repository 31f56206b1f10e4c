/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rtpengine-process: a real rtpengine on loopback, without its kernel module.
 */
#include "rtpengine-process.h"

#include <arpa/inet.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define RTP_PORTS 400

/* Nobody else is given the port while the socket is open, and rtpengine, which takes a port that
 * may be used again, comes beside it. What is sent to the port is not for this one, since it is
 * connected to another. */
static int
hold_port (guint *port)
{
  struct sockaddr_in name = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  struct sockaddr_in nobody = { .sin_family = AF_INET,
                                .sin_port = htons (9),
                                .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t size = sizeof name;
  int fd = socket (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), on = 1;

  g_assert_cmpint (bind (fd, (struct sockaddr *) &name, size), ==, 0);
  g_assert_cmpint (setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), ==, 0);
  g_assert_cmpint (getsockname (fd, (struct sockaddr *) &name, &size), ==, 0);
  g_assert_cmpint (connect (fd, (struct sockaddr *) &nobody, sizeof nobody), ==, 0);
  *port = ntohs (name.sin_port);
  return fd;
}

static void
die_with_parent (gpointer user_data)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

gboolean
rtpengine_process_exists (void)
{
  g_autofree gchar *path = g_find_program_in_path ("rtpengine");

  return path != NULL;
}

RtpengineProcess *
rtpengine_process_new (void)
{
  RtpengineProcess *rtpengine = g_new0 (RtpengineProcess, 1);

  rtpengine->held = hold_port (&rtpengine->port);
  rtpengine->address = g_strdup_printf ("udp:127.0.0.1:%u", rtpengine->port);
  rtpengine_process_start (rtpengine);
  return rtpengine;
}

void
rtpengine_process_free (RtpengineProcess *rtpengine)
{
  rtpengine_process_stop (rtpengine);
  close (rtpengine->held);
  g_free (rtpengine->address);
  g_free (rtpengine);
}

void
rtpengine_process_start (RtpengineProcess *rtpengine)
{
  g_autoptr (GSubprocessLauncher) launcher =
    g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE |
                               G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  g_autoptr (GError) error = NULL;
  guint first = (guint) g_random_int_range (10000, 30000);
  g_autofree gchar *listen = g_strdup_printf ("--listen-ng=127.0.0.1:%u", rtpengine->port);
  g_autofree gchar *least = g_strdup_printf ("--port-min=%u", first);
  g_autofree gchar *most = g_strdup_printf ("--port-max=%u", first + RTP_PORTS);

  g_subprocess_launcher_set_child_setup (launcher, die_with_parent, NULL, NULL);
  rtpengine->process = g_subprocess_launcher_spawn (
    launcher, &error, "rtpengine", "--config-file=none", "--table=-1", "--foreground",
    "--log-stderr", "--log-level=3", "--num-threads=2", "--interface=127.0.0.1",
    "--interface=::1", listen, least, most, NULL);
  g_assert_no_error (error);
}

void
rtpengine_process_stop (RtpengineProcess *rtpengine)
{
  if (!rtpengine->process)
    return;
  g_subprocess_force_exit (rtpengine->process);
  g_subprocess_wait (rtpengine->process, NULL, NULL);
  g_clear_object (&rtpengine->process);
}

static gboolean
all_threads_stopped (const gchar *identifier)
{
  g_autofree gchar *path = g_strdup_printf ("/proc/%s/task", identifier);
  g_autoptr (GDir) tasks = g_dir_open (path, 0, NULL);
  const gchar *task;

  while (tasks && (task = g_dir_read_name (tasks))) {
    g_autofree gchar *file = g_build_filename (path, task, "stat", NULL);
    g_autofree gchar *stat = NULL;

    if (g_file_get_contents (file, &stat, NULL, NULL) && !strstr (stat, ") T "))
      return FALSE;
  }
  return TRUE;
}

/* The signal is sent at once and arrives when the last thread has noticed. */
void
rtpengine_process_pause (RtpengineProcess *rtpengine)
{
  g_subprocess_send_signal (rtpengine->process, SIGSTOP);
  while (!all_threads_stopped (g_subprocess_get_identifier (rtpengine->process)))
    g_usleep (1000);
}

void
rtpengine_process_continue (RtpengineProcess *rtpengine)
{
  g_subprocess_send_signal (rtpengine->process, SIGCONT);
}
