/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * account: what the administrator told us of a user's password at the PBX.
 *
 * An HA1 with its realm and algorithm is all that is needed, toward the PBX and toward the phone;
 * a password is kept only until the PBX's first challenge tells the realm.
 */
#include "registrar/account.h"

#include "crypto/sealed.h"

/**
 * account_new:
 * @pbx: (transfer none): the PBX
 * @aor: whose account
 * @username: the user name of the digest
 *
 * Returns: (transfer full): an account without a secret
 */
Account *
account_new (Pbx *pbx, const gchar *aor, const gchar *username)
{
  Account *account = g_new0 (Account, 1);

  account->refs = 1;
  account->pbx = pbx;
  account->aor = g_strdup (aor);
  account->username = g_strdup (username);
  return account;
}

/**
 * account_ref:
 * @account: an account
 *
 * Returns: (transfer full): @account
 */
Account *
account_ref (Account *account)
{
  account->refs++;
  return account;
}

/**
 * account_unref:
 * @account: (transfer full): an account; with the last reference its secret is wiped
 */
void
account_unref (Account *account)
{
  if (--account->refs > 0)
    return;
  account_forget (account);
  g_free (account->trouble);
  g_free (account->realm);
  g_free (account->username);
  g_free (account->aor);
  g_free (account);
}

/**
 * account_has_secret:
 * @account: an account
 *
 * Returns: whether it was not removed meanwhile
 */
gboolean
account_has_secret (const Account *account)
{
  return account->ha1 || account->password;
}

/**
 * account_is_ready:
 * @account: an account
 *
 * Returns: whether the phone can be challenged and the PBX be answered
 */
gboolean
account_is_ready (const Account *account)
{
  return account->realm && account->ha1;
}

/**
 * account_learn:
 * @account: an account
 * @response: a 401 or 407 of its PBX
 *
 * Turns a password into the HA1 of the PBX's realm, by the strongest algorithm that it offers.
 *
 * Returns: whether the account changed
 */
gboolean
account_learn (Account *account, const sip_t *response)
{
  g_autoptr (GPtrArray) challenges = sip_digest_challenges (response);
  const DigestChallenge *best = NULL;

  if (account_is_ready (account) || !account->password)
    return FALSE;
  for (guint i = 0; i < challenges->len; i++) {
    const DigestChallenge *challenge = g_ptr_array_index (challenges, i);

    if (account->realm && g_strcmp0 (account->realm, challenge->realm) != 0)
      continue;
    if (!best || challenge->algorithm > best->algorithm)
      best = challenge;
  }
  if (!best)
    return FALSE;
  account->ha1 =
    digest_ha1 (best->algorithm, account->username, best->realm, account->password);
  if (!account->ha1)
    return FALSE;
  account->algorithm = best->algorithm;
  g_free (account->realm);
  account->realm = g_strdup (best->realm);
  g_clear_pointer (&account->password, sealed_wipe);
  return TRUE;
}

/**
 * account_replace:
 * @account: an account that others may hold
 * @newer: what the administrator says now
 *
 * All who hold it go on with the new secret; the old one is wiped.
 */
void
account_replace (Account *account, const Account *newer)
{
  account_forget (account);
  g_free (account->username);
  g_free (account->realm);
  g_clear_pointer (&account->trouble, g_free);
  account->username = g_strdup (newer->username);
  account->realm = g_strdup (newer->realm);
  account->algorithm = newer->algorithm;
  account->ha1 = g_strdup (newer->ha1);
  account->password = g_strdup (newer->password);
}

/**
 * account_forget:
 * @account: an account that others may hold
 *
 * Wipes its secret, so that nobody can use it any more.
 */
void
account_forget (Account *account)
{
  g_clear_pointer (&account->ha1, sealed_wipe);
  g_clear_pointer (&account->password, sealed_wipe);
}
