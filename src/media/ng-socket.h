/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

int ng_socket_open (const gchar *text, GError **error);
void ng_socket_renew (int fd, const gchar *text);
