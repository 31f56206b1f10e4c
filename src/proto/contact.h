/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "proto/uri.h"

#include <glib.h>

#define CONTACT_MAX_SIZE 4096

typedef UriParam ContactParam;

typedef struct {
  gboolean wildcard;
  gchar *display;
  gchar *uri;
  gchar *scheme;
  gchar *user;
  gchar *password;
  gchar *host;
  guint port;
  GPtrArray *uri_params;
  gchar *uri_headers;
  GPtrArray *params;
} Contact;

Contact *contact_parse (const gchar *text, GError **error);
void contact_free (Contact *contact);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Contact, contact_free)

const gchar *contact_param (const Contact *contact, const gchar *name);
gchar *contact_unquoted_param (const Contact *contact, const gchar *name);

gchar *contact_instance (const Contact *contact);
guint contact_reg_id (const Contact *contact);
gint64 contact_expires (const Contact *contact);
gboolean contact_wants_pnsreg (const Contact *contact);

gchar *contact_target_uri (const Contact *contact, gboolean with_push);
gchar *contact_to_string (const Contact *contact, gint64 expires);
