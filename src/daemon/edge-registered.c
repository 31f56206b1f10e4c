/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * edge-registered: the connections of the edge on which phones are registered, which may be silent
 * for longer than others.
 *
 * Here the location service and the edge, who do not know each other, are told of each other.
 */
#include "daemon/edge-registered.h"

#include "registrar/outbound.h"

struct _EdgeRegistered {
  Edge *edge;
  Location *location;
  GHashTable *places; /* a binding's token -> the numbers of its connections, guint64, then 0 */
  GHashTable *counts; /* number of a connection -> how many registrations stand on it */
};

static void
count (EdgeRegistered *self, guint64 place, gint change)
{
  guint before = GPOINTER_TO_UINT (g_hash_table_lookup (self->counts, &place));
  guint after = before + (guint) change;

  if (!before || !after)
    edge_set_flow_registered (self->edge, place, after > 0);
  if (after)
    g_hash_table_insert (self->counts, g_memdup2 (&place, sizeof place), GUINT_TO_POINTER (after));
  else
    g_hash_table_remove (self->counts, &place);
}

static void
count_all (EdgeRegistered *self, const guint64 *places, gint change)
{
  for (; places && *places; places++)
    count (self, *places, change);
}

static void
let_go (EdgeRegistered *self, const gchar *token)
{
  count_all (self, g_hash_table_lookup (self->places, token), -1);
  g_hash_table_remove (self->places, token);
}

static guint64 *
places_of (Binding *binding)
{
  GArray *places = g_array_new (TRUE, FALSE, sizeof (guint64));

  for (Binding *way = outbound_open (binding, NULL); way;
       way = outbound_open (binding, way->flow)) {
    guint64 place = sip_flow_peer (way->flow);

    if (place)
      g_array_append_val (places, place);
  }
  return (guint64 *) g_array_free (places, FALSE);
}

static void
on_refreshed (Location *location, Binding *binding, gpointer user_data)
{
  EdgeRegistered *self = user_data;
  guint64 *places = places_of (binding);

  /* Counted before what was is let go, for most stay as they are. */
  count_all (self, places, 1);
  let_go (self, binding->token);
  if (places && *places)
    g_hash_table_insert (self->places, g_strdup (binding->token), places);
  else
    g_free (places);
}

static void
on_removed (Location *location, Binding *binding, gpointer user_data)
{
  let_go (user_data, binding->token);
}

/**
 * edge_registered_new:
 * @edge: the edge
 * @location: where phones are registered
 *
 * Returns: (transfer full): what keeps the edge informed
 */
EdgeRegistered *
edge_registered_new (Edge *edge, Location *location)
{
  EdgeRegistered *registered = g_new0 (EdgeRegistered, 1);

  registered->edge = g_object_ref (edge);
  registered->location = g_object_ref (location);
  registered->places = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  registered->counts = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  g_signal_connect (location, "refreshed", G_CALLBACK (on_refreshed), registered);
  g_signal_connect (location, "removed", G_CALLBACK (on_removed), registered);
  return registered;
}

/**
 * edge_registered_free:
 * @registered: (transfer full): no binding changes any more
 */
void
edge_registered_free (EdgeRegistered *registered)
{
  g_signal_handlers_disconnect_by_data (registered->location, registered);
  g_hash_table_unref (registered->places);
  g_hash_table_unref (registered->counts);
  g_object_unref (registered->location);
  g_object_unref (registered->edge);
  g_free (registered);
}
