/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * add-account: puts an account into a state directory whose daemon does not run, for the scenarios.
 *
 *   add-account STATE-DIR PBX AOR PASSWORD [REALM]
 *
 * With a realm the password is turned into an MD5 HA1, as if the administrator had given that.
 */
#include "base/log.h"
#include "registrar/account-book.h"

#include <stdlib.h>

static GMainLoop *loop;
static int status = EXIT_SUCCESS;

static void
on_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error)) {
    g_printerr ("add-account: %s\n", error->message);
    status = EXIT_FAILURE;
  }
  g_main_loop_quit (loop);
}

int
main (int argc, char **argv)
{
  static const gchar *const domains[] = { NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (Account) account = NULL;
  g_autofree gchar *user = NULL;
  Store *store;
  AccountBook *book;
  Pbx *pbx;

  if (argc < 5) {
    g_printerr ("usage: add-account STATE-DIR PBX AOR PASSWORD [REALM]\n");
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
  user = g_strndup (argv[3] + strlen ("sip:"), strcspn (argv[3] + strlen ("sip:"), "@"));
  account = account_new (pbx, argv[3], user);
  if (argc > 5) {
    account->realm = g_strdup (argv[5]);
    account->ha1 = digest_ha1 (DIGEST_MD5, user, argv[5], argv[4]);
  } else {
    account->password = g_strdup (argv[4]);
  }
  account_book_put_async (book, account, on_done, NULL);
  g_main_loop_run (loop);
  store_stop_async (store, on_done, NULL);
  g_main_loop_run (loop);
  account_book_free (book);
  store_free (store);
  pbx_free (pbx);
  g_main_loop_unref (loop);
  return status;
}
