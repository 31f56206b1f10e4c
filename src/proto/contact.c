/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * contact: one value of a Contact header (RFC 3261 section 20.10).
 *
 * The registrar reads a phone's Contact with it, keeps it, and gives it back to the phone as it
 * came; calls take the URI for the INVITE from it. pn-params looks for push in it.
 */
#include "proto/contact.h"

#include "base/error.h"
#include "proto/pn-names.h"

#include <string.h>

#define MALFORMED_EXPIRES 3600          /* RFC 3261 section 20.10 */
#define MAX_EXPIRES G_MAXUINT32         /* the same */
#define MAX_REG_ID ((guint) G_MAXINT32) /* RFC 5626 section 11.1 */

/**
 * contact_free:
 * @contact: (transfer full) (nullable): a contact
 */
void
contact_free (Contact *contact)
{
  if (!contact)
    return;
  g_free (contact->display);
  g_free (contact->uri);
  g_free (contact->scheme);
  g_free (contact->user);
  g_free (contact->password);
  g_free (contact->host);
  g_clear_pointer (&contact->uri_params, g_ptr_array_unref);
  g_free (contact->uri_headers);
  g_clear_pointer (&contact->params, g_ptr_array_unref);
  g_free (contact);
}

static gboolean
fail (GError **error, const gchar *message)
{
  g_set_error_literal (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID, message);
  return FALSE;
}

static gboolean
check_text (const gchar *text, GError **error)
{
  if (strnlen (text, CONTACT_MAX_SIZE + 1) > CONTACT_MAX_SIZE) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_LIMIT, "The Contact is longer than %d bytes",
                 CONTACT_MAX_SIZE);
    return FALSE;
  }
  if (!g_utf8_validate (text, -1, NULL))
    return fail (error, "The Contact is not UTF-8");
  for (; *text; text++)
    if (((guchar) *text < ' ' && *text != '\t') || *text == 0x7f)
      return fail (error, "The Contact holds a control character");
  return TRUE;
}

/* Takes a quoted display name, or the words before the "<", off the front of @text. */
static const gchar *
take_display (Contact *contact, const gchar *text, GError **error)
{
  const gchar *start = text, *bracket;

  if (*text == '"') {
    for (text++; *text && *text != '"'; text++)
      if (*text == '\\' && text[1])
        text++;
    if (!*text) {
      fail (error, "The Contact's display name does not end");
      return NULL;
    }
    text++;
    bracket = text + strspn (text, " \t");
  } else {
    bracket = strchr (text, '<');
  }
  if (!bracket || *bracket != '<') {
    fail (error, "The Contact has a display name and no URI in angle brackets");
    return NULL;
  }
  contact->display = g_strstrip (g_strndup (start, bracket - start));
  if (!*contact->display)
    g_clear_pointer (&contact->display, g_free);
  return bracket;
}

/* Without angle brackets every parameter is the header's, none the URI's (section 20.10). */
static const gchar *
take_uri (Contact *contact, const gchar *text, GError **error)
{
  const gchar *end;

  if (*text != '<') {
    end = text + strcspn (text, "; \t");
    contact->uri = g_strndup (text, end - text);
    return end;
  }
  end = strchr (text, '>');
  if (!end) {
    fail (error, "The Contact's angle bracket does not close");
    return NULL;
  }
  contact->uri = g_strstrip (g_strndup (text + 1, end - text - 1));
  return end + 1;
}

static gboolean
split_uri (Contact *contact, GError **error)
{
  g_autoptr (Uri) uri = uri_parse (contact->uri, error);

  if (!uri)
    return FALSE;
  contact->scheme = g_steal_pointer (&uri->scheme);
  contact->user = g_steal_pointer (&uri->user);
  contact->password = g_steal_pointer (&uri->password);
  contact->host = g_steal_pointer (&uri->host);
  contact->port = uri->port;
  contact->uri_params = g_steal_pointer (&uri->params);
  contact->uri_headers = g_steal_pointer (&uri->headers);
  return TRUE;
}

static gboolean
holds_several (const gchar *params)
{
  gboolean quoted = FALSE;

  for (; *params; params++) {
    if (quoted && *params == '\\' && params[1])
      params++;
    else if (*params == '"')
      quoted = !quoted;
    else if (!quoted && *params == ',')
      return TRUE;
  }
  return FALSE;
}

/**
 * contact_parse:
 * @text: one value: "*", a URI, or a URI in angle brackets with parameters
 * @error: where an error goes
 *
 * Everything is kept as received, quotes and escapes too, but for the scheme, which comes in lower
 * case. An IPv6 host keeps its brackets. A header that holds several values is to be split first.
 *
 * Returns: (transfer full): the contact, or %NULL with %SIPWAKE_ERROR_INVALID or, for more than
 *   %CONTACT_MAX_SIZE bytes or %URI_MAX_PARAMS parameters, %SIPWAKE_ERROR_LIMIT
 */
Contact *
contact_parse (const gchar *text, GError **error)
{
  g_autoptr (Contact) contact = g_new0 (Contact, 1);
  g_autofree gchar *copy = NULL;
  const gchar *rest;

  if (!check_text (text, error))
    return NULL;
  rest = copy = g_strstrip (g_strdup (text));
  if (g_str_equal (rest, "*")) {
    contact->wildcard = TRUE;
    contact->uri_params = uri_params_parse (NULL, NULL);
    contact->params = uri_params_parse (NULL, NULL);
    return g_steal_pointer (&contact);
  }
  if (*rest == '"' || (*rest != '<' && memchr (rest, '<', strcspn (rest, ";"))))
    rest = take_display (contact, rest, error);
  if (rest)
    rest = take_uri (contact, rest, error);
  if (!rest || !split_uri (contact, error))
    return NULL;
  rest += strspn (rest, " \t");
  if (holds_several (rest)) {
    fail (error, "There are several Contacts where one is expected");
    return NULL;
  }
  if (*rest && *rest != ';') {
    fail (error, "The Contact has text behind its URI");
    return NULL;
  }
  contact->params = uri_params_parse (rest, error);
  return contact->params ? g_steal_pointer (&contact) : NULL;
}

/**
 * contact_param:
 * @contact: a contact
 * @name: a header parameter's name, in any case
 *
 * Returns: (transfer none) (nullable): its value as received, "" where it has none, %NULL where it
 *   is absent
 */
const gchar *
contact_param (const Contact *contact, const gchar *name)
{
  return uri_params_find (contact->params, name);
}

/**
 * contact_unquoted_param:
 * @contact: a contact
 * @name: a header parameter's name, in any case
 *
 * Returns: (transfer full) (nullable): its value without quotes, or %NULL where it is absent
 */
gchar *
contact_unquoted_param (const Contact *contact, const gchar *name)
{
  const gchar *value = contact_param (contact, name);

  return value ? uri_param_unquote (value) : NULL;
}

/**
 * contact_instance:
 * @contact: a contact
 *
 * Returns: (transfer full) (nullable): the device's +sip.instance with its angle brackets and
 *   without the quotes (RFC 5626 section 4.1), or %NULL where it has none
 */
gchar *
contact_instance (const Contact *contact)
{
  g_autofree gchar *instance = contact_unquoted_param (contact, "+sip.instance");

  return instance && *instance ? g_steal_pointer (&instance) : NULL;
}

/**
 * contact_reg_id:
 * @contact: a contact
 *
 * Returns: the reg-id (RFC 5626 section 4.2), or 0 where it is absent or none
 */
guint
contact_reg_id (const Contact *contact)
{
  const gchar *value = contact_param (contact, "reg-id");
  guint64 number;

  if (!value || !g_ascii_string_to_unsigned (value, 10, 1, MAX_REG_ID, &number, NULL))
    return 0;
  return (guint) number;
}

/**
 * contact_expires:
 * @contact: a contact
 *
 * Returns: the expiry that the phone asks for, in seconds, at most 2^32-1; 3600 where it is
 *   malformed (RFC 3261 section 20.10), -1 where it is absent
 */
gint64
contact_expires (const Contact *contact)
{
  const gchar *value = contact_param (contact, "expires");
  guint64 seconds;

  if (!value)
    return -1;
  if (!*value || strspn (value, "0123456789") != strlen (value))
    return MALFORMED_EXPIRES;
  if (!g_ascii_string_to_unsigned (value, 10, 0, MAX_EXPIRES, &seconds, NULL))
    return MAX_EXPIRES;
  return (gint64) seconds;
}

/**
 * contact_wants_pnsreg:
 * @contact: a contact
 *
 * Returns: whether the phone says that it can refresh by itself, in either spelling of RFC 8599
 *   section 4.1.4
 */
gboolean
contact_wants_pnsreg (const Contact *contact)
{
  return contact_param (contact, "+sip.pnsreg") || contact_param (contact, "+sip.pnsreq");
}

static void
append_param (GString *text, const UriParam *param)
{
  g_string_append_c (text, ';');
  g_string_append (text, param->name);
  if (!param->value)
    return;
  g_string_append_c (text, '=');
  g_string_append (text, param->value);
}

/**
 * contact_target_uri:
 * @contact: a contact, not the wildcard
 * @with_push: whether its push parameters stay
 *
 * Returns: (transfer full): the URI for the Request-URI of a request to this phone: as received,
 *   without URI headers (RFC 3261 section 19.1.1)
 */
gchar *
contact_target_uri (const Contact *contact, gboolean with_push)
{
  GString *uri = g_string_new (NULL);

  g_string_printf (uri, "%s:", contact->scheme);
  if (contact->user)
    g_string_append (uri, contact->user);
  if (contact->password)
    g_string_append_printf (uri, ":%s", contact->password);
  if (contact->user)
    g_string_append_c (uri, '@');
  g_string_append (uri, contact->host);
  if (contact->port)
    g_string_append_printf (uri, ":%u", contact->port);
  for (guint i = 0; i < contact->uri_params->len; i++) {
    const UriParam *param = g_ptr_array_index (contact->uri_params, i);

    if (with_push || !pn_name_is_push (param->name))
      append_param (uri, param);
  }
  return g_string_free (uri, FALSE);
}

/* What a registrar sets; we give no GRUU (RFC 5627 5.3). */
static gboolean
is_for_registrar (const gchar *name)
{
  return g_ascii_strcasecmp (name, "expires") == 0 || g_ascii_strcasecmp (name, "pub-gruu") == 0 ||
         g_ascii_strcasecmp (name, "temp-gruu") == 0;
}

/**
 * contact_to_string:
 * @contact: a contact
 * @expires: what was granted, in seconds, or negative for none
 *
 * The value for the phone's own 200 (RFC 3261 section 10.3 step 8).
 *
 * Returns: (transfer full): the contact as received, its expiry replaced, without a GRUU
 */
gchar *
contact_to_string (const Contact *contact, gint64 expires)
{
  GString *text;

  if (contact->wildcard)
    return g_strdup ("*");
  text = g_string_new (contact->display);
  if (contact->display)
    g_string_append_c (text, ' ');
  g_string_append_c (text, '<');
  g_string_append (text, contact->uri);
  g_string_append_c (text, '>');
  for (guint i = 0; i < contact->params->len; i++) {
    const UriParam *param = g_ptr_array_index (contact->params, i);

    if (!is_for_registrar (param->name))
      append_param (text, param);
  }
  if (expires >= 0)
    g_string_append_printf (text, ";expires=%" G_GINT64_FORMAT, expires);
  return g_string_free (text, FALSE);
}
