/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * account-book: all accounts, in memory by who they are for, and sealed on the disk.
 */
#include "registrar/account-book.h"

#include "base/clock.h"
#include "proto/aor.h"
#include "registrar/record.h"

#define HA1_MARK "ha1 "
#define PASSWORD_MARK "password "

struct _AccountBook {
  Store *store;
  SealedKey *key;
  GHashTable *accounts; /* record key -> Account */
  GSList *watchers;
};

typedef struct {
  AccountBookWatchFunc func;
  gpointer user_data;
} Watcher;

typedef struct {
  AccountBook *book;
  GPtrArray *pbxes;
  GError *error;
} Loading;

/**
 * account_book_new:
 * @store: the store
 * @state_dir: where the sealing key is, unless systemd hands one over
 * @error: return location
 *
 * Returns: (transfer full) (nullable): an empty book
 */
AccountBook *
account_book_new (Store *store, const gchar *state_dir, GError **error)
{
  SealedKey *key = sealed_key_load (state_dir, error);
  AccountBook *book;

  if (!key)
    return NULL;
  if (!store_check_key (store, key, error)) {
    sealed_key_free (key);
    return NULL;
  }
  book = g_new0 (AccountBook, 1);
  book->store = store;
  book->key = key;
  book->accounts =
    g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) account_unref);
  return book;
}

/**
 * account_book_free:
 * @book: (transfer full): a book
 */
void
account_book_free (AccountBook *book)
{
  g_slist_free_full (book->watchers, g_free);
  g_hash_table_unref (book->accounts);
  sealed_key_free (book->key);
  g_free (book);
}

static void
tell (AccountBook *book, Account *account, AccountBookEvent event)
{
  for (GSList *link = book->watchers; link; link = link->next) {
    const Watcher *watcher = link->data;

    watcher->func (account, event, watcher->user_data);
  }
}

static void
keep (AccountBook *book, Account *account)
{
  g_hash_table_replace (book->accounts, record_key (account->pbx, account->aor),
                        account_ref (account));
}

static gboolean
unseal (AccountBook *book, Account *account, const AccountRow *row, GError **error)
{
  g_autofree gchar *secret = sealed_open (book->key, row->aor, row->sealed, error);

  if (!secret)
    return FALSE;
  if (g_str_has_prefix (secret, HA1_MARK))
    account->ha1 = g_strdup (secret + strlen (HA1_MARK));
  else if (g_str_has_prefix (secret, PASSWORD_MARK))
    account->password = g_strdup (secret + strlen (PASSWORD_MARK));
  sealed_wipe_buffer (secret, strlen (secret));
  return TRUE;
}

static void
on_row (const AccountRow *row, gpointer user_data)
{
  Loading *loading = user_data;
  g_autoptr (Account) account = NULL;
  Pbx *pbx = NULL;

  for (guint i = 0; i < loading->pbxes->len; i++)
    if (g_strcmp0 (pbx_name (g_ptr_array_index (loading->pbxes, i)), row->pbx) == 0)
      pbx = g_ptr_array_index (loading->pbxes, i);
  if (!pbx || loading->error)
    return;
  account = account_new (pbx, row->aor, row->username);
  account->realm = g_strdup (row->realm);
  if (row->algorithm)
    digest_algorithm_from_string (row->algorithm, &account->algorithm);
  if (unseal (loading->book, account, row, &loading->error))
    keep (loading->book, account);
}

/**
 * account_book_load:
 * @book: an empty book
 * @pbxes: (element-type Pbx): all PBXs
 * @error: return location
 *
 * Returns: whether all accounts could be read and opened
 */
gboolean
account_book_load (AccountBook *book, GPtrArray *pbxes, GError **error)
{
  Loading loading = { book, pbxes, NULL };

  if (!store_load_accounts (book->store, on_row, &loading, error)) {
    g_clear_error (&loading.error);
    return FALSE;
  }
  if (loading.error) {
    g_propagate_error (error, loading.error);
    return FALSE;
  }
  return TRUE;
}

/**
 * account_book_find:
 * @book: the book
 * @pbx: a PBX
 * @aor: an address of record there
 *
 * Returns: (transfer none) (nullable): its account
 */
Account *
account_book_find (AccountBook *book, const Pbx *pbx, const gchar *aor)
{
  g_autofree gchar *key = record_key (pbx, aor);

  return g_hash_table_lookup (book->accounts, key);
}

/**
 * account_book_each:
 * @book: the book
 * @func: (scope call): called with each account
 * @user_data: for @func
 */
void
account_book_each (AccountBook *book, AccountBookFunc func, gpointer user_data)
{
  GHashTableIter iter;
  gpointer account;

  g_hash_table_iter_init (&iter, book->accounts);
  while (g_hash_table_iter_next (&iter, NULL, &account))
    func (account, user_data);
}

/**
 * account_book_watch:
 * @book: the book
 * @func: told of every change
 * @user_data: for @func
 */
void
account_book_watch (AccountBook *book, AccountBookWatchFunc func, gpointer user_data)
{
  Watcher *watcher = g_new (Watcher, 1);

  *watcher = (Watcher){ func, user_data };
  book->watchers = g_slist_append (book->watchers, watcher);
}

/**
 * account_book_unwatch:
 * @book: the book
 * @func: what account_book_watch() was given
 * @user_data: likewise
 */
void
account_book_unwatch (AccountBook *book, AccountBookWatchFunc func, gpointer user_data)
{
  for (GSList *link = book->watchers; link; link = link->next) {
    Watcher *watcher = link->data;

    if (watcher->func == func && watcher->user_data == user_data) {
      book->watchers = g_slist_delete_link (book->watchers, link);
      g_free (watcher);
      return;
    }
  }
}

/**
 * account_book_set_trouble:
 * @book: the book
 * @account: an account
 * @trouble: (nullable): why the PBX does not take it
 */
void
account_book_set_trouble (AccountBook *book, Account *account, const gchar *trouble)
{
  if (g_strcmp0 (account->trouble, trouble) == 0)
    return;
  g_free (account->trouble);
  account->trouble = g_strdup (trouble);
  tell (book, account, ACCOUNT_BOOK_CHANGED);
}

static void
on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (store_write_finish (NULL, result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/**
 * account_book_put_async:
 * @book: the book
 * @account: (transfer none): an account with a password, or an HA1 and its realm
 * @callback: called when it is on the disk, sealed
 * @user_data: for @callback
 *
 * It counts at once. All who hold an older one of the same user go on with the new secret.
 */
void
account_book_put_async (AccountBook *book, Account *account, GAsyncReadyCallback callback,
                        gpointer user_data)
{
  GTask *task = g_task_new (NULL, NULL, callback, user_data);
  g_autofree gchar *secret =
    account->ha1 ? g_strconcat (HA1_MARK, account->ha1, NULL)
                 : g_strconcat (PASSWORD_MARK, account->password ? account->password : "", NULL);
  GError *error = NULL;
  g_autoptr (GBytes) sealed = sealed_close (book->key, account->aor, secret, &error);
  AccountRow row = {
    .aor = account->aor,
    .pbx = pbx_name (account->pbx),
    .username = account->username,
    .realm = account->realm,
    .algorithm = digest_algorithm_to_string (account->algorithm),
    .state = "active",
    .sealed = sealed,
    .created_wall = clock_wall (),
    .updated_wall = clock_wall (),
  };
  Account *known = account_book_find (book, account->pbx, account->aor);

  sealed_wipe_buffer (secret, strlen (secret));
  if (!sealed) {
    g_task_return_error (task, error);
    g_object_unref (task);
    return;
  }
  store_put_account_async (book->store, &row, on_written, task);
  if (known && known != account) {
    account_replace (known, account);
    tell (book, known, ACCOUNT_BOOK_REPLACED);
    return;
  }
  if (!known)
    keep (book, account);
  tell (book, account, known ? ACCOUNT_BOOK_CHANGED : ACCOUNT_BOOK_ADDED);
}

/**
 * account_book_remove_async:
 * @book: the book
 * @account: one of its accounts
 * @callback: called when it is gone from the disk
 * @user_data: for @callback
 *
 * Its secret is wiped at once, for all who hold it.
 */
void
account_book_remove_async (AccountBook *book, Account *account, GAsyncReadyCallback callback,
                           gpointer user_data)
{
  GTask *task = g_task_new (NULL, NULL, callback, user_data);
  g_autofree gchar *key = record_key (account->pbx, account->aor);
  g_autoptr (Account) gone = account_ref (account);

  store_remove_account_async (book->store, gone->aor, on_written, task);
  g_hash_table_remove (book->accounts, key);
  account_forget (gone);
  tell (book, gone, ACCOUNT_BOOK_REMOVED);
}

/**
 * account_book_write_finish:
 * @book: the book
 * @result: what the callback got
 * @error: return location
 *
 * Returns: whether the disk has it
 */
gboolean
account_book_write_finish (AccountBook *book, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * account_from_import:
 * @pbx: the PBX of the imported file
 * @imported: one of its accounts
 *
 * Returns: (transfer full): the account
 */
Account *
account_from_import (Pbx *pbx, const ImportedAccount *imported)
{
  g_autofree gchar *aor = aor_new (imported->user, pbx_name (pbx));
  Account *account = account_new (pbx, aor, imported->username);

  account->realm = g_strdup (imported->realm);
  account->algorithm = imported->algorithm;
  account->ha1 = g_strdup (imported->ha1);
  account->password = g_strdup (imported->password);
  return account;
}
