/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

#define URI_MAX_SIZE 4096
#define URI_MAX_PARAMS 64

/* As received, quotes and escapes kept; value is NULL where there is no "=". */
typedef struct {
  gchar *name;
  gchar *value;
} UriParam;

typedef struct {
  gchar *scheme;
  gchar *user;
  gchar *password;
  gchar *host;
  guint port;
  GPtrArray *params;
  gchar *headers;
} Uri;

Uri *uri_parse (const gchar *text, GError **error);
void uri_free (Uri *uri);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Uri, uri_free)

gboolean uri_host_is_valid (const gchar *host);
const gchar *uri_param (Uri *uri, const gchar *name);

GPtrArray *uri_params_parse (const gchar *text, GError **error);
const gchar *uri_params_find (GPtrArray *params, const gchar *name);
gchar *uri_param_unquote (const gchar *value);
