/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tally: how many there are of each name; a name of which there are none is forgotten.
 */
#include "registrar/tally.h"

struct _Tally {
  GHashTable *counts; /* name -> how many */
};

/**
 * tally_new:
 *
 * Returns: (transfer full): none of anything
 */
Tally *
tally_new (void)
{
  Tally *tally = g_new (Tally, 1);

  tally->counts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return tally;
}

/**
 * tally_free:
 * @tally: (transfer full): a tally
 */
void
tally_free (Tally *tally)
{
  g_hash_table_unref (tally->counts);
  g_free (tally);
}

/**
 * tally_add:
 * @tally: a tally
 * @name: of what
 * @delta: how many more there are; never fewer than none
 */
void
tally_add (Tally *tally, const gchar *name, gint delta)
{
  guint count = tally_count (tally, name) + (guint) delta;

  if (count > 0)
    g_hash_table_insert (tally->counts, g_strdup (name), GUINT_TO_POINTER (count));
  else
    g_hash_table_remove (tally->counts, name);
}

/**
 * tally_count:
 * @tally: a tally
 * @name: of what
 *
 * Returns: how many there are
 */
guint
tally_count (const Tally *tally, const gchar *name)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (tally->counts, name));
}
