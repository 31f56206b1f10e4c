/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * log: lines with structured fields, to the journal when it listens and to stderr otherwise.
 *
 * It takes strings and knows no object of ours. What identifies a person (an AOR, a push token, a
 * caller's number) goes through log_mask() or log_mask_aor() first; the administrator can lift the
 * mask. Credentials are not to be logged at all, masked or not.
 */
#include "base/log.h"

#include "base/names.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MASKS 4       /* masked strings that one line may use */
#define MAX_FIELDS 16 /* structured fields of one line, ours included */

static gint max_level = G_LOG_LEVEL_INFO;
static gint show_personal = FALSE;
static gboolean to_journal;

/* The lower the bit, the graver the line: GLib's own order. */
gboolean
log_wants (GLogLevelFlags level)
{
  return (gint) (level & G_LOG_LEVEL_MASK) <= g_atomic_int_get (&max_level);
}

static const struct {
  const gchar *word;
  GLogLevelFlags level;
} level_words[] = {
  { "error", G_LOG_LEVEL_CRITICAL },
  { "warning", G_LOG_LEVEL_WARNING },
  { "info", G_LOG_LEVEL_INFO },
  { "debug", G_LOG_LEVEL_DEBUG },
};

static const gchar *
level_word (GLogLevelFlags level)
{
  if (level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL))
    return "error";
  if (level & G_LOG_LEVEL_WARNING)
    return "warning";
  if (level & (G_LOG_LEVEL_MESSAGE | G_LOG_LEVEL_INFO))
    return "info";
  return "debug";
}

static const gchar *
level_priority (GLogLevelFlags level)
{
  if (level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL))
    return "3";
  if (level & G_LOG_LEVEL_WARNING)
    return "4";
  if (level & (G_LOG_LEVEL_MESSAGE | G_LOG_LEVEL_INFO))
    return "6";
  return "7";
}

/* What a person who reads the line knows without it. */
static gboolean
is_implied (const gchar *key)
{
  static const gchar *const implied[] = { "MESSAGE", "MESSAGE_ID", "PRIORITY", "AOR", "PBX", NULL };

  return g_strv_contains (implied, key) || g_str_has_prefix (key, "GLIB_") ||
         g_str_has_prefix (key, "CODE_");
}

static void
write_stderr (GLogLevelFlags level, const GLogField *fields, gsize n_fields)
{
  g_autoptr (GString) line = g_string_sized_new (256);
  gint64 now = g_get_real_time ();
  time_t seconds = (time_t) (now / G_USEC_PER_SEC);
  struct tm local = { 0 };

  /* GDateTime looks at the time zone's files for every line. */
  localtime_r (&seconds, &local);
  g_string_printf (line, "%02d:%02d:%02d.%03d %-7s ", local.tm_hour, local.tm_min, local.tm_sec,
                   (int) (now / 1000 % 1000), level_word (level));
  for (gsize i = 0; i < n_fields; i++)
    if (g_str_equal (fields[i].key, "MESSAGE"))
      g_string_append (line, fields[i].value);
  for (gsize i = 0; i < n_fields; i++) {
    if (is_implied (fields[i].key) || fields[i].length >= 0)
      continue;
    g_string_append_c (line, ' ');
    g_string_append (line, fields[i].key);
    g_string_append_c (line, '=');
    g_string_append (line, fields[i].value);
  }
  g_string_append_c (line, '\n');
  fwrite (line->str, 1, line->len, stderr);
  fflush (stderr);
}

static GLogWriterOutput
writer (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  if (!log_wants (level))
    return G_LOG_WRITER_HANDLED;
  if (to_journal && g_log_writer_journald (level, fields, n_fields, NULL) == G_LOG_WRITER_HANDLED)
    return G_LOG_WRITER_HANDLED;
  write_stderr (level, fields, n_fields);
  return G_LOG_WRITER_HANDLED;
}

/**
 * log_init:
 *
 * Installs the writer for our lines and for those of GLib and libsoup. Once, at start.
 */
void
log_init (void)
{
  to_journal = g_log_writer_is_journald (STDERR_FILENO);
  g_log_set_writer_func (writer, NULL, NULL);
}

/**
 * log_set_level:
 * @level: the least grave level that is written
 */
void
log_set_level (GLogLevelFlags level)
{
  g_atomic_int_set (&max_level, (gint) level);
}

/**
 * log_level_from_string:
 * @text: "error", "warning", "info" or "debug"
 * @level: (out): where the level goes
 *
 * Returns: whether @text names a level
 */
gboolean
log_level_from_string (const gchar *text, GLogLevelFlags *level)
{
  for (gsize i = 0; i < G_N_ELEMENTS (level_words); i++) {
    if (g_str_equal (level_words[i].word, text)) {
      *level = level_words[i].level;
      return TRUE;
    }
  }
  return FALSE;
}

/**
 * log_level_name:
 *
 * Returns: (transfer none): the least grave level that is written, as a word
 */
const gchar *
log_level_name (void)
{
  return level_word ((GLogLevelFlags) g_atomic_int_get (&max_level));
}

/**
 * log_set_personal:
 * @personal: whether personal data is written unmasked
 */
void
log_set_personal (gboolean personal)
{
  g_atomic_int_set (&show_personal, personal);
}

static gchar *
next_mask (gsize size)
{
  static _Thread_local GString *masks[MASKS];
  static _Thread_local guint turn;

  turn = (turn + 1) % MASKS;
  if (!masks[turn])
    masks[turn] = g_string_sized_new (64);
  g_string_set_size (masks[turn], size);
  return masks[turn]->str;
}

/**
 * log_mask:
 * @personal: (nullable): a push token, a number, a name
 *
 * Returns: (transfer none): the first two characters and the length, or the whole where the
 *   administrator asked for it; valid until the fourth mask after it in this thread
 */
const gchar *
log_mask (const gchar *personal)
{
  gchar *mask;

  if (!personal)
    return "-";
  if (g_atomic_int_get (&show_personal))
    return personal;
  mask = next_mask (32);
  g_snprintf (mask, 32, "%.2s~%" G_GSIZE_FORMAT, strlen (personal) > 4 ? personal : "",
              strlen (personal));
  return mask;
}

/**
 * log_mask_aor:
 * @aor: (nullable): an address of record such as sip:alice@example.com
 *
 * Returns: (transfer none): the AOR with its user part masked, as for log_mask()
 */
const gchar *
log_mask_aor (const gchar *aor)
{
  const gchar *user, *at;
  gsize size;
  gchar *mask;

  if (!aor)
    return "-";
  at = strrchr (aor, '@');
  if (!at || g_atomic_int_get (&show_personal))
    return aor;
  user = strchr (aor, ':');
  user = user && user < at ? user + 1 : aor;
  size = strlen (aor) + 8;
  mask = next_mask (size);
  g_snprintf (mask, size, "%.*s%.1s~%d%s", (int) (user - aor), aor, at - user > 2 ? user : "",
              (int) (at - user), at);
  return mask;
}

/**
 * log_line:
 * @level: how grave
 * @fields: (nullable): LOG_FIELDS() or LOG_NONE: names in capitals, each with its value
 * @format: what happened, for a person
 *
 * Writes one line.
 */
void
log_line (GLogLevelFlags level, const gchar *const *fields, const gchar *format, ...)
{
  GLogField record[MAX_FIELDS];
  gsize n = 0;
  gchar *message;
  va_list args;

  if (!log_wants (level))
    return;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);

  record[n++] = (GLogField){ "MESSAGE", message, -1 };
  record[n++] = (GLogField){ "PRIORITY", level_priority (level), -1 };
  record[n++] = (GLogField){ "GLIB_DOMAIN", SIPWAKE_LOG_DOMAIN, -1 };
  for (gsize i = 0; fields && fields[i] && n < MAX_FIELDS; i += 2)
    if (fields[i + 1])
      record[n++] = (GLogField){ fields[i], fields[i + 1], -1 };
  g_log_structured_array (level, record, n);
  g_free (message);
}
