/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * zone: DNS as a test wants it, by GLib's own door for other resolvers.
 */
#include "zone.h"

typedef GResolver Zone;
typedef GResolverClass ZoneClass;

static GType zone_get_type (void);
G_DEFINE_TYPE (Zone, zone, G_TYPE_RESOLVER)

static GHashTable *hosts;
static GHashTable *services;
static gboolean services_fail, hosts_fail;
static guint questions;

static void
return_error (GTask *task, gboolean fails)
{
  g_task_return_new_error (task, G_RESOLVER_ERROR,
                           fails ? G_RESOLVER_ERROR_TEMPORARY_FAILURE : G_RESOLVER_ERROR_NOT_FOUND,
                           "%s", fails ? "no server answers" : "no such name");
}

static void
lookup_by_name_async (GResolver *resolver,
                      const gchar *host,
                      GCancellable *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (resolver, cancellable, callback, user_data);
  const gchar *text = g_hash_table_lookup (hosts, host);
  GList *addresses = NULL;

  questions++;
  if (hosts_fail || !text) {
    return_error (task, hosts_fail);
    return;
  }
  g_auto (GStrv) words = g_strsplit (text, " ", -1);
  for (gchar **word = words; *word; word++)
    addresses = g_list_append (addresses, g_inet_address_new_from_string (*word));
  g_task_return_pointer (task, addresses, (GDestroyNotify) g_resolver_free_addresses);
}

static GList *
lookup_by_name_finish (GResolver *resolver, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
lookup_service_async (GResolver *resolver,
                      const gchar *rrname,
                      GCancellable *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (resolver, cancellable, callback, user_data);
  GPtrArray *targets = g_hash_table_lookup (services, rrname);
  GList *copies = NULL;

  questions++;
  if (services_fail || !targets) {
    return_error (task, services_fail);
    return;
  }
  for (guint i = 0; i < targets->len; i++)
    copies = g_list_append (copies, g_srv_target_copy (g_ptr_array_index (targets, i)));
  g_task_return_pointer (task, g_srv_target_list_sort (copies),
                         (GDestroyNotify) g_resolver_free_targets);
}

static GList *
lookup_service_finish (GResolver *resolver, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
zone_class_init (ZoneClass *class)
{
  class->lookup_by_name_async = lookup_by_name_async;
  class->lookup_by_name_finish = lookup_by_name_finish;
  class->lookup_service_async = lookup_service_async;
  class->lookup_service_finish = lookup_service_finish;
}

static void
zone_init (Zone *zone)
{
}

void
zone_install (void)
{
  g_autoptr (GResolver) zone = g_object_new (zone_get_type (), NULL);

  hosts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  services =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
  g_resolver_set_default (zone);
}

void
zone_clear (void)
{
  g_hash_table_remove_all (hosts);
  g_hash_table_remove_all (services);
  zone_fail (FALSE, FALSE);
  questions = 0;
}

/* @addresses: separated by spaces */
void
zone_add_host (const gchar *host, const gchar *addresses)
{
  g_hash_table_insert (hosts, g_strdup (host), g_strdup (addresses));
}

void
zone_add_service (const gchar *rrname, const gchar *host, guint port, guint priority)
{
  GPtrArray *targets = g_hash_table_lookup (services, rrname);

  if (!targets) {
    targets = g_ptr_array_new_with_free_func ((GDestroyNotify) g_srv_target_free);
    g_hash_table_insert (services, g_strdup (rrname), targets);
  }
  g_ptr_array_add (targets, g_srv_target_new (host, (guint16) port, (guint16) priority, 1));
}

/* Such questions have no answer, as when no DNS server is reached. */
void
zone_fail (gboolean for_services, gboolean for_hosts)
{
  services_fail = for_services;
  hosts_fail = for_hosts;
}

/* How many there were since zone_clear(). */
guint
zone_questions (void)
{
  return questions;
}
