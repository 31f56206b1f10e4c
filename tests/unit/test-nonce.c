/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/clock.h"
#include "crypto/nonce.h"

#include <glib.h>
#include <string.h>

static void
test_counts (void)
{
  g_autoptr (NonceBook) book = nonce_book_new (60, 10);
  g_autofree gchar *nonce = nonce_book_issue (book);

  g_assert_cmpint (nonce_book_check (book, nonce, 1), ==, NONCE_FRESH);
  g_assert_cmpint (nonce_book_check (book, nonce, 1), ==, NONCE_FRESH);
  nonce_book_spend (book, nonce, 1);
  g_assert_cmpint (nonce_book_check (book, nonce, 1), ==, NONCE_STALE);
  g_assert_cmpint (nonce_book_check (book, nonce, 5), ==, NONCE_FRESH);
  nonce_book_spend (book, nonce, 5);
  g_assert_cmpint (nonce_book_check (book, nonce, 4), ==, NONCE_STALE);
}

static void
test_serves_once_without_qop (void)
{
  g_autoptr (NonceBook) book = nonce_book_new (60, 10);
  g_autofree gchar *nonce = nonce_book_issue (book);

  g_assert_cmpint (nonce_book_check (book, nonce, 0), ==, NONCE_FRESH);
  nonce_book_spend (book, nonce, 0);
  g_assert_cmpint (nonce_book_check (book, nonce, 0), ==, NONCE_STALE);
}

static void
test_expires (void)
{
  g_autoptr (NonceBook) book = nonce_book_new (60, 10);
  g_autofree gchar *nonce = nonce_book_issue (book);

  clock_test_advance (59 * CLOCK_SECOND);
  g_assert_cmpint (nonce_book_check (book, nonce, 1), ==, NONCE_FRESH);
  clock_test_advance (2 * CLOCK_SECOND);
  g_assert_cmpint (nonce_book_check (book, nonce, 1), ==, NONCE_STALE);
}

static void
test_foreign (void)
{
  g_autoptr (NonceBook) book = nonce_book_new (60, 10), other = nonce_book_new (60, 10);
  g_autofree gchar *nonce = nonce_book_issue (book);

  g_assert_cmpint (nonce_book_check (other, nonce, 1), ==, NONCE_FOREIGN);
  g_assert_cmpint (nonce_book_check (book, "", 1), ==, NONCE_FOREIGN);
  for (gsize i = 0; i < strlen (nonce); i++) {
    g_autofree gchar *forged = g_strdup (nonce);

    forged[i] = forged[i] == '0' ? '1' : '0';
    g_assert_cmpint (nonce_book_check (book, forged, 1), ==, NONCE_FOREIGN);
  }
}

/* A bounded memory must not open a way to replay what it forgot. */
static void
test_forgotten_is_stale (void)
{
  g_autoptr (NonceBook) book = nonce_book_new (60, 3);
  g_autofree gchar *first = nonce_book_issue (book);
  g_autofree gchar *last = NULL;

  nonce_book_spend (book, first, 1);
  for (guint i = 0; i < 3; i++) {
    clock_test_advance (1);
    g_free (last);
    last = nonce_book_issue (book);
    nonce_book_spend (book, last, 1);
  }
  g_assert_cmpint (nonce_book_check (book, first, 1), ==, NONCE_STALE);
  g_assert_cmpint (nonce_book_check (book, first, 2), ==, NONCE_STALE);
  g_assert_cmpint (nonce_book_check (book, last, 2), ==, NONCE_FRESH);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/nonce/counts", test_counts);
  g_test_add_func ("/nonce/serves-once-without-qop", test_serves_once_without_qop);
  g_test_add_func ("/nonce/expires", test_expires);
  g_test_add_func ("/nonce/foreign", test_foreign);
  g_test_add_func ("/nonce/forgotten-is-stale", test_forgotten_is_stale);
  return g_test_run ();
}
