/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * offenders: who failed to prove himself too often of late.
 *
 * All phones reach the PBX from our one address. What a scanner tries must not make the PBX's own
 * guard (fail2ban) shut out that address, and with it everybody: so it ends here.
 */
#include "registrar/offenders.h"

#include "base/clock.h"

#define MAX_REMEMBERED 100000

typedef struct {
  guint failures;
  gint64 since; /* monotonic microseconds: of the first failure that counts */
} Offence;

struct _Offenders {
  GHashTable *offences; /* who -> Offence */
  guint limit;
  gint64 span;  /* microseconds */
  gint64 swept; /* when those whose time is over were last looked for */
};

/**
 * offenders_new:
 * @limit: how many failures are too many
 * @seconds: within what time, and for how long one is then shut out
 *
 * Returns: (transfer full): a list of nobody
 */
Offenders *
offenders_new (guint limit, guint seconds)
{
  Offenders *offenders = g_new0 (Offenders, 1);

  offenders->offences = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  offenders->limit = limit;
  offenders->span = seconds * CLOCK_SECOND;
  return offenders;
}

/**
 * offenders_free:
 * @offenders: (transfer full): the list
 */
void
offenders_free (Offenders *offenders)
{
  g_hash_table_unref (offenders->offences);
  g_free (offenders);
}

static Offence *
find (Offenders *offenders, const gchar *who)
{
  Offence *offence = g_hash_table_lookup (offenders->offences, who);

  if (offence && clock_now () - offence->since >= offenders->span) {
    g_hash_table_remove (offenders->offences, who);
    return NULL;
  }
  return offence;
}

/**
 * offenders_failures:
 * @offenders: the list
 * @who: an address, or an address of record
 *
 * Returns: how often @who failed of late
 */
guint
offenders_failures (Offenders *offenders, const gchar *who)
{
  const Offence *offence = find (offenders, who);

  return offence ? offence->failures : 0;
}

/**
 * offenders_blocked:
 * @offenders: the list
 * @who: an address, or an address of record
 *
 * Returns: for how many seconds more @who is shut out; 0 when not at all
 */
guint
offenders_blocked (Offenders *offenders, const gchar *who)
{
  const Offence *offence = find (offenders, who);

  if (!offence || offence->failures < offenders->limit)
    return 0;
  return (guint) ((offence->since + offenders->span - clock_now ()) / CLOCK_SECOND) + 1;
}

static gboolean
is_over (gpointer who, gpointer offence, gpointer user_data)
{
  const Offenders *offenders = user_data;

  return clock_now () - ((const Offence *) offence)->since >= offenders->span;
}

/* Seldom: while an attack fills the list, each further attempt would go through all of it. */
static void
sweep (Offenders *offenders)
{
  gint64 now = clock_now ();

  if (offenders->swept && now - offenders->swept < CLOCK_SECOND)
    return;
  offenders->swept = now;
  g_hash_table_foreach_remove (offenders->offences, is_over, offenders);
}

/**
 * offenders_note:
 * @offenders: the list
 * @who: an address, or an address of record, that failed
 */
void
offenders_note (Offenders *offenders, const gchar *who)
{
  Offence *offence = find (offenders, who);

  if (!offence) {
    if (g_hash_table_size (offenders->offences) >= MAX_REMEMBERED)
      sweep (offenders);
    if (g_hash_table_size (offenders->offences) >= MAX_REMEMBERED)
      return;
    offence = g_new0 (Offence, 1);
    offence->since = clock_now ();
    g_hash_table_insert (offenders->offences, g_strdup (who), offence);
  }
  offence->failures++;
}

/**
 * offenders_forgive:
 * @offenders: the list
 * @who: an address, or an address of record, that has proved itself
 */
void
offenders_forgive (Offenders *offenders, const gchar *who)
{
  g_hash_table_remove (offenders->offences, who);
}
