/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * account-import: many accounts from one text; here from CSV, in account-pjsip from Asterisk.
 *
 * Text to values, all or nothing: an error names the line and the cause, never the secret. The
 * import command calls it and seals what comes out.
 *
 * CSV as RFC 4180, or with semicolons, with a header line. Columns, in any order: user (the AOR's
 * user part), password or ha1 (lower-case hex), and optionally username (default: user), realm
 * (needed with ha1) and algorithm (MD5 or SHA-256, default MD5).
 */
#include "store/account-import.h"

#include "base/error.h"
#include "crypto/sealed.h"
#include "proto/aor.h"

#include <string.h>

#define MAX_TEXT (16 * 1024 * 1024)
#define MAX_ACCOUNTS 100000
#define MAX_FIELD 1024

typedef enum {
  COLUMN_USER,
  COLUMN_USERNAME,
  COLUMN_REALM,
  COLUMN_PASSWORD,
  COLUMN_HA1,
  COLUMN_ALGORITHM,
  N_COLUMNS
} Column;

static const gchar *const column_names[N_COLUMNS] = {
  [COLUMN_USER] = "user",         [COLUMN_USERNAME] = "username", [COLUMN_REALM] = "realm",
  [COLUMN_PASSWORD] = "password", [COLUMN_HA1] = "ha1",           [COLUMN_ALGORITHM] = "algorithm",
};

typedef struct {
  const gchar *at;
  guint line;
  gchar separator;
  gchar ends[4]; /* what a field that is not quoted ends at */
} Reader;

/**
 * imported_account_new:
 * @line: where it stands in its file
 *
 * Returns: (transfer full): an empty account
 */
ImportedAccount *
imported_account_new (guint line)
{
  ImportedAccount *account = g_new0 (ImportedAccount, 1);

  account->line = line;
  return account;
}

/**
 * imported_account_free:
 * @account: (nullable) (transfer full): an account
 *
 * Wipes its secret.
 */
void
imported_account_free (ImportedAccount *account)
{
  if (!account)
    return;
  g_free (account->user);
  g_free (account->username);
  g_free (account->realm);
  sealed_wipe (account->password);
  sealed_wipe (account->ha1);
  g_free (account);
}

/**
 * account_import_check_size:
 * @text: a whole file
 * @error: return location
 *
 * Returns: whether it may be read; else %SIPWAKE_ERROR_LIMIT
 */
gboolean
account_import_check_size (const gchar *text, GError **error)
{
  if (strnlen (text, MAX_TEXT + 1) <= MAX_TEXT)
    return TRUE;
  g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_LIMIT, "a file of more than %d bytes", MAX_TEXT);
  return FALSE;
}

static const gchar *
find_fault (const ImportedAccount *account)
{
  if (!account->user || !*account->user)
    return "no user";
  if (!account->password == !account->ha1)
    return "either a password or an ha1 is needed";
  if (account->ha1 && !account->realm)
    return "an ha1 is worth nothing without its realm";
  if (account->ha1 && !digest_is_ha1 (account->algorithm, account->ha1))
    return "the ha1 is not of the length and the lower-case hex that its algorithm makes";
  return NULL;
}

/**
 * account_import_users_new:
 *
 * Returns: (transfer container) (element-type utf8 ImportedAccount): nobody yet; by the user's AOR,
 *   so that one user in two spellings is the same
 */
GHashTable *
account_import_users_new (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

/**
 * account_import_add:
 * @accounts: (element-type ImportedAccount): the accounts so far
 * @users: whose they are
 * @account: (transfer full): the next one
 * @error: return location
 *
 * A user has one account. The same once more, from the same line, is left out.
 *
 * Returns: whether it was complete and taken; else %SIPWAKE_ERROR_INVALID or %SIPWAKE_ERROR_LIMIT
 */
gboolean
account_import_add (GPtrArray *accounts, GHashTable *users, ImportedAccount *account, GError **error)
{
  g_autoptr (ImportedAccount) owned = account;
  const gchar *fault = find_fault (account);
  const ImportedAccount *other;
  g_autofree gchar *aor = NULL;

  if (fault) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID, "line %u: %s", account->line, fault);
    return FALSE;
  }
  if (accounts->len >= MAX_ACCOUNTS) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_LIMIT, "line %u: more than %d accounts",
                 account->line, MAX_ACCOUNTS);
    return FALSE;
  }
  aor = aor_new (account->user, "");
  other = g_hash_table_lookup (users, aor);
  if (other && other->line != account->line)
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID, "line %u: the user of line %u again",
                 account->line, other->line);
  if (other)
    return other->line == account->line;
  if (!owned->username)
    owned->username = g_strdup (owned->user);
  g_hash_table_insert (users, g_steal_pointer (&aor), owned);
  g_ptr_array_add (accounts, g_steal_pointer (&owned));
  return TRUE;
}

/* One field, quoted or not; the reader stops at what ended it. */
static gchar *
read_field (Reader *reader, GError **error)
{
  GString *field = g_string_new (NULL);
  gboolean quoted = *reader->at == '"';
  const gchar *fault = NULL;
  guint line = reader->line;

  for (reader->at += quoted; *reader->at; reader->at++) {
    if (quoted && *reader->at == '"') {
      reader->at++;
      if (*reader->at != '"') {
        quoted = FALSE;
        fault =
            *reader->at && !strchr (reader->ends, *reader->at) ? "text behind a closing quote" : NULL;
        break;
      }
    } else if (!quoted && strchr (reader->ends, *reader->at)) {
      break;
    }
    reader->line += *reader->at == '\n';
    g_string_append_c (field, *reader->at);
  }
  if (quoted)
    fault = "a quoted field does not end";
  if (field->len > MAX_FIELD)
    fault = "a field is too long";
  if (!fault)
    return g_string_free (field, FALSE);
  g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID, "line %u: %s", line, fault);
  sealed_wipe (g_string_free (field, FALSE));
  return NULL;
}

static void
free_secret_field (gpointer field)
{
  sealed_wipe (field);
}

/* One line's fields; %NULL at the end of the text, too. */
static GPtrArray *
read_record (Reader *reader, GError **error)
{
  g_autoptr (GPtrArray) record = g_ptr_array_new_with_free_func (free_secret_field);

  for (; *reader->at == '\r' || *reader->at == '\n'; reader->at++)
    reader->line += *reader->at == '\n' || reader->at[1] != '\n';
  if (!*reader->at)
    return NULL;
  for (;; reader->at++) {
    gchar *field = read_field (reader, error);

    if (!field)
      return NULL;
    g_ptr_array_add (record, field);
    if (*reader->at != reader->separator)
      return g_steal_pointer (&record);
    if (record->len > 4 * N_COLUMNS) {
      g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID, "line %u: too many fields",
                   reader->line);
      return NULL;
    }
  }
}

/* Where the comma stands in numbers, spreadsheets separate by semicolons; no column's name has
 * either. */
static void
find_separator (Reader *reader)
{
  gchar first = reader->at[strcspn (reader->at, ",;\r\n")];

  reader->separator = first == ';' ? ';' : ',';
  g_snprintf (reader->ends, sizeof reader->ends, "%c\r\n", reader->separator);
}

static gboolean
read_header (Reader *reader, GArray *columns, GError **error)
{
  g_autoptr (GPtrArray) record = NULL;

  if (g_str_has_prefix (reader->at, "\xef\xbb\xbf"))
    reader->at += 3;
  find_separator (reader);
  record = read_record (reader, error);
  for (guint i = 0; record && i < record->len; i++) {
    const gchar *name = g_strstrip (record->pdata[i]);
    Column column = 0;

    while (column < N_COLUMNS && g_ascii_strcasecmp (name, column_names[column]) != 0)
      column++;
    if (column == N_COLUMNS) {
      g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID,
                   "line 1: no column is named \"%.32s\"; the first line has to name the columns: "
                   "user, username, realm, password, ha1, algorithm",
                   name);
      return FALSE;
    }
    g_array_append_val (columns, column);
  }
  if (!record && !*error)
    g_set_error_literal (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID, "line 1: the file is empty");
  return record != NULL;
}

/* Where a column's text goes; the algorithm is no text. */
static gchar **
field_place (ImportedAccount *account, Column column)
{
  switch (column) {
  case COLUMN_USER:
    return &account->user;
  case COLUMN_USERNAME:
    return &account->username;
  case COLUMN_REALM:
    return &account->realm;
  case COLUMN_PASSWORD:
    return &account->password;
  case COLUMN_HA1:
    return &account->ha1;
  case COLUMN_ALGORITHM:
  case N_COLUMNS:
    break;
  }
  return NULL;
}

static gboolean
take_field (ImportedAccount *account, Column column, const gchar *value, GError **error)
{
  gchar **place = field_place (account, column);

  if (!*value)
    return TRUE;
  if (place) {
    sealed_wipe (*place);
    *place = g_strdup (value);
    return TRUE;
  }
  if (digest_algorithm_from_string (value, &account->algorithm))
    return TRUE;
  g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID,
               "line %u: the algorithm is neither MD5 nor SHA-256", account->line);
  return FALSE;
}

/**
 * account_import_csv:
 * @text: the whole file
 * @error: return location
 *
 * Returns: (transfer full) (element-type ImportedAccount) (nullable): the accounts; %NULL with
 *   %SIPWAKE_ERROR_INVALID or %SIPWAKE_ERROR_LIMIT
 */
GPtrArray *
account_import_csv (const gchar *text, GError **error)
{
  g_autoptr (GPtrArray) accounts =
      g_ptr_array_new_with_free_func ((GDestroyNotify) imported_account_free);
  g_autoptr (GHashTable) users = account_import_users_new ();
  g_autoptr (GArray) columns = g_array_new (FALSE, FALSE, sizeof (Column));
  Reader reader = { .at = text, .line = 1 };
  GError *failure = NULL;

  if (!account_import_check_size (text, error) || !read_header (&reader, columns, &failure)) {
    if (failure)
      g_propagate_error (error, failure);
    return NULL;
  }
  for (;;) {
    g_autoptr (GPtrArray) record = read_record (&reader, &failure);
    g_autoptr (ImportedAccount) account = imported_account_new (reader.line);

    if (!record)
      break;
    if (record->len != columns->len)
      g_set_error (&failure, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID,
                   "line %u: %u fields where the first line names %u", reader.line, record->len,
                   columns->len);
    for (guint i = 0; i < record->len && !failure; i++)
      take_field (account, g_array_index (columns, Column, i), record->pdata[i], &failure);
    if (failure || !account_import_add (accounts, users, g_steal_pointer (&account), &failure))
      break;
  }
  if (failure) {
    g_propagate_error (error, failure);
    return NULL;
  }
  return g_steal_pointer (&accounts);
}
