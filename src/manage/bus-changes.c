/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bus-changes: what changed among the objects of a folder, told in handfuls.
 *
 * After a restart thousands of phones register within a minute; the bus hears of them four times a
 * second at most, and of so many at once at most. No signal carries a value, since everybody on the
 * bus may listen: who may know reads.
 */
#include "manage/bus-changes.h"

#include "base/deadline.h"
#include "base/names.h"

#define INTERVAL_MS 250
#define MAX_OBJECTS 200 /* of one signal */

struct _BusChanges {
  const BusClass *class;
  const gchar *signal;
  const gchar *const *invalidated;
  GDBusConnection *connection;
  GHashTable *noted; /* id -> BusChange */
  guint left_out;
  Deadline *flush;
};

/* Listeners get what is true now: a phone that came and went was never there. */
static gboolean
merge (BusChange before, BusChange *change)
{
  if (before == BUS_ADDED && *change == BUS_REMOVED)
    return FALSE;
  if (before == BUS_ADDED)
    *change = BUS_ADDED;
  else if (before == BUS_REMOVED && *change == BUS_ADDED)
    *change = BUS_CHANGED;
  return TRUE;
}

/**
 * bus_changes_announce:
 * @connection: where
 * @path: an object
 * @interface: one of its interfaces
 * @invalidated: its properties that may have changed
 *
 * Tells at once, for what changes seldom.
 */
void
bus_changes_announce (GDBusConnection *connection,
                      const gchar *path,
                      const gchar *interface,
                      const gchar *const *invalidated)
{
  GVariantBuilder none;

  g_variant_builder_init (&none, G_VARIANT_TYPE_VARDICT);
  g_dbus_connection_emit_signal (
      connection, NULL, path, "org.freedesktop.DBus.Properties", "PropertiesChanged",
      g_variant_new ("(sa{sv}@as)", interface, &none, g_variant_new_strv (invalidated, -1)), NULL);
}

static void
on_flush (gpointer user_data)
{
  BusChanges *self = user_data;
  GVariantBuilder lists[BUS_REMOVED + 1];
  GHashTableIter iter;
  gpointer id, change;

  self->flush = NULL;
  for (guint i = 0; i < G_N_ELEMENTS (lists); i++)
    g_variant_builder_init (&lists[i], G_VARIANT_TYPE ("ao"));
  g_hash_table_iter_init (&iter, self->noted);
  while (g_hash_table_iter_next (&iter, &id, &change)) {
    g_autofree gchar *path = bus_interface_path (self->class, id);

    g_variant_builder_add (&lists[GPOINTER_TO_INT (change)], "o", path);
    if (GPOINTER_TO_INT (change) == BUS_CHANGED)
      bus_changes_announce (self->connection, path, self->class->info->name, self->invalidated);
  }
  g_dbus_connection_emit_signal (self->connection, NULL, SIPWAKE_BUS_PATH, SIPWAKE_BUS_MANAGER,
                                 self->signal,
                                 g_variant_new ("(aoaoaou)", &lists[BUS_ADDED], &lists[BUS_CHANGED],
                                                &lists[BUS_REMOVED], self->left_out),
                                 NULL);
  g_hash_table_remove_all (self->noted);
  self->left_out = 0;
}

/**
 * bus_changes_note:
 * @changes: the changes
 * @id: the last part of an object's path
 * @change: what became of it
 */
void
bus_changes_note (BusChanges *self, const gchar *id, BusChange change)
{
  gpointer before;

  if (!self->flush)
    self->flush = deadline_new (INTERVAL_MS, on_flush, self);
  if (g_hash_table_lookup_extended (self->noted, id, NULL, &before)) {
    if (merge (GPOINTER_TO_INT (before), &change))
      g_hash_table_insert (self->noted, g_strdup (id), GINT_TO_POINTER (change));
    else
      g_hash_table_remove (self->noted, id);
  } else if (g_hash_table_size (self->noted) < MAX_OBJECTS)
    g_hash_table_insert (self->noted, g_strdup (id), GINT_TO_POINTER (change));
  else
    self->left_out++;
}

/**
 * bus_changes_new:
 * @class: whose objects change
 * @signal: (transfer none): the signal of the Manager that tells of them
 * @invalidated: (transfer none): the properties that a change may concern
 * @connection: where
 *
 * Returns: (transfer full): nothing to tell yet
 */
BusChanges *
bus_changes_new (const BusClass *class,
                 const gchar *signal,
                 const gchar *const *invalidated,
                 GDBusConnection *connection)
{
  BusChanges *self = g_new0 (BusChanges, 1);

  self->class = class;
  self->signal = signal;
  self->invalidated = invalidated;
  self->connection = g_object_ref (connection);
  self->noted = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

/**
 * bus_changes_free:
 * @changes: (transfer full): the changes; what was not told stays untold
 */
void
bus_changes_free (BusChanges *self)
{
  deadline_clear (&self->flush);
  g_hash_table_unref (self->noted);
  g_object_unref (self->connection);
  g_free (self);
}
