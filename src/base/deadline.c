/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * deadline: something to be done when a time is up, unless it is called off before.
 *
 * g_timeout_add() for many: each of its sources costs every turn of the loop, and thousands of
 * calls may wait at once. Here all deadlines of the main loop are one source, ordered by time. They
 * follow the test clock.
 */
#include "base/deadline.h"

#include "base/clock.h"

struct _Deadline {
  gint64 due; /* monotonic microseconds */
  GSequenceIter *place;
  DeadlineFunc func;
  gpointer user_data;
};

static GSequence *queue;
static Deadline *first; /* of the queue, where each turn of the loop would have to look for it */
static GSource *source;

static gint
by_due (gconstpointer a, gconstpointer b, gpointer user_data)
{
  gint64 left = ((const Deadline *) a)->due, right = ((const Deadline *) b)->due;

  return (left > right) - (left < right);
}

static void
take_out (Deadline *deadline)
{
  GSequenceIter *after = g_sequence_iter_next (deadline->place);

  if (deadline == first)
    first = g_sequence_iter_is_end (after) ? NULL : g_sequence_get (after);
  g_sequence_remove (deadline->place);
  g_free (deadline);
}

static gboolean
prepare (GSource *self, gint *timeout)
{
  gint64 left;

  *timeout = -1;
  if (!first)
    return FALSE;
  left = first->due - clock_now ();
  *timeout = (gint) CLAMP ((left + 999) / 1000, 0, G_MAXINT);
  return left <= 0;
}

static gboolean
check (GSource *self)
{
  return first && first->due <= clock_now ();
}

static gboolean
dispatch (GSource *self, GSourceFunc callback, gpointer user_data)
{
  gint64 now = clock_now ();

  while (first && first->due <= now) {
    DeadlineFunc func = first->func;
    gpointer data = first->user_data;

    take_out (first);
    func (data);
  }
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs funcs = { prepare, check, dispatch, NULL, NULL, NULL };

/**
 * deadline_new:
 * @milliseconds: from now
 * @func: called once then, in the main loop; the deadline is gone when it is called
 * @user_data: for @func
 *
 * Main thread only. Of those that are due at once the oldest is called first.
 *
 * Returns: (transfer full): the deadline; to be called off by deadline_clear()
 */
Deadline *
deadline_new (guint milliseconds, DeadlineFunc func, gpointer user_data)
{
  Deadline *deadline = g_new (Deadline, 1);

  if (!source) {
    queue = g_sequence_new (NULL);
    source = g_source_new (&funcs, sizeof (GSource));
    g_source_set_name (source, "deadlines");
    g_source_attach (source, NULL);
  }
  deadline->due = clock_now () + (gint64) milliseconds * G_TIME_SPAN_MILLISECOND;
  deadline->func = func;
  deadline->user_data = user_data;
  deadline->place = g_sequence_insert_sorted (queue, deadline, by_due, NULL);
  if (!first || deadline->due < first->due)
    first = deadline;
  return deadline;
}

/**
 * deadline_clear:
 * @deadline: (inout): the deadline to call off; NULL is none. Set to NULL
 *
 * @func of a deadline that has passed must have cleared the pointer to it itself.
 */
void
deadline_clear (Deadline **deadline)
{
  if (!*deadline)
    return;
  take_out (*deadline);
  *deadline = NULL;
}
