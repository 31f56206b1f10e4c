/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * store: what survives a restart.
 *
 * The daemon opens it, the registrar reads everything once and then only writes. A durable write
 * answers when the row is on the disk; a lazy one never answers and never fails. Rows with one key
 * are written in the order in which they were given. All of it in memory is the registrar's; the
 * store keeps no row.
 */
#include "store/store.h"

#include "base/error.h"
#include "base/names.h"
#include "store/store-schema.h"
#include "store/store-thread.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#define META_KEY_CHECK "key-check"
#define KEY_CHECK "sipwake"

struct _Store {
  gchar *path;
  gint lock_fd;
  StoreThread *thread;
};

static gboolean
take_file (const gchar *dir, const gchar *name, gint *fd, GError **error)
{
  g_autofree gchar *path = g_build_filename (dir, name, NULL);

  *fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (*fd >= 0)
    return TRUE;
  g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_STORAGE, "%s cannot be written: %s", path,
               g_strerror (errno));
  return FALSE;
}

/* Two daemons on one file would each overwrite what the other knows. */
static gboolean
lock_directory (Store *store, const gchar *dir, GError **error)
{
  if (!take_file (dir, SIPWAKE_STATE_LOCK, &store->lock_fd, error))
    return FALSE;
  if (flock (store->lock_fd, LOCK_EX | LOCK_NB) == 0)
    return TRUE;
  g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_STORAGE,
               "%s is in use by another sipwaked; give each its own state-dir", dir);
  return FALSE;
}

/* SQLite would make the file with the umask's mode, and the WAL with that of the file. */
static gboolean
make_private (const gchar *dir, GError **error)
{
  gint fd;

  if (!take_file (dir, SIPWAKE_STATE_DB, &fd, error))
    return FALSE;
  close (fd);
  return TRUE;
}

static gchar *
read_meta (StoreDb *db, const gchar *name, GError **error)
{
  sqlite3_stmt *statement = store_db_prepare (db, "SELECT value FROM meta WHERE name = ?", error);
  gchar *value = NULL;

  if (!statement)
    return NULL;
  sqlite3_bind_text (statement, 1, name, -1, SQLITE_STATIC);
  while (store_db_next (db, statement, error))
    value = g_strdup ((const gchar *) sqlite3_column_text (statement, 0));
  return value;
}

static gboolean
write_meta (StoreDb *db, const gchar *name, const gchar *value, GError **error)
{
  sqlite3_stmt *statement =
      store_db_prepare (db, "INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", error);

  if (!statement)
    return FALSE;
  sqlite3_bind_text (statement, 1, name, -1, SQLITE_STATIC);
  sqlite3_bind_text (statement, 2, value, -1, SQLITE_STATIC);
  return store_db_run (db, statement, error);
}

static gboolean
prepare_file (Store *store, GError **error)
{
  g_autoptr (StoreDb) db = store_db_open (store->path, error);

  return db && store_schema_prepare (db, error);
}

/**
 * store_open:
 * @dir: the state directory; made with mode 0700 when it is missing
 * @error: return location
 *
 * Brings the file up to date and starts the writer; completions come on the caller's thread-default
 * context. A damaged file is not touched: the message names it and says how to set it aside.
 * Blocks on the disk: to be called at start.
 *
 * Returns: (transfer full) (nullable): the store; %NULL with %SIPWAKE_ERROR_STORAGE
 */
Store *
store_open (const gchar *dir, GError **error)
{
  g_autoptr (Store) store = g_new0 (Store, 1);

  store->lock_fd = -1;
  store->path = g_build_filename (dir, SIPWAKE_STATE_DB, NULL);
  if (g_mkdir_with_parents (dir, 0700) < 0) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_STORAGE, "%s cannot be made: %s", dir,
                 g_strerror (errno));
    return NULL;
  }
  if (!lock_directory (store, dir, error) || !make_private (dir, error) ||
      !prepare_file (store, error))
    return NULL;
  store->thread = store_thread_new (store->path, error);
  return store->thread ? g_steal_pointer (&store) : NULL;
}

/**
 * store_stop_async:
 * @store: the store
 * @callback: called when everything is written and the file is closed; it may free @store
 * @user_data: for @callback
 *
 * Writes after this are refused with %SIPWAKE_ERROR_CANCELLED. What the disk does not take at once
 * is dropped and logged.
 */
void
store_stop_async (Store *store, GAsyncReadyCallback callback, gpointer user_data)
{
  store_thread_stop_async (store->thread, callback, user_data);
}

/**
 * store_stop_finish:
 * @store: the store
 * @result: what the callback got
 * @error: return location
 *
 * Returns: %TRUE
 */
gboolean
store_stop_finish (Store *store, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * store_free:
 * @store: (nullable) (transfer full): the store
 *
 * Blocks until everything is written, unless store_stop_async() was through.
 */
void
store_free (Store *store)
{
  if (!store)
    return;
  store_thread_free (store->thread);
  if (store->lock_fd >= 0)
    close (store->lock_fd);
  g_free (store->path);
  g_free (store);
}

static gboolean
remember_key (StoreDb *db, const SealedKey *key, GError **error)
{
  g_autoptr (GBytes) blob = sealed_close (key, META_KEY_CHECK, KEY_CHECK, error);
  g_autofree gchar *value = NULL;

  if (!blob)
    return FALSE;
  value = g_base64_encode (g_bytes_get_data (blob, NULL), g_bytes_get_size (blob));
  return write_meta (db, META_KEY_CHECK, value, error);
}

/**
 * store_check_key:
 * @store: the store
 * @key: the key that opens the accounts' secrets
 * @error: return location
 *
 * Tells at start, not at the first challenge, that the key is another one. The first key is
 * remembered; so is a new one while there are no accounts. Blocks on the disk.
 *
 * Returns: whether @key is the one; else %SIPWAKE_ERROR_CRYPTO or %SIPWAKE_ERROR_STORAGE
 */
gboolean
store_check_key (Store *store, const SealedKey *key, GError **error)
{
  g_autoptr (StoreDb) db = store_db_open (store->path, error);
  g_autofree gchar *value = NULL;
  GError *failure = NULL;
  gint64 accounts;

  if (!db || !store_db_number (db, "SELECT count (*) FROM account", &accounts, error))
    return FALSE;
  value = read_meta (db, META_KEY_CHECK, &failure);
  if (failure) {
    g_propagate_error (error, failure);
    return FALSE;
  }
  if (value) {
    gsize size;
    guchar *bytes = g_base64_decode (value, &size);
    g_autoptr (GBytes) blob = g_bytes_new_take (bytes, size);
    gchar *opened = sealed_open (key, META_KEY_CHECK, blob, NULL);

    if (opened) {
      sealed_wipe (opened);
      return TRUE;
    }
    if (accounts > 0) {
      g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CRYPTO,
                   "%s is not the key that sealed the %" G_GINT64_FORMAT " accounts in %s: put "
                   "the old key back, or remove the accounts and import them again",
                   sealed_key_source (key), accounts, store->path);
      return FALSE;
    }
  }
  return remember_key (db, key, error);
}

/**
 * store_load_bindings:
 * @store: the store
 * @func: (scope call): called with each row, whose strings live only as long as the call
 * @user_data: for @func
 * @error: return location
 *
 * Reads what is on the disk. Blocks: to be called at start, before anything is written.
 *
 * Returns: whether all rows were read; else %SIPWAKE_ERROR_STORAGE
 */
gboolean
store_load_bindings (Store *store, BindingRowFunc func, gpointer user_data, GError **error)
{
  g_autoptr (StoreDb) db = store_db_open (store->path, error);

  return db && binding_row_each (db, func, user_data, error);
}

/**
 * store_load_accounts:
 * @store: the store
 * @func: (scope call): called with each row, whose strings and blob live only as long as the call
 * @user_data: for @func
 * @error: return location
 *
 * As store_load_bindings().
 *
 * Returns: whether all rows were read; else %SIPWAKE_ERROR_STORAGE
 */
gboolean
store_load_accounts (Store *store, AccountRowFunc func, gpointer user_data, GError **error)
{
  g_autoptr (StoreDb) db = store_db_open (store->path, error);

  return db && account_row_each (db, func, user_data, error);
}

static gboolean
apply_put_binding (StoreDb *db, gconstpointer value, GError **error)
{
  return binding_row_put (db, value, error);
}

static gboolean
apply_remove_binding (StoreDb *db, gconstpointer value, GError **error)
{
  return binding_row_remove (db, value, error);
}

static gboolean
apply_put_account (StoreDb *db, gconstpointer value, GError **error)
{
  return account_row_put (db, value, error);
}

static gboolean
apply_remove_account (StoreDb *db, gconstpointer value, GError **error)
{
  return account_row_remove (db, value, error);
}

/* Bindings and accounts share the queue, and a token might look like an AOR. */
static StoreJob *
new_job (
    gchar table, const gchar *name, StoreApply apply, gpointer value, GDestroyNotify free_value)
{
  g_autofree gchar *key = g_strdup_printf ("%c:%s", table, name);

  return store_job_new (key, apply, value, free_value);
}

static StoreJob *
put_binding_job (const BindingRow *row)
{
  return new_job ('b', row->token, apply_put_binding, binding_row_copy (row),
                  (GDestroyNotify) binding_row_free);
}

static StoreJob *
remove_binding_job (const gchar *token)
{
  return new_job ('b', token, apply_remove_binding, g_strdup (token), g_free);
}

/**
 * store_put_binding_async:
 * @store: the store
 * @row: a row, which is copied; one with the same token is replaced
 * @callback: called when it is on the disk, or is not; see store_write_finish()
 * @user_data: for @callback
 */
void
store_put_binding_async (Store *store,
                         const BindingRow *row,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  store_thread_write_async (store->thread, put_binding_job (row), callback, user_data);
}

/**
 * store_remove_binding_async:
 * @store: the store
 * @token: the row's token; that there is none is no error
 * @callback: called when it is gone from the disk, or is not; see store_write_finish()
 * @user_data: for @callback
 */
void
store_remove_binding_async (Store *store,
                            const gchar *token,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  store_thread_write_async (store->thread, remove_binding_job (token), callback, user_data);
}

/**
 * store_put_account_async:
 * @store: the store
 * @row: a row, which is copied; one with the same AOR is replaced
 * @callback: called when it is on the disk, or is not; see store_write_finish()
 * @user_data: for @callback
 */
void
store_put_account_async (Store *store,
                         const AccountRow *row,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  store_thread_write_async (store->thread,
                            new_job ('a', row->aor, apply_put_account, account_row_copy (row),
                                     (GDestroyNotify) account_row_free),
                            callback, user_data);
}

/**
 * store_remove_account_async:
 * @store: the store
 * @aor: the row's AOR; that there is none is no error
 * @callback: called when it is gone from the disk, or is not; see store_write_finish()
 * @user_data: for @callback
 */
void
store_remove_account_async (Store *store,
                            const gchar *aor,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  store_thread_write_async (store->thread,
                            new_job ('a', aor, apply_remove_account, g_strdup (aor), g_free),
                            callback, user_data);
}

/**
 * store_write_finish:
 * @store: the store
 * @result: what the callback of a put or remove got
 * @error: return location
 *
 * After %SIPWAKE_ERROR_TIMED_OUT (half a second) the row may still be written later.
 *
 * Returns: whether the row is on the disk; else %SIPWAKE_ERROR_STORAGE, %SIPWAKE_ERROR_TIMED_OUT,
 *   %SIPWAKE_ERROR_LIMIT (too many rows wait), %SIPWAKE_ERROR_INVALID (the row itself is refused)
 *   or %SIPWAKE_ERROR_CANCELLED (the store stops)
 */
gboolean
store_write_finish (Store *store, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * store_put_binding_lazily:
 * @store: the store
 * @row: a row, which is copied
 *
 * For a refresh: on the disk with the next commit or within a second, or when the disk allows.
 */
void
store_put_binding_lazily (Store *store, const BindingRow *row)
{
  store_thread_write_lazily (store->thread, put_binding_job (row));
}

/**
 * store_remove_binding_lazily:
 * @store: the store
 * @token: the row's token
 *
 * For an expired binding, which would not be taken up again anyway.
 */
void
store_remove_binding_lazily (Store *store, const gchar *token)
{
  store_thread_write_lazily (store->thread, remove_binding_job (token));
}
