/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * apns-door: lets the first push to one of Apple's hosts go alone.
 *
 * Apple allows a connection one stream until it has seen a valid provider token there. A burst that
 * does not wait for that is refused, and opens connections that nobody needs.
 */
#include "push/apns-door.h"

#include "base/clock.h"
#include "base/deadline.h"
#include "push/push-attempt.h"

#define ALONE_MS 1500                /* the first one may be stalled: it must not hold the others */
#define IDLE (5 * 60 * CLOCK_SECOND) /* after that the connection may be another one */

struct _ApnsDoor {
  gboolean open;
  gboolean alone; /* one is on its way, and the others wait */
  gint64 last;    /* when something last came back */
  Deadline *patience;
  GQueue waiting; /* of PushAttempt */
};

/**
 * apns_door_new:
 *
 * Returns: (transfer full): a door that is closed
 */
ApnsDoor *
apns_door_new (void)
{
  return g_new0 (ApnsDoor, 1);
}

/**
 * apns_door_free:
 * @door: (nullable) (transfer full): a door that nobody waits at
 */
void
apns_door_free (ApnsDoor *door)
{
  if (!door)
    return;
  deadline_clear (&door->patience);
  g_free (door);
}

static void
on_patience_over (gpointer user_data)
{
  ApnsDoor *door = user_data;

  door->patience = NULL;
  door->alone = FALSE;
  door->open = TRUE;
  door->last = clock_now ();
  push_attempt_resume_all (&door->waiting);
}

/**
 * apns_door_enter:
 * @door: the door
 * @alone: (out): whether the one that enters is the first
 *
 * Returns: (nullable): the queue to wait in; NULL when the way is free
 */
GQueue *
apns_door_enter (ApnsDoor *door, gboolean *alone)
{
  *alone = FALSE;
  if (door->open && clock_now () - door->last > IDLE)
    door->open = FALSE;
  if (door->open)
    return NULL;
  if (door->alone)
    return &door->waiting;
  *alone = door->alone = TRUE;
  door->patience = deadline_new (ALONE_MS, on_patience_over, door);
  return NULL;
}

/**
 * apns_door_leave:
 * @door: the door
 * @alone: what entering said
 * @accepted: whether Apple took the provider token
 */
void
apns_door_leave (ApnsDoor *door, gboolean alone, gboolean accepted)
{
  door->last = clock_now ();
  if (accepted)
    door->open = TRUE;
  if (!alone || !door->patience)
    return;
  deadline_clear (&door->patience);
  door->alone = FALSE;
  push_attempt_resume_all (&door->waiting);
}

/**
 * apns_door_close:
 * @door: the door
 *
 * The connection is lost: the next push goes alone.
 */
void
apns_door_close (ApnsDoor *door)
{
  door->open = FALSE;
}
