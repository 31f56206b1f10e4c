/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

typedef struct _Authority Authority;

typedef enum { AUTHORITY_READ, AUTHORITY_TEST, AUTHORITY_CHANGE } AuthorityAction;

typedef void (*AuthorityFunc) (GDBusMethodInvocation *invocation, gpointer user_data);

Authority *authority_new (gboolean polkit);
void authority_free (Authority *authority);

void authority_check (Authority *authority,
                      AuthorityAction action,
                      GDBusMethodInvocation *invocation,
                      AuthorityFunc func,
                      gpointer user_data);
