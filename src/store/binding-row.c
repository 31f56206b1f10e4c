/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * binding-row: a registered phone as it stands on disk.
 *
 * A plain value: the registrar fills one from a binding, the store writes it, and after a restart
 * the registrar makes the binding from it again. The push tokens in it are personal data.
 */
#include "store/binding-row.h"

#include <string.h>

#define COLUMN(name) ", " #name
#define PARAMETER(name) ", ?"
#define ASSIGNMENT(name) ", " #name " = excluded." #name

#define COLUMNS "token, pbx" BINDING_ROW_MORE_TEXTS (COLUMN) BINDING_ROW_NUMBERS (COLUMN)

static const gchar select_sql[] = "SELECT " COLUMNS " FROM binding";
static const gchar remove_sql[] = "DELETE FROM binding WHERE token = ?";
/* clang-format off */
static const gchar put_sql[] =
    "INSERT INTO binding (" COLUMNS ") VALUES"
    " (?, ?" BINDING_ROW_MORE_TEXTS (PARAMETER) BINDING_ROW_NUMBERS (PARAMETER) ")"
    " ON CONFLICT (token) DO UPDATE SET pbx = excluded.pbx"
    BINDING_ROW_MORE_TEXTS (ASSIGNMENT) BINDING_ROW_NUMBERS (ASSIGNMENT);
/* clang-format on */

/**
 * binding_row_copy:
 * @row: a row
 *
 * Returns: (transfer full): the row with its strings, in one block
 */
BindingRow *
binding_row_copy (const BindingRow *row)
{
  gsize size = sizeof *row;
  BindingRow *copy;
  gchar *end;

#define ADD_SIZE(name) size += row->name ? strlen (row->name) + 1 : 0;
  BINDING_ROW_TEXTS (ADD_SIZE)
#undef ADD_SIZE
  copy = g_malloc (size);
  *copy = *row;
  end = (gchar *) (copy + 1);
#define COPY_TEXT(name)                                                                            \
  if (row->name) {                                                                                 \
    copy->name = end;                                                                              \
    end = g_stpcpy (end, row->name) + 1;                                                           \
  }
  BINDING_ROW_TEXTS (COPY_TEXT)
#undef COPY_TEXT
  return copy;
}

/**
 * binding_row_free:
 * @row: (nullable) (transfer full): what binding_row_copy() returned
 */
void
binding_row_free (BindingRow *row)
{
  g_free (row);
}

/**
 * binding_row_put:
 * @db: the writer's connection
 * @row: the row; one with the same token is replaced
 * @error: return location
 *
 * Returns: whether it was written; else %SIPWAKE_ERROR_INVALID or %SIPWAKE_ERROR_STORAGE
 */
gboolean
binding_row_put (StoreDb *db, const BindingRow *row, GError **error)
{
  sqlite3_stmt *statement = store_db_prepare (db, put_sql, error);
  gint column = 0;
  gboolean bound = TRUE;

  if (!statement)
    return FALSE;
#define BIND_TEXT(name)                                                                            \
  bound = bound && !sqlite3_bind_text (statement, ++column, row->name, -1, SQLITE_STATIC);
#define BIND_NUMBER(name) bound = bound && !sqlite3_bind_int64 (statement, ++column, row->name);
  BINDING_ROW_TEXTS (BIND_TEXT)
  BINDING_ROW_NUMBERS (BIND_NUMBER)
#undef BIND_TEXT
#undef BIND_NUMBER
  if (!bound) {
    store_db_set_error (db, error);
    sqlite3_clear_bindings (statement);
    return FALSE;
  }
  return store_db_run (db, statement, error);
}

/**
 * binding_row_remove:
 * @db: the writer's connection
 * @token: the row's token; that there is none is no error
 * @error: return location
 *
 * Returns: whether it is gone; else %SIPWAKE_ERROR_STORAGE
 */
gboolean
binding_row_remove (StoreDb *db, const gchar *token, GError **error)
{
  sqlite3_stmt *statement = store_db_prepare (db, remove_sql, error);

  if (!statement)
    return FALSE;
  sqlite3_bind_text (statement, 1, token, -1, SQLITE_STATIC);
  return store_db_run (db, statement, error);
}

/**
 * binding_row_each:
 * @db: a connection
 * @func: (scope call): called with each row, whose strings live only as long as the call
 * @user_data: for @func
 * @error: return location
 *
 * Returns: whether all rows were read; else %SIPWAKE_ERROR_STORAGE
 */
gboolean
binding_row_each (StoreDb *db, BindingRowFunc func, gpointer user_data, GError **error)
{
  sqlite3_stmt *statement = store_db_prepare (db, select_sql, error);
  GError *failure = NULL;

  if (!statement)
    return FALSE;
  while (store_db_next (db, statement, &failure)) {
    BindingRow row;
    gint column = 0;

#define READ_TEXT(name) row.name = (const gchar *) sqlite3_column_text (statement, column++);
#define READ_NUMBER(name) row.name = sqlite3_column_int64 (statement, column++);
    BINDING_ROW_TEXTS (READ_TEXT)
    BINDING_ROW_NUMBERS (READ_NUMBER)
#undef READ_TEXT
#undef READ_NUMBER
    func (&row, user_data);
  }
  if (failure)
    g_propagate_error (error, failure);
  return !failure;
}
