/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/ctl-session.h"
#include "ctl/ctl-table.h"

/* One of the daemon's long lists, as a person sees it. */
typedef struct {
  const gchar *method; /* which ListThings of the manager */
  CtlTable *(*new_table) (void);
  void (*add_row) (CtlTable *table, GVariant *thing);
} CtlList;

GVariant *ctl_list_fetch (CtlSession *session,
                          const gchar *method,
                          guint offset,
                          guint limit,
                          const gchar *filter,
                          guint *total,
                          GError **error);
CtlExit ctl_list_print (CtlSession *session, const CtlList *list, const gchar *filter);
