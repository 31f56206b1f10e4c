/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * doorkeeper: proves phones that have an account, in the PBX's realm and by the PBX's algorithm, so
 * that the phone notices no difference (RFC 3261 22).
 */
#include "registrar/doorkeeper.h"

#include "base/counters.h"
#include "base/error.h"
#include "base/log-ids.h"
#include "base/log.h"
#include "crypto/nonce.h"

#define NONCE_SECONDS 300
#define MAX_NONCES 100000

struct _Doorkeeper {
  NonceBook *nonces;
};

/**
 * doorkeeper_new:
 * @error: return location
 *
 * Returns: (transfer full) (nullable): a doorkeeper
 */
Doorkeeper *
doorkeeper_new (GError **error)
{
  NonceBook *nonces = nonce_book_new (NONCE_SECONDS, MAX_NONCES);
  Doorkeeper *doorkeeper;

  if (!nonces) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CRYPTO, "the system gives no random numbers");
    return NULL;
  }
  doorkeeper = g_new0 (Doorkeeper, 1);
  doorkeeper->nonces = nonces;
  return doorkeeper;
}

/**
 * doorkeeper_free:
 * @doorkeeper: (transfer full): a doorkeeper
 */
void
doorkeeper_free (Doorkeeper *doorkeeper)
{
  nonce_book_free (doorkeeper->nonces);
  g_free (doorkeeper);
}

/* A registrar challenges by 401, who only passes a call on by 407. */
static void
challenge (Doorkeeper *doorkeeper, SipRequest *request, const Account *account, gboolean stale)
{
  gboolean registers = sip_request_method (request) == sip_method_register;
  g_autoptr (DigestChallenge) wanted = digest_challenge_new ();
  g_autofree gchar *value = NULL;
  g_autofree gchar *line = NULL;

  wanted->algorithm = account->algorithm;
  wanted->realm = g_strdup (account->realm);
  wanted->nonce = nonce_book_issue (doorkeeper->nonces);
  wanted->qop_auth = TRUE;
  wanted->stale = stale;
  value = digest_challenge_to_string (wanted);
  line = g_strconcat (registers ? "WWW-Authenticate: " : "Proxy-Authenticate: ", value, NULL);
  sip_request_reply (request, registers ? 401 : 407, NULL, SIPTAG_HEADER_STR (line), TAG_END ());
}

static gboolean
is_right (const sip_t *sip, const DigestCredentials *credentials, const Account *account)
{
  const sip_payload_t *body = sip->sip_payload;

  return credentials->algorithm == account->algorithm &&
         g_strcmp0 (credentials->username, account->username) == 0 &&
         digest_credentials_verify (credentials, account->ha1,
                                    sip->sip_request->rq_method_name,
                                    body ? body->pl_data : NULL, body ? body->pl_len : 0);
}

/**
 * doorkeeper_admits:
 * @doorkeeper: the doorkeeper
 * @request: a request from a phone
 * @account: the account that it must prove
 *
 * Returns: the verdict; unless the door is open, @request is answered
 */
DoorVerdict
doorkeeper_admits (Doorkeeper *doorkeeper, SipRequest *request, const Account *account)
{
  const sip_t *sip = sip_request_sip (request);
  g_autoptr (DigestCredentials) credentials = sip_digest_credentials (sip, account->realm);
  guint32 nc;

  if (!credentials) {
    challenge (doorkeeper, request, account, FALSE);
    return DOOR_CHALLENGED;
  }
  nc = digest_credentials_nc (credentials);
  if (!is_right (sip, credentials, account)) {
    counters_inc (COUNTER_AUTHENTICATIONS_FAILED);
    log_info (LOG_FIELDS ("MESSAGE_ID", LOG_ID_WRONG_PASSWORD, "AOR", log_mask_aor (account->aor),
                          "ADDRESS", sip_flow_address (sip_request_flow (request))),
              "%s: wrong password from %s", log_mask_aor (account->aor),
              sip_flow_address (sip_request_flow (request)));
    challenge (doorkeeper, request, account, FALSE);
    return DOOR_WRONG;
  }
  switch (nonce_book_check (doorkeeper->nonces, credentials->nonce, nc)) {
  case NONCE_FOREIGN: /* the PBX's own, from before the account, or ours from before a restart */
  case NONCE_STALE:
    challenge (doorkeeper, request, account, TRUE);
    return DOOR_CHALLENGED;
  case NONCE_FRESH:
    break;
  }
  nonce_book_spend (doorkeeper->nonces, credentials->nonce, nc);
  return DOOR_OPEN;
}
