/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * edge-deadlines: until when each connection may take for what it is doing.
 *
 * A kind of deadline has one span, so a queue per kind is in order by itself: setting, clearing and
 * finding the next one cost the same with ten thousand connections as with ten. Pure; edge-thread
 * asks it how long to sleep.
 */
#include "edge/edge-deadlines.h"

/**
 * edge_deadlines_init:
 * @deadlines: (out caller-allocates): nobody waits for anything
 * @spans: (array fixed-size=7): microseconds that each kind lasts
 */
void
edge_deadlines_init (EdgeDeadlines *deadlines, const gint64 *spans)
{
  for (gsize kind = 0; kind < N_EDGE_DEADLINES; kind++) {
    g_queue_init (&deadlines->queues[kind]);
    deadlines->spans[kind] = spans[kind];
  }
}

/**
 * edge_deadlines_set:
 * @deadlines: all deadlines
 * @kind: which kind
 * @deadline: the owner's deadline of that kind
 * @owner: whose
 * @now: monotonic time in microseconds
 *
 * The span begins now, also when it had begun before.
 */
void
edge_deadlines_set (EdgeDeadlines *deadlines,
                    EdgeDeadlineKind kind,
                    EdgeDeadline *deadline,
                    gpointer owner,
                    gint64 now)
{
  edge_deadlines_clear (deadlines, kind, deadline);
  deadline->link.data = owner;
  deadline->at = now + deadlines->spans[kind];
  g_queue_push_tail_link (&deadlines->queues[kind], &deadline->link);
}

/**
 * edge_deadlines_clear:
 * @deadlines: all deadlines
 * @kind: which kind
 * @deadline: the owner's deadline of that kind, set or not
 */
void
edge_deadlines_clear (EdgeDeadlines *deadlines, EdgeDeadlineKind kind, EdgeDeadline *deadline)
{
  if (!edge_deadlines_is_set (deadline))
    return;
  g_queue_unlink (&deadlines->queues[kind], &deadline->link);
  deadline->at = 0;
}

/**
 * edge_deadlines_is_set:
 * @deadline: a deadline
 *
 * Returns: whether its span runs
 */
gboolean
edge_deadlines_is_set (const EdgeDeadline *deadline)
{
  return deadline->at != 0;
}

/**
 * edge_deadlines_next:
 * @deadlines: all deadlines
 *
 * Returns: when the next one ends, or G_MAXINT64
 */
gint64
edge_deadlines_next (const EdgeDeadlines *deadlines)
{
  gint64 next = G_MAXINT64;

  for (gsize kind = 0; kind < N_EDGE_DEADLINES; kind++) {
    const EdgeDeadline *first = (const EdgeDeadline *) deadlines->queues[kind].head;

    if (first)
      next = MIN (next, first->at);
  }
  return next;
}

/**
 * edge_deadlines_expire:
 * @deadlines: all deadlines
 * @now: monotonic time in microseconds
 * @kind: (out): which kind has ended
 *
 * Takes one deadline out that has ended.
 *
 * Returns: (nullable) (transfer none): its owner; %NULL when none has ended
 */
gpointer
edge_deadlines_expire (EdgeDeadlines *deadlines, gint64 now, EdgeDeadlineKind *kind)
{
  for (gsize each = 0; each < N_EDGE_DEADLINES; each++) {
    EdgeDeadline *first = (EdgeDeadline *) deadlines->queues[each].head;

    if (first && first->at <= now) {
      *kind = (EdgeDeadlineKind) each;
      edge_deadlines_clear (deadlines, *kind, first);
      return first->link.data;
    }
  }
  return NULL;
}
