/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ctl-password: a password from the terminal, unseen, or from a file; never from the command line,
 * which everybody on the machine can read.
 */
#include "ctl/ctl-password.h"

#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define MAX_PASSWORD 1024

static gchar *
read_line (FILE *file, GError **error)
{
  gchar line[MAX_PASSWORD + 2];
  gchar *password;

  if (!fgets (line, sizeof line, file)) {
    g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                         _ ("there is no password"));
    return NULL;
  }
  if (!strchr (line, '\n') && !feof (file)) {
    explicit_bzero (line, sizeof line);
    g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                         _ ("the password is too long"));
    return NULL;
  }
  line[strcspn (line, "\r\n")] = '\0';
  password = g_strdup (line);
  explicit_bzero (line, sizeof line);
  return password;
}

static gchar *
ask (GError **error)
{
  struct termios before, silent;
  gchar *password;

  tcgetattr (STDIN_FILENO, &before);
  silent = before;
  silent.c_lflag &= (tcflag_t) ~ECHO;
  tcsetattr (STDIN_FILENO, TCSAFLUSH, &silent);
  g_printerr ("%s", _ ("Password: "));
  password = read_line (stdin, error);
  tcsetattr (STDIN_FILENO, TCSAFLUSH, &before);
  g_printerr ("\n");
  return password;
}

/**
 * ctl_password_read:
 * @file: (nullable): where its first line is the password; "-": the standard input; NULL: ask on a
 *   terminal, otherwise the standard input
 * @error: return location
 *
 * Returns: (transfer full) (nullable): the password, for ctl_password_free()
 */
gchar *
ctl_password_read (const gchar *file, GError **error)
{
  FILE *stream;
  gchar *password;

  if (!file && isatty (STDIN_FILENO))
    return ask (error);
  if (!file || g_str_equal (file, "-"))
    return read_line (stdin, error);
  stream = g_fopen (file, "re");
  if (!stream) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, _ ("%s cannot be read"), file);
    return NULL;
  }
  password = read_line (stream, error);
  fclose (stream);
  return password;
}

/**
 * ctl_password_free:
 * @password: (transfer full): a password, which is overwritten
 */
void
ctl_password_free (gchar *password)
{
  explicit_bzero (password, strlen (password));
  g_free (password);
}
