/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * push-origins: how much is under way to whom.
 *
 * push-http asks before it sends. An origin that a phone named gets a part of the room only: one
 * that never answers must not fill it.
 */
#include "push/push-origins.h"

#define SHARE 8 /* an untrusted origin's part of the room */
#define RENEW_INTERVAL G_USEC_PER_SEC

struct _PushOrigins {
  GHashTable *active;  /* name to Origin, while anything is in flight there */
  GHashTable *trusted; /* set of names that the administrator gave */
  guint max_in_flight;
  guint in_flight;
};

typedef struct {
  guint in_flight;
  gint64 renewed; /* when a new connection was last asked for, or 0 */
} Origin;

/**
 * push_origins_new:
 * @max_in_flight: the room
 *
 * Returns: (transfer full): an empty table
 */
PushOrigins *
push_origins_new (guint max_in_flight)
{
  PushOrigins *origins = g_new0 (PushOrigins, 1);

  origins->active = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  origins->trusted = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  origins->max_in_flight = max_in_flight;
  return origins;
}

/**
 * push_origins_free:
 * @origins: (nullable) (transfer full): a table
 */
void
push_origins_free (PushOrigins *origins)
{
  if (!origins)
    return;
  g_hash_table_unref (origins->active);
  g_hash_table_unref (origins->trusted);
  g_free (origins);
}

/**
 * push_origins_enter:
 * @origins: the table
 * @name: an origin
 * @trusted: whether the administrator named it
 *
 * Returns: whether there is room for one more request to @name, which is then counted
 */
gboolean
push_origins_enter (PushOrigins *origins, const gchar *name, gboolean trusted)
{
  Origin *origin = g_hash_table_lookup (origins->active, name);
  guint room = trusted ? origins->max_in_flight : origins->max_in_flight / SHARE + 1;

  if (origins->in_flight >= origins->max_in_flight || (origin && origin->in_flight >= room))
    return FALSE;
  if (!origin) {
    origin = g_new0 (Origin, 1);
    g_hash_table_insert (origins->active, g_strdup (name), origin);
  }
  if (trusted && !g_hash_table_contains (origins->trusted, name))
    g_hash_table_add (origins->trusted, g_strdup (name));
  origin->in_flight++;
  origins->in_flight++;
  return TRUE;
}

/**
 * push_origins_leave:
 * @origins: the table
 * @name: an origin that was entered; not used after its last request left
 */
void
push_origins_leave (PushOrigins *origins, const gchar *name)
{
  Origin *origin = g_hash_table_lookup (origins->active, name);

  origins->in_flight--;
  if (--origin->in_flight == 0)
    g_hash_table_remove (origins->active, name);
}

/**
 * push_origins_renew:
 * @origins: the table
 * @name: an origin that was entered
 * @now: monotonic microseconds
 *
 * When a connection breaks under many requests, one of them opens the new one for all.
 *
 * Returns: whether to demand a new connection: TRUE once a second
 */
gboolean
push_origins_renew (PushOrigins *origins, const gchar *name, gint64 now)
{
  Origin *origin = g_hash_table_lookup (origins->active, name);

  if (origin->renewed && now - origin->renewed < RENEW_INTERVAL)
    return FALSE;
  origin->renewed = now;
  return TRUE;
}

/**
 * push_origins_were_trusted:
 * @origins: the table
 * @name: an origin
 *
 * Returns: whether there may be connections to @name that passed no address gate
 */
gboolean
push_origins_were_trusted (PushOrigins *origins, const gchar *name)
{
  return g_hash_table_contains (origins->trusted, name);
}
