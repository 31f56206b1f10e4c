/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-contact: any bytes as a Contact and as the URI of an address of record.
 */
#include "base/error.h"
#include "fuzz/fuzz.h"
#include "proto/aor.h"
#include "proto/contact.h"

#include <string.h>

/* What was read once is read again, and the same is written again. */
static void
check_again (const Contact *contact)
{
  g_autofree gchar *once = contact_to_string (contact, 60);
  g_autoptr (GError) error = NULL;
  g_autoptr (Contact) again = contact_parse (once, &error);
  g_autofree gchar *twice = NULL;

  if (!again) {
    /* Angle brackets and the expiry may push a value at a limit over it. */
    g_assert_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_LIMIT);
    return;
  }
  twice = contact_to_string (again, 60);
  g_assert_cmpstr (once, ==, twice);
  g_assert_cmpstr (contact->uri, ==, again->uri);
}

/* The Request-URI names the same user and host and says nothing of push. */
static void
check_target (const Contact *contact)
{
  g_autofree gchar *text = contact_target_uri (contact, FALSE);
  g_autoptr (Uri) target = uri_parse (text, NULL);

  g_assert_nonnull (target);
  g_assert_cmpstr (target->user, ==, contact->user);
  g_assert_cmpstr (target->host, ==, contact->host);
  g_assert_null (target->headers);
  g_assert_null (uri_param (target, "pn-prid"));
}

static void
check_contact (const gchar *text)
{
  g_autoptr (Contact) contact = contact_parse (text, NULL);
  g_autofree gchar *instance = NULL;

  if (!contact)
    return;
  instance = contact_instance (contact);
  contact_reg_id (contact);
  contact_wants_pnsreg (contact);
  g_assert_cmpint (contact_expires (contact), >=, -1);
  check_again (contact);
  if (!contact->wildcard)
    check_target (contact);
}

static void
check_aor (const gchar *text)
{
  g_autofree gchar *aor = aor_from_uri (text, NULL);
  g_autofree gchar *again = aor ? aor_from_uri (aor, NULL) : NULL;

  /* Escaping can triple a user; then it is too long to be read again. */
  if (again)
    g_assert_cmpstr (aor, ==, again);
  else if (aor)
    g_assert_cmpuint (strlen (aor), >, URI_MAX_SIZE);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree gchar *text = g_strndup ((const gchar *) data, size);

  check_contact (text);
  check_aor (text);
  return 0;
}
