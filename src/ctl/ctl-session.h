/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* What the manual page promises to scripts. */
typedef enum {
  CTL_OK,
  CTL_FAILED,
  CTL_USAGE,
  CTL_NO_DAEMON,
  CTL_DENIED,
  CTL_NOT_FOUND,
} CtlExit;

/* What the command line says. */
typedef struct {
  gboolean json;
  gboolean wait;
  gint offset;
  gint limit;
  gchar *bus;           /* nullable */
  gchar *instance;      /* nullable */
  gchar *config;        /* nullable */
  gchar *username;      /* nullable */
  gchar *password_file; /* nullable */
  gchar *color;         /* nullable */
} CtlOptions;

typedef struct {
  const CtlOptions *options;
  GDBusConnection *connection; /* NULL before ctl_session_connect() */
  gchar *name;
} CtlSession;

/* @arguments: what follows the command's words */
typedef CtlExit (*CtlCommandFunc) (CtlSession *session, const gchar *const *arguments);

gboolean ctl_session_connect (CtlSession *session, GError **error);
void ctl_session_close (CtlSession *session);

GVariant *ctl_session_settle (GVariant *answer);
GVariant *ctl_session_call (CtlSession *session,
                            const gchar *path,
                            const gchar *interface,
                            const gchar *method,
                            GVariant *parameters,
                            const gchar *reply,
                            GError **error);
GVariant *ctl_session_get_all (CtlSession *session,
                               const gchar *path,
                               const gchar *interface,
                               GError **error);
CtlExit ctl_session_miss (void);
CtlExit ctl_session_complain (const GError *error);
CtlExit ctl_session_manage (CtlSession *session, const gchar *method, GVariant *parameters);
