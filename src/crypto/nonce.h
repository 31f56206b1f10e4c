/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

typedef enum {
  NONCE_FRESH,
  NONCE_STALE,
  NONCE_FOREIGN,
} NonceVerdict;

typedef struct _NonceBook NonceBook;

NonceBook *nonce_book_new (guint lifetime, guint max_used);
void nonce_book_free (NonceBook *book);

gchar *nonce_book_issue (NonceBook *book);
NonceVerdict nonce_book_check (NonceBook *book, const gchar *nonce, guint32 nc);
void nonce_book_spend (NonceBook *book, const gchar *nonce, guint32 nc);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (NonceBook, nonce_book_free)
