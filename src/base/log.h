/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Structured fields of one line: LOG_FIELDS ("CALL_ID", id, "BINDING", token). Values may be NULL. */
#define LOG_FIELDS(...) ((const gchar *const[]){ __VA_ARGS__, NULL, NULL })
#define LOG_NONE NULL

void log_init (void);
void log_set_level (GLogLevelFlags level);
gboolean log_level_from_string (const gchar *text, GLogLevelFlags *level);
const gchar *log_level_name (void);
gboolean log_wants (GLogLevelFlags level);
void log_set_personal (gboolean personal);

const gchar *log_mask (const gchar *personal);
const gchar *log_mask_aor (const gchar *aor);

void log_line (GLogLevelFlags level, const gchar *const *fields, const gchar *format, ...)
  G_GNUC_PRINTF (3, 4);

#define log_error(fields, ...) log_line (G_LOG_LEVEL_CRITICAL, fields, __VA_ARGS__)
#define log_warning(fields, ...) log_line (G_LOG_LEVEL_WARNING, fields, __VA_ARGS__)
#define log_info(fields, ...) log_line (G_LOG_LEVEL_INFO, fields, __VA_ARGS__)
#define log_debug(fields, ...)                                                                     \
  G_STMT_START                                                                                     \
  {                                                                                                \
    if (log_wants (G_LOG_LEVEL_DEBUG))                                                             \
      log_line (G_LOG_LEVEL_DEBUG, fields, __VA_ARGS__);                                           \
  }                                                                                                \
  G_STMT_END
