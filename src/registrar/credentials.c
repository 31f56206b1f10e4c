/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * credentials: what answers the PBX's challenges to one call of a phone that has an account
 * (RFC 3261 22.3).
 *
 * The phone proved itself to us, by a nonce that the PBX does not know; so we prove it to the PBX.
 */
#include "registrar/credentials.h"

struct _Credentials {
  gint refs;
  Account *account;
  gchar *nonce; /* nullable: the one that was answered last */
  guint32 uses; /* of that nonce */
};

/**
 * credentials_new:
 * @account: an account that is ready
 *
 * Returns: (transfer full): credentials that were not used yet
 */
Credentials *
credentials_new (Account *account)
{
  Credentials *credentials = g_new0 (Credentials, 1);

  credentials->refs = 1;
  credentials->account = account_ref (account);
  return credentials;
}

/**
 * credentials_ref:
 * @credentials: credentials
 *
 * Returns: (transfer full): the same
 */
Credentials *
credentials_ref (Credentials *credentials)
{
  credentials->refs++;
  return credentials;
}

/**
 * credentials_unref:
 * @credentials: (transfer full): credentials
 */
void
credentials_unref (Credentials *credentials)
{
  if (--credentials->refs > 0)
    return;
  account_unref (credentials->account);
  g_free (credentials->nonce);
  g_free (credentials);
}

static const DigestChallenge *
find_fitting (const Account *account, GPtrArray *challenges)
{
  for (guint i = 0; account_is_ready (account) && i < challenges->len; i++) {
    const DigestChallenge *challenge = g_ptr_array_index (challenges, i);

    if (challenge->algorithm == account->algorithm &&
        g_strcmp0 (challenge->realm, account->realm) == 0)
      return challenge;
  }
  return NULL;
}

/**
 * credentials_answer:
 * @credentials: the credentials
 * @response: a 401 or 407
 * @method: of the request that was challenged
 * @uri: its Request-URI
 * @body: (nullable): its body, for auth-int
 * @body_size: in bytes
 *
 * Returns: (transfer full) (nullable): the header for the same request again; NULL when the account
 *   does not fit, or a right answer was refused
 */
gchar *
credentials_answer (Credentials *credentials, const sip_t *response, const gchar *method,
                    const gchar *uri, const gchar *body, gsize body_size)
{
  g_autoptr (GPtrArray) challenges = sip_digest_challenges (response);
  const Account *account = credentials->account;
  const DigestChallenge *challenge = find_fitting (account, challenges);
  g_autoptr (DigestCredentials) answer = NULL;

  if (!challenge || (credentials->nonce && !challenge->stale))
    return NULL;
  if (g_strcmp0 (credentials->nonce, challenge->nonce) != 0) {
    g_free (credentials->nonce);
    credentials->nonce = g_strdup (challenge->nonce);
    credentials->uses = 0;
  }
  answer = digest_challenge_answer (challenge, account->username, account->ha1, method, uri, body,
                                    body_size, ++credentials->uses);
  return answer ? sip_digest_line ((guint) response->sip_status->st_status, answer) : NULL;
}
