/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manage/authority.h"

/* A method: @func answers @invocation (transfer full), now or later. */
typedef struct {
  const gchar *name;
  AuthorityAction action;
  void (*func) (gpointer object,
                GVariant *parameters,
                GDBusMethodInvocation *invocation,
                gpointer user_data);
} BusMethod;

/* A property: @get returns a floating variant. */
typedef struct {
  const gchar *name;
  GVariant *(*get) (gpointer object, gpointer user_data);
} BusProperty;

/* An interface and what stands behind it. */
typedef struct {
  const GDBusInterfaceInfo *info;
  const gchar *folder;           /* of its objects below the root; NULL: the root itself */
  const BusMethod *methods;      /* ended by a NULL name */
  const BusProperty *properties; /* ended by a NULL name */
  /* (transfer none) (nullable): the object with this last part of its path */
  gpointer (*find) (const gchar *id, gpointer user_data);
} BusClass;

typedef struct _BusInterface BusInterface;

BusInterface *bus_interface_publish (const BusClass *class,
                                     gpointer user_data,
                                     GDBusConnection *connection,
                                     Authority *authority,
                                     GError **error);
void bus_interface_free (BusInterface *interface);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BusInterface, bus_interface_free)

gchar *bus_interface_id (const gchar *name);
gchar *bus_interface_path (const BusClass *class, const gchar *id);
void bus_interface_describe (const BusClass *class,
                             gpointer object,
                             gpointer user_data,
                             GVariantBuilder *properties);
