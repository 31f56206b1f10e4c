/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * deadline: something to be done when a time is up, unless it is called off before.
 *
 * g_timeout_add() for many: each of its sources costs every turn of the loop, and thousands of
 * calls may wait at once. Here all deadlines of the main loop are one source, ordered by time.
 */
#include "base/deadline.h"

struct _Deadline {
  gint64 due; /* monotonic microseconds */
  GSequenceIter *place;
  DeadlineFunc func;
  gpointer user_data;
};

static GSequence *queue;
static GSource *source;

static gint
by_due (gconstpointer a, gconstpointer b, gpointer user_data)
{
  gint64 left = ((const Deadline *) a)->due, right = ((const Deadline *) b)->due;

  return (left > right) - (left < right);
}

static Deadline *
first (void)
{
  return g_sequence_is_empty (queue) ? NULL : g_sequence_get (g_sequence_get_begin_iter (queue));
}

static void
set_alarm (void)
{
  const Deadline *next = first ();

  g_source_set_ready_time (source, next ? next->due : -1);
}

static void
take_out (Deadline *deadline)
{
  g_sequence_remove (deadline->place);
  g_free (deadline);
}

static gboolean
on_alarm (GSource *self, GSourceFunc callback, gpointer user_data)
{
  gint64 now = g_get_monotonic_time ();

  for (Deadline *next = first (); next && next->due <= now; next = first ()) {
    DeadlineFunc func = next->func;
    gpointer data = next->user_data;

    take_out (next);
    func (data);
  }
  set_alarm ();
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs funcs = { NULL, NULL, on_alarm, NULL, NULL, NULL };

/**
 * deadline_new:
 * @milliseconds: from now
 * @func: called once then, in the main loop; the deadline is gone when it is called
 * @user_data: for @func
 *
 * Main thread only.
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
  deadline->due = g_get_monotonic_time () + (gint64) milliseconds * G_TIME_SPAN_MILLISECOND;
  deadline->func = func;
  deadline->user_data = user_data;
  deadline->place = g_sequence_insert_sorted (queue, deadline, by_due, NULL);
  if (g_sequence_iter_is_begin (deadline->place))
    set_alarm ();
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
  set_alarm ();
}
