/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * settings: the whole configuration, read, checked and from then on unchanged.
 *
 * The daemon loads it at start and at each reload, and hands the rooms their part of it. A reload
 * that fails leaves the snapshot in use alone.
 */
#include "config/settings.h"

#include "base/error.h"
#include "base/names.h"
#include "config/config-file.h"
#include "config/settings-edge.h"
#include "config/settings-group.h"
#include "config/settings-push.h"

#include <string.h>

#define MAX_NAME 64

/* What is read, with where it stood, for what can be checked only at the end. */
typedef struct {
  Settings *settings;
  GPtrArray *files;
  GPtrArray *groups;  /* ConfigGroup */
  GHashTable *named;  /* a named group's name to its ConfigGroup */
  GHashTable *whence; /* a listener or PBX to its ConfigGroup */
} Loader;

static gchar *
default_state_dir (void)
{
  const gchar *given = g_getenv ("STATE_DIRECTORY");

  return given && *given ? g_strndup (given, strcspn (given, ":")) : g_strdup (SIPWAKE_STATE_DIR);
}

static Settings *
settings_new (void)
{
  Settings *settings = g_new0 (Settings, 1);

  g_atomic_ref_count_init (&settings->references);
  settings->daemon.bus = SETTINGS_BUS_SYSTEM;
  settings->daemon.state_dir = default_state_dir ();
  settings->daemon.log_level = G_LOG_LEVEL_INFO;
  settings->wake = (WakeSettings){
    .timeout = 30, .hold_response = 180, .direct_try = 400, .binding_expires = 604800,
    .repeat = { 4, 10 },
  };
  settings->registrar = (RegistrarSettings){
    .phones_per_user = 20, .phones_per_address = 10000, .phones = 1000000
  };
  settings->edge = (EdgeSettings){ .connections = 20000,
                                   .connections_per_source = 1000,
                                   .handshakes = 64,
                                   .handshake_timeout = 10,
                                   .idle_timeout = 180,
                                   .registered_timeout = 3600 };
  settings->call = (CallSettings){ .decline_ends = TRUE,
                                   .failure_ends = TRUE,
                                   .late_phones_are_shown = TRUE,
                                   .only_registered_callers = TRUE };
  settings->listens = g_ptr_array_new_with_free_func ((GDestroyNotify) listen_settings_free);
  settings->pbxes = g_ptr_array_new_with_free_func ((GDestroyNotify) pbx_settings_free);
  settings->pushes = g_ptr_array_new_with_free_func ((GDestroyNotify) push_settings_free);
  settings->medias = g_ptr_array_new_with_free_func ((GDestroyNotify) media_settings_free);
  return settings;
}

/**
 * settings_ref:
 * @settings: the settings
 *
 * Returns: (transfer full): the same
 */
Settings *
settings_ref (Settings *settings)
{
  g_atomic_ref_count_inc (&settings->references);
  return settings;
}

/**
 * settings_unref:
 * @settings: (transfer full) (nullable): the settings
 */
void
settings_unref (Settings *settings)
{
  if (!settings || !g_atomic_ref_count_dec (&settings->references))
    return;
  g_free (settings->daemon.state_dir);
  g_free (settings->metrics.host);
  g_strfreev (settings->registrar.proxies);
  g_ptr_array_unref (settings->listens);
  g_ptr_array_unref (settings->pbxes);
  g_ptr_array_unref (settings->pushes);
  g_ptr_array_unref (settings->medias);
  g_free (settings);
}

static gboolean
name_is_valid (const gchar *name)
{
  if (!*name || strlen (name) > MAX_NAME)
    return FALSE;
  for (; *name; name++)
    if (!g_ascii_isalnum (*name) && !strchr ("-_.", *name))
      return FALSE;
  return TRUE;
}

/* A named group stands once in all files; [daemon] and its like may be taken up again by a later
 * file, whose keys then win. */
static gboolean
claim_name (Loader *loader, ConfigGroup *group, const gchar *name, GError **error)
{
  ConfigGroup *before = g_hash_table_lookup (loader->named, group->name);

  if (!name_is_valid (name))
    return config_group_fail (group, NULL, error,
                              "the name is made of letters, digits, dots, - and _, at most %d",
                              MAX_NAME);
  if (before)
    return config_group_fail (group, NULL, error, "stands in %s:%u already",
                              config_file_path (before->file),
                              config_file_line (before->file, before->name, NULL));
  g_hash_table_insert (loader->named, g_strdup (group->name), group);
  return TRUE;
}

static gboolean
keep (Loader *loader, GPtrArray *array, gpointer value, ConfigGroup *group)
{
  if (!value)
    return FALSE;
  g_ptr_array_add (array, value);
  g_hash_table_insert (loader->whence, value, group);
  return TRUE;
}

static gboolean
read_named (Loader *loader, ConfigGroup *group, const gchar *name, GError **error)
{
  Settings *settings = loader->settings;

  if (!claim_name (loader, group, name, error))
    return FALSE;
  if (g_str_has_prefix (group->name, "listen:"))
    return keep (loader, settings->listens, settings_group_read_listen (group, name, error), group);
  if (g_str_has_prefix (group->name, "pbx:"))
    return keep (loader, settings->pbxes, settings_group_read_pbx (group, name, error), group);
  if (g_str_has_prefix (group->name, "push:"))
    return keep (loader, settings->pushes, settings_push_read (group, name, error), group);
  return keep (loader, settings->medias, settings_group_read_media (group, name, error), group);
}

static gboolean
read_group (Loader *loader, ConfigGroup *group, GError **error)
{
  static const gchar *const kinds[] = { "listen", "pbx", "push", "media", NULL };
  const gchar *colon = strchr (group->name, ':');
  g_autofree gchar *kind = colon ? g_strndup (group->name, colon - group->name) : NULL;

  if (g_str_equal (group->name, "daemon"))
    return settings_group_read_daemon (group, &loader->settings->daemon, error);
  if (g_str_equal (group->name, "call"))
    return settings_group_read_call (group, &loader->settings->call, error);
  if (g_str_equal (group->name, "wake"))
    return settings_group_read_wake (group, &loader->settings->wake, error);
  if (g_str_equal (group->name, "registrar"))
    return settings_group_read_registrar (group, &loader->settings->registrar, error);
  if (g_str_equal (group->name, "edge"))
    return settings_edge_read (group, &loader->settings->edge, error);
  if (g_str_equal (group->name, "metrics"))
    return settings_group_read_metrics (group, &loader->settings->metrics, error);
  if (kind && g_strv_contains (kinds, kind))
    return read_named (loader, group, colon + 1, error);
  return config_group_fail (group, NULL, error,
                            "no such group; there are: call, daemon, edge, metrics, registrar, wake, "
                            "listen:NAME, "
                            "pbx:NAME, push:NAME, media:NAME");
}

static gboolean
read_file (Loader *loader, const gchar *path, GError **error)
{
  ConfigFile *file = config_file_load (path, error);
  const gchar *const *names;

  if (!file)
    return FALSE;
  g_ptr_array_add (loader->files, file);
  names = config_file_groups (file);
  for (gsize i = 0; names[i]; i++) {
    ConfigGroup *group = g_new0 (ConfigGroup, 1);

    group->file = file;
    group->name = names[i];
    g_ptr_array_add (loader->groups, group);
    if (!read_group (loader, group, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
check_listens (Loader *loader, GError **error)
{
  GPtrArray *listens = loader->settings->listens;

  for (guint i = 0; i < listens->len; i++) {
    const ListenSettings *listen = g_ptr_array_index (listens, i);

    for (guint j = 0; j < i; j++) {
      const ListenSettings *other = g_ptr_array_index (listens, j);

      if (listen->transport == other->transport && listen->port == other->port &&
          g_str_equal (listen->host, other->host))
        return config_group_fail (g_hash_table_lookup (loader->whence, listen), "uri", error,
                                  "[listen:%s] has the same address, port and transport",
                                  other->name);
    }
  }
  return TRUE;
}

static gboolean
has_way_out (const Settings *settings, const RouteSettings *route)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (route->host);

  for (guint i = 0; i < settings->listens->len; i++) {
    const ListenSettings *listen = g_ptr_array_index (settings->listens, i);

    if (listen->side == SETTINGS_SIDE_PBX && listen->transport == route->transport &&
        (!address || listen->family == g_inet_address_get_family (address)))
      return TRUE;
  }
  return FALSE;
}

static gboolean
check_pbx (Loader *loader, const PbxSettings *pbx, GHashTable *domains, GError **error)
{
  const ConfigGroup *group = g_hash_table_lookup (loader->whence, pbx);

  for (gchar **domain = pbx->domains; *domain; domain++) {
    const PbxSettings *other = g_hash_table_lookup (domains, *domain);

    if (other)
      return config_group_fail (group, "domains", error, "%s belongs to [pbx:%s] already", *domain,
                                other->name);
    g_hash_table_insert (domains, *domain, (gpointer) pbx);
  }
  for (guint i = 0; i < pbx->routes->len; i++) {
    const RouteSettings *route = g_ptr_array_index (pbx->routes, i);

    if (!has_way_out (loader->settings, route))
      return config_group_fail (
          group, "route", error, "no listener with side=pbx and transport=%s%s can reach %s",
          settings_transport_name (route->transport),
          route->is_numeric ? " of the same address family" : "", route->host);
  }
  if (pbx->media == SETTINGS_MEDIA_RTPENGINE && loader->settings->medias->len == 0)
    return config_group_fail (group, "media", error,
                              "media=rtpengine needs a [media:NAME] group with rtpengine=");
  return TRUE;
}

/* One set of rtpengines serves all PBXs. */
static gboolean
check_medias (Loader *loader, GError **error)
{
  GPtrArray *medias = loader->settings->medias;

  if (medias->len < 2)
    return TRUE;
  return config_group_fail (g_hash_table_lookup (loader->whence, g_ptr_array_index (medias, 1)),
                            NULL, error,
                            "there is [media:%s] already; it can name several rtpengines",
                            ((const MediaSettings *) g_ptr_array_index (medias, 0))->name);
}

static gboolean
fail_missing (Loader *loader, const gchar *what, GError **error)
{
  ConfigFile *file = g_ptr_array_index (loader->files, 0);

  g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CONFIG, "%s: %s", config_file_path (file), what);
  return FALSE;
}

static gboolean
check_all (Loader *loader, GError **error)
{
  const Settings *settings = loader->settings;
  g_autoptr (GHashTable) domains = g_hash_table_new (g_str_hash, g_str_equal);
  gboolean sides[2] = { FALSE, FALSE };

  for (guint i = 0; i < settings->listens->len; i++)
    sides[((const ListenSettings *) g_ptr_array_index (settings->listens, i))->side] = TRUE;
  if (!sides[SETTINGS_SIDE_PHONES])
    return fail_missing (loader, "there is no [listen:NAME] with side=phones", error);
  if (!sides[SETTINGS_SIDE_PBX])
    return fail_missing (loader, "there is no [listen:NAME] with side=pbx", error);
  if (settings->pbxes->len == 0)
    return fail_missing (loader, "there is no [pbx:NAME]", error);
  if (!check_listens (loader, error) || !check_medias (loader, error))
    return FALSE;
  for (guint i = 0; i < settings->pbxes->len; i++)
    if (!check_pbx (loader, g_ptr_array_index (settings->pbxes, i), domains, error))
      return FALSE;
  return TRUE;
}

static gint
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const gchar *const *) a, *(const gchar *const *) b);
}

/* A folder that is not there holds no files. */
static GPtrArray *
list_directory (const gchar *directory)
{
  GPtrArray *paths = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) dir = directory ? g_dir_open (directory, 0, NULL) : NULL;
  const gchar *name;

  while (dir && (name = g_dir_read_name (dir)))
    if (g_str_has_suffix (name, ".conf") && *name != '.')
      g_ptr_array_add (paths, g_build_filename (directory, name, NULL));
  g_ptr_array_sort (paths, compare_names);
  return paths;
}

static gboolean
read_files (Loader *loader, const gchar *file, const gchar *directory, GError **error)
{
  g_autoptr (GPtrArray) paths = list_directory (directory);

  if (!read_file (loader, file, error))
    return FALSE;
  for (guint i = 0; i < paths->len; i++)
    if (!read_file (loader, g_ptr_array_index (paths, i), error))
      return FALSE;
  return check_all (loader, error);
}

/**
 * settings_load_with_directory:
 * @file: the configuration file
 * @directory: (nullable): a folder whose *.conf files are read after it, in the order of their
 * names
 * @error: where an error goes
 *
 * Returns: (transfer full): the settings, or %NULL with %SIPWAKE_ERROR_CONFIG: "FILE:LINE: [GROUP]
 *   KEY: ..."
 */
Settings *
settings_load_with_directory (const gchar *file, const gchar *directory, GError **error)
{
  g_autoptr (Settings) settings = settings_new ();
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func ((GDestroyNotify) config_file_free);
  g_autoptr (GPtrArray) groups = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GHashTable) named = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) whence = g_hash_table_new (NULL, NULL);
  Loader loader = { settings, files, groups, named, whence };

  if (!read_files (&loader, file, directory, error))
    return NULL;
  return g_steal_pointer (&settings);
}

/**
 * settings_load:
 * @file: (nullable): the only file to read, or %NULL for the system's and its conf.d
 * @error: where an error goes
 *
 * Returns: (transfer full): as for settings_load_with_directory()
 */
Settings *
settings_load (const gchar *file, GError **error)
{
  if (file)
    return settings_load_with_directory (file, NULL, error);
  return settings_load_with_directory (SIPWAKE_CONFIG_FILE, SIPWAKE_CONFIG_DIR, error);
}
