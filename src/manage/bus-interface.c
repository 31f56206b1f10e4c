/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bus-interface: one D-Bus interface, at the root object or at all objects of a folder below it.
 *
 * Objects are not registered one by one: a whole folder is answered for, so that a hundred thousand
 * phones cost the bus nothing until somebody asks for one. Every call and every read passes the
 * authority first, and the object is looked up after that, since it may be gone by then.
 */
#include "manage/bus-interface.h"

#include "base/error.h"
#include "base/names.h"

#include <string.h>

#define PROPERTIES "org.freedesktop.DBus.Properties"

struct _BusInterface {
  const BusClass *class;
  gpointer user_data;
  GDBusConnection *connection;
  Authority *authority;
  guint object_id;
  guint subtree_id;
};

/* ---- properties ---- */

/**
 * bus_interface_describe:
 * @class: an interface
 * @object: one of its objects
 * @user_data: what it was published with
 * @properties: an open a{sv}, which gets all its properties
 */
void
bus_interface_describe (const BusClass *class,
                        gpointer object,
                        gpointer user_data,
                        GVariantBuilder *properties)
{
  for (const BusProperty *property = class->properties; property->name; property++)
    g_variant_builder_add (properties, "{sv}", property->name, property->get (object, user_data));
}

static void
answer_properties (BusInterface *self, gpointer object, GDBusMethodInvocation *invocation)
{
  GVariant *parameters = g_dbus_method_invocation_get_parameters (invocation);
  const gchar *name;
  GVariantBuilder all;

  if (g_str_equal (g_dbus_method_invocation_get_method_name (invocation), "GetAll")) {
    g_variant_builder_init (&all, G_VARIANT_TYPE_VARDICT);
    bus_interface_describe (self->class, object, self->user_data, &all);
    g_dbus_method_invocation_return_value (invocation, g_variant_new ("(a{sv})", &all));
    return;
  }
  g_variant_get (parameters, "(&s&s)", NULL, &name);
  for (const BusProperty *property = self->class->properties; property->name; property++) {
    if (g_str_equal (property->name, name)) {
      g_dbus_method_invocation_return_value (
          invocation, g_variant_new ("(v)", property->get (object, self->user_data)));
      return;
    }
  }
  g_dbus_method_invocation_return_error (invocation, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_PROPERTY,
                                         "there is no property %s", name);
}

/* ---- calls ---- */

static gpointer
find_object (BusInterface *self, GDBusMethodInvocation *invocation)
{
  const gchar *path = g_dbus_method_invocation_get_object_path (invocation);

  if (!self->class->find)
    return self->user_data;
  return self->class->find (strrchr (path, '/') + 1, self->user_data);
}

static const BusMethod *
find_method (const BusInterface *self, const gchar *name)
{
  for (const BusMethod *method = self->class->methods; method->name; method++)
    if (g_str_equal (method->name, name))
      return method;
  return NULL;
}

static gboolean
is_property_call (GDBusMethodInvocation *invocation)
{
  return g_str_equal (g_dbus_method_invocation_get_interface_name (invocation), PROPERTIES);
}

static void
on_allowed (GDBusMethodInvocation *invocation, gpointer user_data)
{
  BusInterface *self = user_data;
  gpointer object = find_object (self, invocation);
  const BusMethod *method;

  if (!object) {
    g_dbus_method_invocation_return_error (invocation, SIPWAKE_ERROR, SIPWAKE_ERROR_NOT_FOUND,
                                           "there is no %s",
                                           g_dbus_method_invocation_get_object_path (invocation));
    return;
  }
  if (is_property_call (invocation)) {
    answer_properties (self, object, invocation);
    return;
  }
  method = find_method (self, g_dbus_method_invocation_get_method_name (invocation));
  method->func (object, g_dbus_method_invocation_get_parameters (invocation), invocation,
                self->user_data);
}

static void
on_call (GDBusConnection *connection,
         const gchar *sender,
         const gchar *path,
         const gchar *interface,
         const gchar *name,
         GVariant *parameters,
         GDBusMethodInvocation *invocation,
         gpointer user_data)
{
  BusInterface *self = user_data;
  AuthorityAction action = AUTHORITY_READ;

  if (!is_property_call (invocation))
    action = find_method (self, name)->action;
  authority_check (self->authority, action, invocation, on_allowed, self);
}

/* Without functions for properties GDBus hands their calls to on_call(), which may wait. */
static const GDBusInterfaceVTable vtable = { on_call, NULL, NULL, { 0 } };

/* ---- a folder ---- */

static gchar **
on_enumerate (GDBusConnection *connection,
              const gchar *sender,
              const gchar *path,
              gpointer user_data)
{
  return g_new0 (gchar *, 1);
}

static GDBusInterfaceInfo **
on_introspect (GDBusConnection *connection,
               const gchar *sender,
               const gchar *path,
               const gchar *node,
               gpointer user_data)
{
  BusInterface *self = user_data;
  GDBusInterfaceInfo **infos = g_new0 (GDBusInterfaceInfo *, 2);

  if (node)
    infos[0] = g_dbus_interface_info_ref ((GDBusInterfaceInfo *) self->class->info);
  return infos;
}

static const GDBusInterfaceVTable *
on_dispatch (GDBusConnection *connection,
             const gchar *sender,
             const gchar *path,
             const gchar *interface,
             const gchar *node,
             gpointer *out_user_data,
             gpointer user_data)
{
  *out_user_data = user_data;
  return node ? &vtable : NULL;
}

static const GDBusSubtreeVTable subtree = { on_enumerate, on_introspect, on_dispatch, { 0 } };

/**
 * bus_interface_id:
 * @name: any name
 *
 * Returns: (transfer full): the name as a part of a path: other characters than letters and digits
 *   stand as _ and two hexadecimal digits
 */
gchar *
bus_interface_id (const gchar *name)
{
  g_autoptr (GString) id = g_string_new (NULL);

  for (const gchar *c = name; *c; c++) {
    if (g_ascii_isalnum (*c))
      g_string_append_c (id, *c);
    else
      g_string_append_printf (id, "_%02x", (guchar) *c);
  }
  return g_string_free (g_steal_pointer (&id), FALSE);
}

/**
 * bus_interface_path:
 * @class: an interface
 * @id: (nullable): one of its objects
 *
 * Returns: (transfer full): the path of the object, or of the folder
 */
gchar *
bus_interface_path (const BusClass *class, const gchar *id)
{
  if (!class->folder)
    return g_strdup (SIPWAKE_BUS_PATH);
  return g_strjoin ("/", SIPWAKE_BUS_PATH, class->folder, id, NULL);
}

/**
 * bus_interface_publish:
 * @class: (transfer none): what is published; outlives the interface
 * @user_data: for its functions
 * @connection: where
 * @authority: whom it asks; outlives the interface
 * @error: return location
 *
 * Returns: (transfer full) (nullable): the interface, answering
 */
BusInterface *
bus_interface_publish (const BusClass *class,
                       gpointer user_data,
                       GDBusConnection *connection,
                       Authority *authority,
                       GError **error)
{
  g_autoptr (BusInterface) self = g_new0 (BusInterface, 1);
  g_autofree gchar *path = bus_interface_path (class, NULL);

  self->class = class;
  self->user_data = user_data;
  self->connection = g_object_ref (connection);
  self->authority = authority;
  if (class->folder)
    self->subtree_id = g_dbus_connection_register_subtree (
        connection, path, &subtree, G_DBUS_SUBTREE_FLAGS_DISPATCH_TO_UNENUMERATED_NODES, self, NULL,
        error);
  else
    self->object_id = g_dbus_connection_register_object (
        connection, path, (GDBusInterfaceInfo *) class->info, &vtable, self, NULL, error);
  if (!self->subtree_id && !self->object_id)
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * bus_interface_free:
 * @interface: (transfer full): an interface; the authority must be freed before, as it may hold
 *   calls for it
 */
void
bus_interface_free (BusInterface *self)
{
  if (self->object_id)
    g_dbus_connection_unregister_object (self->connection, self->object_id);
  if (self->subtree_id)
    g_dbus_connection_unregister_subtree (self->connection, self->subtree_id);
  g_object_unref (self->connection);
  g_free (self);
}
