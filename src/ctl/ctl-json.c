/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ctl-json: what the bus says as JSON (RFC 8259), on one line.
 */
#include "ctl/ctl-json.h"

static void append_value (GString *text, GVariant *value);

static void
append_string (GString *text, const gchar *string)
{
  g_string_append_c (text, '"');
  for (const gchar *c = string; *c; c++) {
    if (*c == '"' || *c == '\\')
      g_string_append_printf (text, "\\%c", *c);
    else if ((guchar) *c < 0x20 || *c == 0x7f)
      g_string_append_printf (text, "\\u%04x", (guint) (guchar) *c);
    else
      g_string_append_c (text, *c);
  }
  g_string_append_c (text, '"');
}

static void
append_members (GString *text, GVariant *value)
{
  for (gsize i = 0; i < g_variant_n_children (value); i++) {
    g_autoptr (GVariant) child = g_variant_get_child_value (value, i);

    if (i > 0)
      g_string_append_c (text, ',');
    append_value (text, child);
  }
}

static void
append_entry (GString *text, GVariant *value)
{
  g_autoptr (GVariant) key = g_variant_get_child_value (value, 0);
  g_autoptr (GVariant) content = g_variant_get_child_value (value, 1);

  append_string (text, g_variant_get_string (key, NULL));
  g_string_append_c (text, ':');
  append_value (text, content);
}

static void
append_container (GString *text, GVariant *value)
{
  gboolean object =
      g_variant_type_is_subtype_of (g_variant_get_type (value), G_VARIANT_TYPE_DICTIONARY);

  g_string_append_c (text, object ? '{' : '[');
  append_members (text, value);
  g_string_append_c (text, object ? '}' : ']');
}

static void
append_value (GString *text, GVariant *value)
{
  g_autoptr (GVariant) inner = NULL;
  g_autofree gchar *number = NULL;

  if (g_variant_is_of_type (value, G_VARIANT_TYPE_VARIANT)) {
    inner = g_variant_get_variant (value);
    append_value (text, inner);
  } else if (g_variant_is_of_type (value, G_VARIANT_TYPE_DICT_ENTRY))
    append_entry (text, value);
  else if (g_variant_is_container (value))
    append_container (text, value);
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING) ||
           g_variant_is_of_type (value, G_VARIANT_TYPE_OBJECT_PATH))
    append_string (text, g_variant_get_string (value, NULL));
  else {
    number = g_variant_print (value, FALSE);
    g_string_append (text, number);
  }
}

/**
 * ctl_json_print:
 * @value: what to print; its dictionaries have strings for keys
 */
void
ctl_json_print (GVariant *value)
{
  g_autoptr (GString) text = g_string_new (NULL);

  append_value (text, value);
  g_print ("%s\n", text->str);
}
