/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * add-account: puts accounts into a state directory whose daemon does not run, for the scenarios.
 *
 *   add-account STATE-DIR PBX REALM {AOR PASSWORD}...
 *
 * Unless the realm is empty the passwords are turned into an MD5 HA1, as if the administrator had
 * given that.
 */
#include "base/log.h"
#include "registrar/account-book.h"

#include <stdlib.h>

static GMainLoop *loop;
static guint pending;
static int status = EXIT_SUCCESS;

static void
on_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error)) {
    g_printerr ("add-account: %s\n", error->message);
    status = EXIT_FAILURE;
  }
  if (--pending == 0)
    g_main_loop_quit (loop);
}

static void
add (AccountBook *book, Pbx *pbx, const gchar *realm, const gchar *aor, const gchar *password)
{
  g_autofree gchar *user =
    g_strndup (aor + strlen ("sip:"), strcspn (aor + strlen ("sip:"), "@"));
  g_autoptr (Account) account = account_new (pbx, aor, user);

  if (*realm) {
    account->realm = g_strdup (realm);
    account->ha1 = digest_ha1 (DIGEST_MD5, user, realm, password);
  } else {
    account->password = g_strdup (password);
  }
  pending++;
  account_book_put_async (book, account, on_done, NULL);
}

int
main (int argc, char **argv)
{
  static const gchar *const domains[] = { NULL };
  g_autoptr (GError) error = NULL;
  Store *store;
  AccountBook *book;
  Pbx *pbx;

  if (argc < 6) {
    g_printerr ("usage: add-account STATE-DIR PBX REALM {AOR PASSWORD}...\n");
    return EXIT_FAILURE;
  }
  log_init ();
  loop = g_main_loop_new (NULL, FALSE);
  store = store_open (argv[1], &error);
  book = store ? account_book_new (store, argv[1], &error) : NULL;
  if (!book) {
    g_printerr ("add-account: %s\n", error->message);
    return EXIT_FAILURE;
  }
  pbx = pbx_new (argv[2], domains, 3600, NULL);
  for (int i = 4; i + 1 < argc; i += 2)
    add (book, pbx, argv[3], argv[i], argv[i + 1]);
  g_main_loop_run (loop);
  pending = 1;
  store_stop_async (store, on_done, NULL);
  g_main_loop_run (loop);
  account_book_free (book);
  store_free (store);
  pbx_free (pbx);
  g_main_loop_unref (loop);
  return status;
}
