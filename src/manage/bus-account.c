/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bus-account: the accounts on the bus: org.sipwake.Sipwake1.Account, below account/.
 *
 * Passwords come in by two methods of the Manager, are sealed by the book, and never go out.
 */
#include "manage/bus-account.h"

#include "base/error.h"
#include "base/log.h"
#include "base/names.h"
#include "manage/bus-changes.h"
#include "manage/bus-info.h"
#include "proto/aor.h"
#include "store/account-pjsip.h"

#include <string.h>

#define MAX_PAGE 1000
#define MAX_USER 255
#define MAX_PASSWORD 1024
#define IMPORT_PORTION 200 /* what an import writes at once */

struct _BusAccounts {
  AccountBook *book;
  GPtrArray *pbxes;
  BusInterface *interface;
  BusChanges *changes;
  GHashTable *imports; /* Import */
};

static const gchar *const invalidated[] = { "Username", "Realm", "State", "Trouble", NULL };

/* ---- properties ---- */

static GVariant *
new_string (const gchar *text)
{
  g_autofree gchar *valid = g_utf8_make_valid (text ? text : "", -1);

  return g_variant_new_string (valid);
}

static GVariant *
get_user (gpointer object, gpointer user_data)
{
  g_autofree gchar *user = aor_user (((Account *) object)->aor);

  return new_string (user);
}

static GVariant *
get_pbx (gpointer object, gpointer user_data)
{
  return new_string (pbx_name (((Account *) object)->pbx));
}

static GVariant *
get_username (gpointer object, gpointer user_data)
{
  return new_string (((Account *) object)->username);
}

static GVariant *
get_realm (gpointer object, gpointer user_data)
{
  return new_string (((Account *) object)->realm);
}

/**
 * bus_account_state:
 * @account: an account
 *
 * Returns: (transfer none): "new", "ready" or "trouble"
 */
const gchar *
bus_account_state (const Account *account)
{
  if (account->trouble)
    return "trouble";
  return account_is_ready (account) ? "ready" : "new";
}

static GVariant *
get_state (gpointer object, gpointer user_data)
{
  return g_variant_new_string (bus_account_state (object));
}

static GVariant *
get_trouble (gpointer object, gpointer user_data)
{
  return new_string (((Account *) object)->trouble);
}

static const BusProperty properties[] = {
  { "User", get_user },
  { "Pbx", get_pbx },
  { "Username", get_username },
  { "Realm", get_realm },
  { "State", get_state },
  { "Trouble", get_trouble },
  { 0 },
};

/* ---- objects ---- */

static gchar *
id_of (const Account *account)
{
  g_autofree gchar *user = aor_user (account->aor);
  g_autofree gchar *pbx_id = bus_interface_id (pbx_name (account->pbx));
  g_autofree gchar *user_id = bus_interface_id (user ? user : "");

  return g_strjoin ("__", pbx_id, user_id, NULL);
}

typedef struct {
  const gchar *wanted; /* an id, or a filter */
  Account *match;
  GPtrArray *found;
} Search;

static void
compare_id (const Account *account, gpointer user_data)
{
  Search *search = user_data;
  g_autofree gchar *id = id_of (account);

  if (g_str_equal (id, search->wanted))
    search->match = (Account *) account;
}

static gpointer
find_account (const gchar *id, gpointer user_data)
{
  Search search = { .wanted = id };

  account_book_each (((BusAccounts *) user_data)->book, compare_id, &search);
  return search.match;
}

static void
on_removed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GDBusMethodInvocation *invocation = user_data;
  GError *error = NULL;

  if (account_book_write_finish (NULL, result, &error))
    g_dbus_method_invocation_return_value (invocation, NULL);
  else
    g_dbus_method_invocation_take_error (invocation, error);
}

static void
remove_account (gpointer object,
                GVariant *parameters,
                GDBusMethodInvocation *invocation,
                gpointer user_data)
{
  g_autoptr (Account) account = account_ref (object);

  log_info (LOG_NONE, "%s: account removed", log_mask_aor (account->aor));
  account_book_remove_async (((BusAccounts *) user_data)->book, account, on_removed, invocation);
}

static const BusMethod methods[] = {
  { "Remove", AUTHORITY_CHANGE, remove_account },
  { 0 },
};

static const BusClass class = {
  .info = &org_sipwake_sipwake1_account_interface,
  .folder = "account",
  .methods = methods,
  .properties = properties,
  .find = find_account,
};

/* ---- lists ---- */

static void
compare_filter (const Account *account, gpointer user_data)
{
  Search *search = user_data;

  if (!*search->wanted || strstr (account->aor, search->wanted) ||
      strstr (account->username, search->wanted) ||
      g_str_equal (bus_account_state (account), search->wanted))
    g_ptr_array_add (search->found, (Account *) account);
}

static gint
by_name (gconstpointer a, gconstpointer b)
{
  const Account *left = *(Account *const *) a, *right = *(Account *const *) b;
  gint order = strcmp (pbx_name (left->pbx), pbx_name (right->pbx));

  return order ? order : strcmp (left->aor, right->aor);
}

/**
 * bus_accounts_list:
 * @accounts: the accounts on the bus
 * @offset: how many to leave out
 * @limit: how many at most
 * @filter: part of an AOR or of a user name, or a state; empty: all
 *
 * Returns: (transfer floating): (uaa{sv}): how many match, and the page
 */
GVariant *
bus_accounts_list (BusAccounts *self, guint offset, guint limit, const gchar *filter)
{
  g_autoptr (GPtrArray) found = g_ptr_array_new ();
  Search search = { .wanted = filter, .found = found };
  GVariantBuilder page;

  account_book_each (self->book, compare_filter, &search);
  g_ptr_array_sort (found, by_name);
  g_variant_builder_init (&page, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = offset; i < found->len && i - offset < MIN (limit, MAX_PAGE); i++) {
    Account *account = g_ptr_array_index (found, i);
    g_autofree gchar *id = id_of (account);
    g_autofree gchar *path = bus_interface_path (&class, id);

    g_variant_builder_open (&page, G_VARIANT_TYPE_VARDICT);
    g_variant_builder_add (&page, "{sv}", "Path", g_variant_new_object_path (path));
    bus_interface_describe (&class, account, self, &page);
    g_variant_builder_close (&page);
  }
  return g_variant_new ("(uaa{sv})", found->len, &page);
}

/* ---- adding ---- */

static Pbx *
find_pbx (BusAccounts *self, const gchar *name, GDBusMethodInvocation *invocation)
{
  for (guint i = 0; i < self->pbxes->len; i++)
    if (g_str_equal (pbx_name (g_ptr_array_index (self->pbxes, i)), name))
      return g_ptr_array_index (self->pbxes, i);
  g_dbus_method_invocation_return_error (invocation, SIPWAKE_ERROR, SIPWAKE_ERROR_NOT_FOUND,
                                         "the configuration has no [pbx:%s]", name);
  return NULL;
}

static void
on_added (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GDBusMethodInvocation *invocation = user_data;
  const gchar *path = g_object_get_data (G_OBJECT (invocation), "path");
  GError *error = NULL;

  if (account_book_write_finish (NULL, result, &error))
    g_dbus_method_invocation_return_value (invocation, g_variant_new ("(o)", path));
  else
    g_dbus_method_invocation_take_error (invocation, error);
}

static gboolean
fits (const gchar *text, gsize max)
{
  return *text && strlen (text) <= max;
}

/**
 * bus_accounts_add:
 * @accounts: the accounts on the bus
 * @invocation: (transfer full): AddAccount of the Manager
 */
void
bus_accounts_add (BusAccounts *self, GDBusMethodInvocation *invocation)
{
  const gchar *pbx_wanted, *user, *username, *password;
  g_autoptr (Account) account = NULL;
  g_autofree gchar *aor = NULL, *id = NULL;
  Pbx *pbx;

  g_variant_get (g_dbus_method_invocation_get_parameters (invocation), "(&s&s&s&s)", &pbx_wanted,
                 &user, &username, &password);
  pbx = find_pbx (self, pbx_wanted, invocation);
  if (!pbx)
    return;
  if (!fits (user, MAX_USER) || strlen (username) > MAX_USER || !fits (password, MAX_PASSWORD)) {
    g_dbus_method_invocation_return_error_literal (invocation, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID,
                                                   "a user and a password of reasonable length "
                                                   "are needed");
    return;
  }
  aor = aor_new (user, pbx_name (pbx));
  account = account_new (pbx, aor, *username ? username : user);
  account->password = g_strdup (password);
  id = id_of (account);
  g_object_set_data_full (G_OBJECT (invocation), "path", bus_interface_path (&class, id), g_free);
  log_info (LOG_NONE, "%s: account added", log_mask_aor (aor));
  account_book_put_async (self->book, account, on_added, invocation);
}

/* Goes on in portions, since the store's queue is bounded. */
typedef struct {
  BusAccounts *accounts; /* NULL: the daemon stops */
  Pbx *pbx;
  GDBusMethodInvocation *invocation;
  GPtrArray *imported;
  guint next;
  guint writing;
  GError *error;
} Import;

static void on_imported (GObject *source, GAsyncResult *result, gpointer user_data);

static void
import_more (Import *import)
{
  while (!import->error && import->next < import->imported->len &&
         import->writing < IMPORT_PORTION) {
    const ImportedAccount *from = g_ptr_array_index (import->imported, import->next++);
    g_autoptr (Account) account = account_from_import (import->pbx, from);

    import->writing++;
    account_book_put_async (import->accounts->book, account, on_imported, import);
  }
}

static void
import_finish (Import *import)
{
  if (import->error)
    g_dbus_method_invocation_take_error (import->invocation, import->error);
  else if (!import->accounts)
    g_dbus_method_invocation_return_error_literal (import->invocation, SIPWAKE_ERROR,
                                                   SIPWAKE_ERROR_CANCELLED, "sipwake stops");
  else
    g_dbus_method_invocation_return_value (import->invocation,
                                           g_variant_new ("(u)", import->imported->len));
  if (import->accounts)
    g_hash_table_remove (import->accounts->imports, import);
  g_ptr_array_unref (import->imported);
  g_free (import);
}

static void
on_imported (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Import *import = user_data;

  account_book_write_finish (NULL, result, import->error ? NULL : &import->error);
  import->writing--;
  if (import->accounts)
    import_more (import);
  if (import->writing == 0)
    import_finish (import);
}

static GPtrArray *
read_file (const gchar *format, const gchar *text, GError **error)
{
  if (g_str_equal (format, "csv"))
    return account_import_csv (text, error);
  if (g_str_equal (format, "pjsip"))
    return account_import_pjsip (text, error);
  g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID,
               "there is no format \"%s\": csv or pjsip", format);
  return NULL;
}

/**
 * bus_accounts_import:
 * @accounts: the accounts on the bus
 * @invocation: (transfer full): ImportAccounts of the Manager
 */
void
bus_accounts_import (BusAccounts *self, GDBusMethodInvocation *invocation)
{
  const gchar *pbx_wanted, *format, *text;
  g_autoptr (GPtrArray) imported = NULL;
  GError *error = NULL;
  Import *import;
  Pbx *pbx;

  g_variant_get (g_dbus_method_invocation_get_parameters (invocation), "(&s&s&s)", &pbx_wanted,
                 &format, &text);
  pbx = find_pbx (self, pbx_wanted, invocation);
  if (!pbx)
    return;
  imported = read_file (format, text, &error);
  if (!imported) {
    g_dbus_method_invocation_take_error (invocation, error);
    return;
  }
  log_info (LOG_NONE, "[pbx:%s] %u accounts imported", pbx_name (pbx), imported->len);
  if (!imported->len) {
    g_dbus_method_invocation_return_value (invocation, g_variant_new ("(u)", 0));
    return;
  }
  import = g_new0 (Import, 1);
  import->accounts = self;
  import->pbx = pbx;
  import->invocation = invocation;
  import->imported = g_steal_pointer (&imported);
  g_hash_table_add (self->imports, import);
  import_more (import);
}

/* ---- changes ---- */

static void
on_book (Account *account, AccountBookEvent event, gpointer user_data)
{
  static const BusChange changes[] = {
    [ACCOUNT_BOOK_ADDED] = BUS_ADDED,
    [ACCOUNT_BOOK_CHANGED] = BUS_CHANGED,
    [ACCOUNT_BOOK_REPLACED] = BUS_CHANGED,
    [ACCOUNT_BOOK_REMOVED] = BUS_REMOVED,
  };
  g_autofree gchar *id = id_of (account);

  bus_changes_note (((BusAccounts *) user_data)->changes, id, changes[event]);
}

/**
 * bus_accounts_new:
 * @book: the accounts; outlives them on the bus
 * @pbxes: (element-type Pbx): all PBXs
 * @connection: the bus
 * @authority: whom to ask
 * @error: return location
 *
 * Returns: (transfer full) (nullable): the accounts on the bus
 */
BusAccounts *
bus_accounts_new (AccountBook *book,
                  GPtrArray *pbxes,
                  GDBusConnection *connection,
                  Authority *authority,
                  GError **error)
{
  BusAccounts *self = g_new0 (BusAccounts, 1);

  self->interface = bus_interface_publish (&class, self, connection, authority, error);
  if (!self->interface) {
    g_free (self);
    return NULL;
  }
  self->imports = g_hash_table_new (NULL, NULL);
  self->changes = bus_changes_new (&class, "AccountsChanged", invalidated, connection);
  self->book = book;
  account_book_watch (book, on_book, self);
  self->pbxes = g_ptr_array_ref (pbxes);
  return self;
}

/**
 * bus_accounts_free:
 * @accounts: (transfer full): the accounts on the bus
 */
void
bus_accounts_free (BusAccounts *self)
{
  GHashTableIter iter;
  gpointer import;

  account_book_unwatch (self->book, on_book, self);
  bus_interface_free (self->interface);
  bus_changes_free (self->changes);
  g_hash_table_iter_init (&iter, self->imports);
  while (g_hash_table_iter_next (&iter, &import, NULL))
    ((Import *) import)->accounts = NULL;
  g_hash_table_unref (self->imports);
  g_ptr_array_unref (self->pbxes);
  g_free (self);
}
