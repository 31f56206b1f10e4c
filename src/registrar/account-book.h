/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "registrar/account.h"
#include "store/account-import.h"
#include "store/store.h"

typedef struct _AccountBook AccountBook;
typedef void (*AccountBookFunc) (const Account *account, gpointer user_data);

typedef enum {
  ACCOUNT_BOOK_ADDED,
  ACCOUNT_BOOK_CHANGED,
  ACCOUNT_BOOK_REPLACED, /* by another secret, in the same account */
  ACCOUNT_BOOK_REMOVED,  /* its secret is wiped */
} AccountBookEvent;
typedef void (*AccountBookWatchFunc) (Account *account, AccountBookEvent event,
                                      gpointer user_data);

AccountBook *account_book_new (Store *store, const gchar *state_dir, GError **error);
void account_book_free (AccountBook *book);
gboolean account_book_load (AccountBook *book, GPtrArray *pbxes, GError **error);

Account *account_book_find (AccountBook *book, const Pbx *pbx, const gchar *aor);
void account_book_each (AccountBook *book, AccountBookFunc func, gpointer user_data);
void account_book_watch (AccountBook *book, AccountBookWatchFunc func, gpointer user_data);
void account_book_unwatch (AccountBook *book, AccountBookWatchFunc func, gpointer user_data);
void account_book_set_trouble (AccountBook *book, Account *account, const gchar *trouble);

void account_book_put_async (AccountBook *book, Account *account, GAsyncReadyCallback callback,
                             gpointer user_data);
void account_book_remove_async (AccountBook *book, Account *account, GAsyncReadyCallback callback,
                                gpointer user_data);
gboolean account_book_write_finish (AccountBook *book, GAsyncResult *result, GError **error);
Account *account_from_import (Pbx *pbx, const ImportedAccount *imported);
