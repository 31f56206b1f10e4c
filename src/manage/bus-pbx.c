/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bus-pbx: the PBXs on the bus, org.sipwake.Sipwake1.Pbx below pbx/, and the object manager, which
 * lists nothing but them: what is listed there must be few and stay.
 */
#include "manage/bus-pbx.h"

#include "base/clock.h"
#include "base/names.h"
#include "manage/bus-changes.h"
#include "manage/bus-info.h"

struct _BusPbxes {
  GPtrArray *pbxes;
  Location *location;
  GDBusConnection *connection;
  BusInterface *interface;
  BusInterface *object_manager;
};

/* ---- properties ---- */

static GVariant *
get_name (gpointer object, gpointer user_data)
{
  return g_variant_new_string (pbx_name (object));
}

static GVariant *
get_domains (gpointer object, gpointer user_data)
{
  return g_variant_new_strv (pbx_domains (object), -1);
}

static GVariant *
get_routes (gpointer object, gpointer user_data)
{
  GPtrArray *routes = pbx_routes (object);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(sb)"));
  for (guint i = 0; i < routes->len; i++) {
    PbxRoute *route = g_ptr_array_index (routes, i);
    g_autofree gchar *text = pbx_route_to_string (route);

    g_variant_builder_add (&builder, "(sb)", text, pbx_route_hops (route)->len > 0);
  }
  return g_variant_builder_end (&builder);
}

static GVariant *
get_reachable (gpointer object, gpointer user_data)
{
  return g_variant_new_boolean (pbx_is_reachable (object));
}

static GVariant *
get_last_answer (gpointer object, gpointer user_data)
{
  gint64 at = pbx_last_answer (object);

  if (!at)
    return g_variant_new_uint64 (0);
  return g_variant_new_uint64 ((guint64) (clock_wall () - (clock_now () - at) / CLOCK_SECOND));
}

static GVariant *
get_last_error (gpointer object, gpointer user_data)
{
  const gchar *error = pbx_last_error (object);

  return g_variant_new_string (error ? error : "");
}

static GVariant *
get_registrations (gpointer object, gpointer user_data)
{
  return g_variant_new_uint32 (location_count_pbx (((BusPbxes *) user_data)->location, object));
}

static const BusProperty properties[] = {
  { "Name", get_name },
  { "Domains", get_domains },
  { "Routes", get_routes },
  { "Reachable", get_reachable },
  { "Registrations", get_registrations },
  { "LastAnswer", get_last_answer },
  { "LastError", get_last_error },
  { 0 },
};

static const BusMethod methods[] = { { 0 } };

/* ---- objects ---- */

static gpointer
find_pbx (const gchar *id, gpointer user_data)
{
  BusPbxes *self = user_data;

  for (guint i = 0; i < self->pbxes->len; i++) {
    Pbx *pbx = g_ptr_array_index (self->pbxes, i);
    g_autofree gchar *own = bus_interface_id (pbx_name (pbx));

    if (g_str_equal (own, id))
      return pbx;
  }
  return NULL;
}

static const BusClass class = {
  .info = &org_sipwake_sipwake1_pbx_interface,
  .folder = "pbx",
  .methods = methods,
  .properties = properties,
  .find = find_pbx,
};

/* ---- the object manager ---- */

static void
get_managed_objects (gpointer object,
                     GVariant *parameters,
                     GDBusMethodInvocation *invocation,
                     gpointer user_data)
{
  BusPbxes *self = user_data;
  GVariantBuilder objects;

  g_variant_builder_init (&objects, G_VARIANT_TYPE ("a{oa{sa{sv}}}"));
  for (guint i = 0; i < self->pbxes->len; i++) {
    Pbx *pbx = g_ptr_array_index (self->pbxes, i);
    g_autofree gchar *id = bus_interface_id (pbx_name (pbx));
    g_autofree gchar *path = bus_interface_path (&class, id);

    g_variant_builder_open (&objects, G_VARIANT_TYPE ("{oa{sa{sv}}}"));
    g_variant_builder_add (&objects, "o", path);
    g_variant_builder_open (&objects, G_VARIANT_TYPE ("a{sa{sv}}"));
    g_variant_builder_open (&objects, G_VARIANT_TYPE ("{sa{sv}}"));
    g_variant_builder_add (&objects, "s", SIPWAKE_BUS_PBX);
    g_variant_builder_open (&objects, G_VARIANT_TYPE_VARDICT);
    bus_interface_describe (&class, pbx, self, &objects);
    g_variant_builder_close (&objects);
    g_variant_builder_close (&objects);
    g_variant_builder_close (&objects);
    g_variant_builder_close (&objects);
  }
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(a{oa{sa{sv}}})", &objects));
}

static const BusMethod object_manager_methods[] = {
  { "GetManagedObjects", AUTHORITY_READ, get_managed_objects },
  { 0 },
};

static const BusProperty object_manager_properties[] = { { 0 } };

static const BusClass object_manager = {
  .info = &org_freedesktop_dbus_object_manager_interface,
  .methods = object_manager_methods,
  .properties = object_manager_properties,
};

static void
on_event (Pbx *pbx, PbxEvent event, gpointer user_data)
{
  static const gchar *const invalidated[] = { "Reachable", "LastError", NULL };
  BusPbxes *self = user_data;
  g_autofree gchar *id = bus_interface_id (pbx_name (pbx));
  g_autofree gchar *path = bus_interface_path (&class, id);

  if (event == PBX_EVENT_REACHABLE || event == PBX_EVENT_UNREACHABLE)
    bus_changes_announce (self->connection, path, SIPWAKE_BUS_PBX, invalidated);
}

/**
 * bus_pbxes_new:
 * @pbxes: (element-type Pbx): all PBXs
 * @location: their phones
 * @connection: the bus
 * @authority: whom to ask
 * @error: return location
 *
 * Returns: (transfer full) (nullable): the PBXs on the bus
 */
BusPbxes *
bus_pbxes_new (GPtrArray *pbxes,
               Location *location,
               GDBusConnection *connection,
               Authority *authority,
               GError **error)
{
  BusPbxes *self = g_new0 (BusPbxes, 1);

  self->pbxes = g_ptr_array_ref (pbxes);
  self->location = g_object_ref (location);
  self->connection = g_object_ref (connection);
  for (guint i = 0; i < pbxes->len; i++)
    pbx_watch (g_ptr_array_index (pbxes, i), on_event, self);
  self->interface = bus_interface_publish (&class, self, connection, authority, error);
  if (self->interface)
    self->object_manager =
        bus_interface_publish (&object_manager, self, connection, authority, error);
  if (!self->object_manager) {
    bus_pbxes_free (self);
    return NULL;
  }
  return self;
}

/**
 * bus_pbxes_free:
 * @pbxes: (transfer full): the PBXs on the bus
 */
void
bus_pbxes_free (BusPbxes *self)
{
  g_clear_pointer (&self->object_manager, bus_interface_free);
  g_clear_pointer (&self->interface, bus_interface_free);
  for (guint i = 0; i < self->pbxes->len; i++)
    pbx_unwatch (g_ptr_array_index (self->pbxes, i), on_event, self);
  g_object_unref (self->connection);
  g_object_unref (self->location);
  g_ptr_array_unref (self->pbxes);
  g_free (self);
}
