/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * account-pjsip: accounts from Asterisk's pjsip.conf.
 *
 * A phone is an endpoint with auth=: its account's user is the first of its aors=, which is what
 * the phone registers as, or the endpoint's own name. What an endpoint uses toward others
 * (outbound_auth=) is no account of a phone. Sections are read as Asterisk does: templates [x](!),
 * inheritance [y](x,z), additions [y](+), comments ; and ;-- --;.
 */
#include "store/account-pjsip.h"

#include "base/error.h"
#include "crypto/sealed.h"

#include <string.h>

#define DEFAULT_REALM "asterisk" /* where neither auth nor global says otherwise */
#define DIGEST_KEY "password_digest"
#define MAX_SECTIONS 300000
#define MAX_KEYS 128 /* of one section, with what it inherited */

typedef struct {
  gchar *name;
  gboolean template;
  guint line;
  GHashTable *values; /* the last value of each key; passwords among them */
} Section;

typedef struct {
  GPtrArray *sections;
  GHashTable *latest; /* name -> Section, as a base to inherit from */
} Config;

static void
section_free (Section *section)
{
  g_free (section->name);
  g_hash_table_unref (section->values);
  g_free (section);
}

static void
wipe_value (gpointer value)
{
  sealed_wipe (value);
}

static gboolean
fail (GError **error, guint line, const gchar *cause)
{
  g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID, "line %u: %s", line, cause);
  return FALSE;
}

/* Blanks out comments in place, also those within comments; line ends stay, so that lines keep their
 * numbers. */
static gboolean
strip_comments (gchar *text, GError **error)
{
  gchar *out = text;
  guint line = 1, opened = 0, depth = 0;
  gboolean in_line = FALSE;

  for (const gchar *p = text; *p; p++) {
    if (*p == '\n') {
      line++;
      in_line = FALSE;
      *out++ = *p;
    } else if (depth > 0 && g_str_has_prefix (p, "--;")) {
      depth--;
      p += 2;
    } else if (in_line) {
      continue;
    } else if (depth == 0 && *p == '\\' && p[1] == ';') {
      *out++ = *++p;
    } else if (g_str_has_prefix (p, ";--") && p[3] != '-') {
      opened = depth++ ? opened : line;
      p += 2;
    } else if (depth > 0) {
      continue;
    } else if (*p == ';') {
      in_line = TRUE;
    } else {
      *out++ = *p;
    }
  }
  *out = '\0';
  return depth ? fail (error, opened, "a ;-- comment does not end with --;") : TRUE;
}

/* The last one of a key counts, but each password_digest is one more. */
static void
set_value (Section *section, const gchar *key, const gchar *value)
{
  g_autofree gchar *name = g_ascii_strdown (key, -1);
  const gchar *earlier = g_hash_table_lookup (section->values, name);
  gchar *all;

  if (g_hash_table_size (section->values) >= MAX_KEYS)
    return;
  if (earlier && g_str_equal (name, DIGEST_KEY))
    all = g_strconcat (earlier, "\n", value, NULL);
  else
    all = g_strdup (value);
  g_hash_table_replace (section->values, g_steal_pointer (&name), all);
}

static gboolean
inherit (Config *config, Section *section, const gchar *base_name, GError **error)
{
  const Section *base = g_hash_table_lookup (config->latest, base_name);
  GHashTableIter iter;
  gpointer key, value;

  if (!base || base == section)
    return fail (error, section->line, "a section inherits from one that does not stand above it");
  g_hash_table_iter_init (&iter, base->values);
  while (g_hash_table_iter_next (&iter, &key, &value))
    set_value (section, key, value);
  return TRUE;
}

/* [name], [name](!), [name](base,base), [name](+); returns the section that lines now belong to. */
static Section *
open_section (Config *config, gchar *text, guint line, GError **error)
{
  gchar *end = strchr (text, ']');
  gchar *options = end ? g_strstrip (end + 1) : NULL;
  g_auto (GStrv) words = NULL;
  Section *section;

  if (!end || (*options && (*options != '(' || !g_str_has_suffix (options, ")")))) {
    fail (error, line, "a section opens as [name], [name](!) or [name](template)");
    return NULL;
  }
  *end = '\0';
  if (*options) {
    options[strlen (options) - 1] = '\0';
    options++;
  }
  words = g_strsplit (options, ",", 32);
  if (words[0] && g_str_equal (g_strstrip (words[0]), "+")) {
    section = g_hash_table_lookup (config->latest, text + 1);
    if (!section)
      fail (error, line, "(+) adds to a section that does not stand above it");
    return section;
  }
  if (config->sections->len >= MAX_SECTIONS) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_LIMIT, "line %u: more than %d sections", line,
                 MAX_SECTIONS);
    return NULL;
  }
  section = g_new0 (Section, 1);
  section->name = g_strdup (text + 1);
  section->line = line;
  section->values = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, wipe_value);
  g_ptr_array_add (config->sections, section);
  for (gchar **word = words; *word; word++) {
    if (g_str_equal (g_strstrip (*word), "!"))
      section->template = TRUE;
    else if (**word && !inherit (config, section, *word, error))
      return NULL;
  }
  g_hash_table_replace (config->latest, section->name, section);
  return section;
}

static gboolean
read_line (Config *config, Section **section, gchar *text, guint line, GError **error)
{
  gchar *value;

  if (!*text)
    return TRUE;
  if (*text == '#')
    return fail (error, line, "#include and #exec are not followed: join the files to one first");
  if (*text == '[') {
    *section = open_section (config, text, line, error);
    return *section != NULL;
  }
  value = strchr (text, '=');
  if (!value)
    return fail (error, line, "neither a [section] nor key=value");
  if (!*section)
    return fail (error, line, "a value stands before the first [section]");
  *value++ = '\0';
  value += *value == '>';
  set_value (*section, g_strchomp (text), g_strchug (value));
  return TRUE;
}

static gboolean
read_config (Config *config, const gchar *text, GError **error)
{
  g_autofree gchar *copy = g_strdup (text);
  Section *section = NULL;
  gchar *rest = copy, *each;
  gboolean done = strip_comments (copy, error);

  for (guint line = 1; done && (each = strsep (&rest, "\n")); line++)
    done = read_line (config, &section, g_strstrip (each), line, error);
  sealed_wipe_buffer (copy, strlen (text));
  return done;
}

static const gchar *
get (const Section *section, const gchar *key)
{
  const gchar *value = section ? g_hash_table_lookup (section->values, key) : NULL;

  return value && *value ? value : NULL;
}

static gboolean
has_type (const Section *section, const gchar *type)
{
  const gchar *own = get (section, "type");

  return own && !section->template && g_ascii_strcasecmp (own, type) == 0;
}

static gchar *
first_word (const gchar *list)
{
  return list ? g_strstrip (g_strndup (list, strcspn (list, ","))) : NULL;
}

static gchar *
find_digest (const gchar *digests, const gchar *prefix)
{
  gsize length = strlen (prefix);

  for (const gchar *line = digests; *line; line += strcspn (line, "\n"), line += *line == '\n')
    if (g_ascii_strncasecmp (line, prefix, length) == 0)
      return g_ascii_strdown (line + length, (gssize) strcspn (line + length, "\n"));
  return NULL;
}

/* Each line is "MD5:hash", "SHA-256:hash" or "SHA-512-256:hash". Every phone can answer with the
 * first, and none here is asked for the last. */
static gboolean
take_digest (ImportedAccount *account, const gchar *digests, GError **error)
{
  account->ha1 = find_digest (digests, "MD5:");
  if (account->ha1)
    return TRUE;
  account->algorithm = DIGEST_SHA256;
  account->ha1 = find_digest (digests, "SHA-256:");
  return account->ha1 ||
         fail (error, account->line, "no password_digest is MD5:hash or SHA-256:hash");
}

static gboolean
take_auth (ImportedAccount *account, const Section *auth, const gchar *realm, GError **error)
{
  const gchar *type = get (auth, "auth_type"), *hash = get (auth, "md5_cred");
  const gchar *digests = get (auth, DIGEST_KEY);

  account->line = auth->line;
  account->username = g_strdup (get (auth, "username"));
  account->realm = g_strdup (get (auth, "realm") ? get (auth, "realm") : realm);
  if (type && g_ascii_strcasecmp (type, "md5") == 0 && hash) {
    account->ha1 = g_ascii_strdown (hash, -1);
  } else if (type && g_ascii_strcasecmp (type, "digest") == 0 && digests) {
    if (!take_digest (account, digests, error))
      return FALSE;
  } else if (!type || g_ascii_strcasecmp (type, "userpass") == 0 ||
             g_ascii_strcasecmp (type, "digest") == 0) {
    account->password = g_strdup (get (auth, "password"));
  } else {
    return fail (error, auth->line, "auth_type is not userpass, md5 or digest, or lacks its hash");
  }
  if (!account->username)
    return fail (error, auth->line, "an auth section without a username");
  if (account->ha1 && !account->realm)
    account->realm = g_strdup (DEFAULT_REALM);
  return TRUE;
}

static gboolean
add_endpoint (GPtrArray *accounts,
              GHashTable *users,
              const Section *endpoint,
              GHashTable *auths,
              const gchar *realm,
              GError **error)
{
  g_autoptr (ImportedAccount) account = imported_account_new (endpoint->line);
  g_autofree gchar *auth_name = first_word (get (endpoint, "auth"));
  const Section *auth = auth_name ? g_hash_table_lookup (auths, auth_name) : NULL;

  if (!auth_name)
    return TRUE;
  if (!auth)
    return fail (error, endpoint->line, "auth= names a section of type=auth that is not here");
  account->user = first_word (get (endpoint, "aors"));
  if (!account->user)
    account->user = g_strdup (endpoint->name);
  return take_auth (account, auth, realm, error) &&
         account_import_add (accounts, users, g_steal_pointer (&account), error);
}

static GPtrArray *
collect (const Config *config, GError **error)
{
  g_autoptr (GPtrArray) accounts =
      g_ptr_array_new_with_free_func ((GDestroyNotify) imported_account_free);
  g_autoptr (GHashTable) users = account_import_users_new ();
  g_autoptr (GHashTable) auths = g_hash_table_new (g_str_hash, g_str_equal);
  const gchar *realm = NULL;

  for (guint i = 0; i < config->sections->len; i++) {
    Section *section = config->sections->pdata[i];

    if (has_type (section, "auth"))
      g_hash_table_insert (auths, section->name, section);
    else if (has_type (section, "global"))
      realm = get (section, "default_realm");
  }
  for (guint i = 0; i < config->sections->len; i++)
    if (has_type (config->sections->pdata[i], "endpoint") &&
        !add_endpoint (accounts, users, config->sections->pdata[i], auths, realm, error))
      return NULL;
  return g_steal_pointer (&accounts);
}

/**
 * account_import_pjsip:
 * @text: the whole file
 * @error: return location
 *
 * Endpoints without auth= are left out.
 *
 * Returns: (transfer full) (element-type ImportedAccount) (nullable): the accounts; %NULL with
 *   %SIPWAKE_ERROR_INVALID or %SIPWAKE_ERROR_LIMIT
 */
GPtrArray *
account_import_pjsip (const gchar *text, GError **error)
{
  g_autoptr (GPtrArray) sections = g_ptr_array_new_with_free_func ((GDestroyNotify) section_free);
  g_autoptr (GHashTable) latest = g_hash_table_new (g_str_hash, g_str_equal);
  Config config = { sections, latest };

  if (!account_import_check_size (text, error) || !read_config (&config, text, error))
    return NULL;
  return collect (&config, error);
}
