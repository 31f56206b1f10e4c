/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * config-file: one configuration file, read as a GKeyFile, whose errors name file, line and key.
 *
 * settings calls it. GKeyFile knows no lines and joins groups of one name without a word, so the
 * text is gone through once before. Beyond GKeyFile, a line may also be made a comment by ";".
 */
#include "config/config-file.h"

#include "base/error.h"

#include <string.h>

#define MAX_SIZE (1024 * 1024)
#define BOM "\xef\xbb\xbf"

struct _ConfigFile {
  gchar *path;
  GKeyFile *keys;
  gchar **groups;
  GHashTable *lines; /* "group" or "group\nkey" to its line */
};

/**
 * config_file_free:
 * @file: (transfer full) (nullable): a file
 */
void
config_file_free (ConfigFile *file)
{
  if (!file)
    return;
  g_free (file->path);
  g_clear_pointer (&file->keys, g_key_file_unref);
  g_strfreev (file->groups);
  g_clear_pointer (&file->lines, g_hash_table_unref);
  g_free (file);
}

static gboolean
fail_at (ConfigFile *file, guint line, GError **error, const gchar *message)
{
  g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CONFIG, "%s:%u: %s", file->path, line, message);
  return FALSE;
}

static gboolean
remember (ConfigFile *file, gchar *what, guint line, GError **error)
{
  guint before = GPOINTER_TO_UINT (g_hash_table_lookup (file->lines, what));
  const gchar *key = strchr (what, '\n');
  g_autofree gchar *message = NULL;

  if (!before) {
    g_hash_table_insert (file->lines, what, GUINT_TO_POINTER (line));
    return TRUE;
  }
  message = key ? g_strdup_printf ("[%.*s] %s: stands in line %u already", (int) (key - what), what,
                                   key + 1, before)
                : g_strdup_printf ("[%s] stands in line %u already", what, before);
  g_free (what);
  return fail_at (file, line, error, message);
}

static gboolean
scan_line (ConfigFile *file, gchar *text, guint line, gchar **group, GError **error)
{
  gchar *end;

  if (!g_utf8_validate (text, -1, NULL))
    return fail_at (file, line, error, "the line is not UTF-8");
  if (*text == '[') {
    end = strchr (text, ']');
    if (!end || end == text + 1 || end[1])
      return fail_at (file, line, error, "a group's line is [NAME] and nothing else");
    g_free (*group);
    *group = g_strndup (text + 1, end - text - 1);
    return remember (file, g_strdup (*group), line, error);
  }
  end = strchr (text, '=');
  if (!end || end == text)
    return fail_at (file, line, error, "the line is no KEY=VALUE, [GROUP] or comment");
  if (!*group)
    return fail_at (file, line, error, "the key stands in no group");
  *end = '\0';
  return remember (file, g_strdup_printf ("%s\n%s", *group, g_strchomp (text)), line, error);
}

/* Notes every line, and gives back the text with its ";" comments in GKeyFile's own form. */
static gchar *
scan (ConfigFile *file, const gchar *text, GError **error)
{
  /* Some editors put a mark before the first line. */
  g_auto (GStrv) lines = g_strsplit (g_str_has_prefix (text, BOM) ? text + strlen (BOM) : text,
                                     "\n", -1);
  g_autofree gchar *group = NULL;

  for (guint i = 0; lines[i]; i++) {
    g_autofree gchar *line = g_strstrip (g_strdup (lines[i]));

    if (*line == ';')
      *strchr (lines[i], ';') = '#';
    if (*line && *line != '#' && *line != ';' && !scan_line (file, line, i + 1, &group, error))
      return NULL;
  }
  return g_strjoinv ("\n", lines);
}

/**
 * config_file_parse:
 * @path: its name, for errors
 * @text: what is in it
 * @error: where an error goes
 *
 * Returns: (transfer full): the file, or %NULL with %SIPWAKE_ERROR_CONFIG for a line that is
 *   malformed, and for a group or key that stands there twice
 */
ConfigFile *
config_file_parse (const gchar *path, const gchar *text, GError **error)
{
  g_autoptr (ConfigFile) file = g_new0 (ConfigFile, 1);
  g_autoptr (GError) cause = NULL;
  g_autofree gchar *plain = NULL;

  file->path = g_strdup (path);
  file->keys = g_key_file_new ();
  file->lines = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  plain = scan (file, text, error);
  if (!plain)
    return NULL;
  if (!g_key_file_load_from_data (file->keys, plain, -1, G_KEY_FILE_NONE, &cause)) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CONFIG, "%s: %s", path, cause->message);
    return NULL;
  }
  file->groups = g_key_file_get_groups (file->keys, NULL);
  return g_steal_pointer (&file);
}

/**
 * config_file_load:
 * @path: where it is
 * @error: where an error goes
 *
 * Returns: (transfer full): the file, or %NULL with %SIPWAKE_ERROR_CONFIG, also where it cannot be
 *   read or is larger than 1 MB
 */
ConfigFile *
config_file_load (const gchar *path, GError **error)
{
  g_autoptr (GError) cause = NULL;
  g_autofree gchar *text = NULL;
  gsize size;

  if (!g_file_get_contents (path, &text, &size, &cause)) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CONFIG, "%s", cause->message);
    return NULL;
  }
  if (size > MAX_SIZE || strlen (text) != size) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CONFIG,
                 "%s: no configuration file: it holds a zero byte or is larger than 1 MB", path);
    return NULL;
  }
  return config_file_parse (path, text, error);
}

/**
 * config_file_path:
 * @file: a file
 *
 * Returns: (transfer none): its name
 */
const gchar *
config_file_path (ConfigFile *file)
{
  return file->path;
}

/**
 * config_file_groups:
 * @file: a file
 *
 * Returns: (transfer none): its groups' names, in their order
 */
const gchar *const *
config_file_groups (ConfigFile *file)
{
  return (const gchar *const *) file->groups;
}

/**
 * config_file_line:
 * @file: a file
 * @group: one of its groups
 * @key: (nullable): a key
 *
 * Returns: the key's line, or the group's where it does not have the key
 */
guint
config_file_line (ConfigFile *file, const gchar *group, const gchar *key)
{
  g_autofree gchar *what = key ? g_strdup_printf ("%s\n%s", group, key) : g_strdup (group);
  guint line = GPOINTER_TO_UINT (g_hash_table_lookup (file->lines, what));

  return line || !key ? line : config_file_line (file, group, NULL);
}

/**
 * config_group_fail:
 * @group: a group
 * @key: (nullable): the key that is wrong or missing
 * @error: where the error goes
 * @format: what is wrong with it
 *
 * Returns: %FALSE, with @error set to "FILE:LINE: [GROUP] KEY: ..."
 */
gboolean
config_group_fail (
    const ConfigGroup *group, const gchar *key, GError **error, const gchar *format, ...)
{
  g_autofree gchar *message = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CONFIG, "%s:%u: [%s]%s%s: %s", group->file->path,
               config_file_line (group->file, group->name, key), group->name, key ? " " : "",
               key ? key : "", message);
  return FALSE;
}

/**
 * config_group_check_keys:
 * @group: a group
 * @known: the keys that it may have
 * @error: where an error goes
 *
 * Returns: whether it has no other
 */
gboolean
config_group_check_keys (const ConfigGroup *group, const gchar *const *known, GError **error)
{
  g_auto (GStrv) keys = g_key_file_get_keys (group->file->keys, group->name, NULL, NULL);

  for (gsize i = 0; keys && keys[i]; i++) {
    if (!g_strv_contains (known, keys[i])) {
      g_autofree gchar *list = g_strjoinv (", ", (gchar **) known);

      return config_group_fail (group, keys[i], error, "no such key here; there are: %s", list);
    }
  }
  return TRUE;
}

/* The value without blanks around it, NULL where it is absent or empty. */
static gboolean
get_value (const ConfigGroup *group, const gchar *key, gchar **value, GError **error)
{
  g_autoptr (GError) cause = NULL;

  *value = NULL;
  if (!g_key_file_has_key (group->file->keys, group->name, key, NULL))
    return TRUE;
  *value = g_key_file_get_string (group->file->keys, group->name, key, &cause);
  if (cause) {
    /* GLib gives the value as well. */
    g_clear_pointer (value, g_free);
    return config_group_fail (group, key, error, "the value cannot be read: %s", cause->message);
  }
  g_strstrip (*value);
  if (!**value)
    g_clear_pointer (value, g_free);
  return TRUE;
}

/* Administrators write comments behind a value; GKeyFile would make them part of it. */
static gboolean
check_no_comment (const ConfigGroup *group, const gchar *key, const gchar *value, GError **error)
{
  for (const gchar *c = value; *c; c++)
    if (g_ascii_isspace (*c) && (c[1] == ';' || c[1] == '#'))
      return config_group_fail (group, key, error,
                                "text behind the value; a comment needs a line of its own");
  return TRUE;
}

/**
 * config_group_text:
 * @group: a group
 * @key: a key with one value
 * @text: (inout): replaced by the value; left alone where the key is absent or empty
 * @error: where an error goes
 *
 * Returns: whether the value could be read
 */
gboolean
config_group_text (const ConfigGroup *group, const gchar *key, gchar **text, GError **error)
{
  g_autofree gchar *value = NULL;

  if (!get_value (group, key, &value, error))
    return FALSE;
  if (!value)
    return TRUE;
  if (!check_no_comment (group, key, value, error))
    return FALSE;
  g_free (*text);
  *text = g_steal_pointer (&value);
  return TRUE;
}

/**
 * config_group_path:
 * @group: a group
 * @key: a key whose value is a file or folder
 * @path: (inout): as for config_group_text()
 * @error: where an error goes
 *
 * Returns: whether the value could be read and is an absolute path
 */
gboolean
config_group_path (const ConfigGroup *group, const gchar *key, gchar **path, GError **error)
{
  g_autofree gchar *value = NULL;

  if (!config_group_text (group, key, &value, error))
    return FALSE;
  if (!value)
    return TRUE;
  if (!g_path_is_absolute (value))
    return config_group_fail (group, key, error, "%s does not begin with /", value);
  g_free (*path);
  *path = g_steal_pointer (&value);
  return TRUE;
}

/**
 * config_group_number:
 * @group: a group
 * @key: a key whose value is a number
 * @min: the least that it may be
 * @max: the most
 * @number: (inout): set to the value; left alone where the key is absent or empty
 * @error: where an error goes
 *
 * Returns: whether the value is absent or such a number
 */
gboolean
config_group_number (
    const ConfigGroup *group, const gchar *key, guint min, guint max, guint *number, GError **error)
{
  g_autofree gchar *value = NULL;
  guint64 parsed;

  if (!config_group_text (group, key, &value, error))
    return FALSE;
  if (!value)
    return TRUE;
  if (!g_ascii_string_to_unsigned (value, 10, min, max, &parsed, NULL))
    return config_group_fail (group, key, error, "%s is not a number from %u to %u", value, min,
                              max);
  *number = (guint) parsed;
  return TRUE;
}

/**
 * config_group_choice:
 * @group: a group
 * @key: a key whose value is one of some words
 * @words: the words
 * @choice: (inout): set to the word's index; left alone where the key is absent or empty
 * @error: where an error goes
 *
 * Returns: whether the value is absent or such a word
 */
gboolean
config_group_choice (const ConfigGroup *group,
                     const gchar *key,
                     const gchar *const *words,
                     guint *choice,
                     GError **error)
{
  g_autofree gchar *value = NULL, *list = NULL;

  if (!config_group_text (group, key, &value, error))
    return FALSE;
  if (!value)
    return TRUE;
  for (guint i = 0; words[i]; i++) {
    if (g_str_equal (words[i], value)) {
      *choice = i;
      return TRUE;
    }
  }
  list = g_strjoinv (", ", (gchar **) words);
  return config_group_fail (group, key, error, "%s is none of %s", value, list);
}

/**
 * config_group_list:
 * @group: a group
 * @key: a key with several values, separated by ";"
 * @list: (inout): replaced by the values without blanks and empty ones; left alone where the key is
 *   absent or empty
 * @error: where an error goes
 *
 * No value of a list of ours holds a blank: one that does is a comment gone astray.
 *
 * Returns: whether the values could be read
 */
gboolean
config_group_list (const ConfigGroup *group, const gchar *key, gchar ***list, GError **error)
{
  g_autofree gchar *value = NULL;
  g_auto (GStrv) pieces = NULL;
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  if (!get_value (group, key, &value, error))
    return FALSE;
  if (!value)
    return TRUE;
  pieces = g_strsplit (value, ";", -1);
  for (gsize i = 0; pieces[i]; i++) {
    g_strstrip (pieces[i]);
    if (strpbrk (pieces[i], " \t#"))
      return config_group_fail (
          group, key, error, "a blank inside \"%s\"; a comment needs a line of its own", pieces[i]);
    if (*pieces[i])
      g_strv_builder_add (builder, pieces[i]);
  }
  g_strfreev (*list);
  *list = g_strv_builder_end (builder);
  return TRUE;
}
