/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz-digest: any bytes as the challenges of a PBX and as the credentials of a phone.
 *
 * What was read is written, read again and written again, and is the same; what answers a challenge
 * is right for whoever reads it.
 */
#include "base/error.h"
#include "crypto/digest-header.h"
#include "fuzz/fuzz.h"

#include <string.h>

#define USER "alice"
#define METHOD "REGISTER"

/* Quotes that are put in may lift a field over the limit. */
static gboolean
was_read (gconstpointer result, const GError *error)
{
  if (!result)
    g_assert_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_LIMIT);
  return result != NULL;
}

static void
check_credentials (const DigestCredentials *credentials, const gchar *ha1, gboolean is_right)
{
  g_autofree gchar *once = digest_credentials_to_string (credentials);
  g_autofree gchar *twice = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (DigestCredentials) again = digest_credentials_parse (once, &error);

  if (!was_read (again, error))
    return;
  twice = digest_credentials_to_string (again);
  g_assert_cmpstr (once, ==, twice);
  g_assert_cmpuint (digest_credentials_nc (again), ==, digest_credentials_nc (credentials));
  g_assert_cmpint (digest_credentials_verify (again, ha1, METHOD, NULL, 0), ==, is_right);
}

static void
check_answer (const DigestChallenge *challenge, const gchar *body, gsize size)
{
  g_autofree gchar *ha1 = digest_ha1 (challenge->algorithm, USER, challenge->realm, "secret");
  g_autoptr (DigestCredentials) answer =
      digest_challenge_answer (challenge, USER, ha1, METHOD, "sip:a.example", NULL, 0, 1);

  g_assert_nonnull (answer);
  check_credentials (answer, ha1, TRUE);
  g_assert_true (!size || answer->qop != DIGEST_QOP_AUTH_INT ||
                 !digest_credentials_verify (answer, ha1, METHOD, body, size));
}

static void
check_challenge (const DigestChallenge *challenge, const gchar *body, gsize size)
{
  g_autofree gchar *once = digest_challenge_to_string (challenge);
  g_autofree gchar *twice = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) again = digest_challenges_parse (once, &error);

  if (was_read (again, error)) {
    g_assert_cmpuint (again->len, ==, 1);
    twice = digest_challenge_to_string (g_ptr_array_index (again, 0));
    g_assert_cmpstr (once, ==, twice);
  }
  check_answer (challenge, body, size);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree gchar *text = g_strndup ((const gchar *) data, size);
  g_autoptr (GPtrArray) challenges = digest_challenges_parse (text, NULL);
  g_autoptr (DigestCredentials) credentials = digest_credentials_parse (text, NULL);

  for (guint i = 0; challenges && i < challenges->len; i++)
    check_challenge (g_ptr_array_index (challenges, i), text, strlen (text));
  if (credentials)
    check_credentials (credentials, "0123456789abcdef0123456789abcdef", FALSE);
  return 0;
}
