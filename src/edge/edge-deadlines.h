/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

typedef enum {
  EDGE_DEADLINE_SETUP,
  EDGE_DEADLINE_MESSAGE,
  EDGE_DEADLINE_IDLE,
  EDGE_DEADLINE_REGISTERED,
  EDGE_DEADLINE_STALL,
  EDGE_DEADLINE_DRAIN,
  EDGE_DEADLINE_FAREWELL,
  N_EDGE_DEADLINES
} EdgeDeadlineKind;

/* Lies inside its owner, one for each kind. */
typedef struct {
  GList link;
  gint64 at;
} EdgeDeadline;

typedef struct {
  GQueue queues[N_EDGE_DEADLINES];
  gint64 spans[N_EDGE_DEADLINES];
} EdgeDeadlines;

void edge_deadlines_init (EdgeDeadlines *deadlines, const gint64 *spans);
void edge_deadlines_set (EdgeDeadlines *deadlines, EdgeDeadlineKind kind, EdgeDeadline *deadline,
                         gpointer owner, gint64 now);
void edge_deadlines_clear (EdgeDeadlines *deadlines, EdgeDeadlineKind kind,
                           EdgeDeadline *deadline);
gboolean edge_deadlines_is_set (const EdgeDeadline *deadline);
gint64 edge_deadlines_next (const EdgeDeadlines *deadlines);
gpointer edge_deadlines_expire (EdgeDeadlines *deadlines, gint64 now, EdgeDeadlineKind *kind);
