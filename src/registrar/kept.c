/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * kept: one registration at the PBX, from the first REGISTER on (RFC 3261 10.2).
 *
 * What the PBX says is followed: Min-Expires, Retry-After, a stale nonce; a refusal ends the trying,
 * tells the administrator, and leaves the binding alone. The keeper has them all.
 */
#include "registrar/kept.h"

#include "base/clock.h"
#include "base/counters.h"
#include "base/log-ids.h"
#include "base/log.h"
#include "registrar/credentials.h"
#include "registrar/pace.h"

#define MAX_CHALLENGES 3    /* of one registration: none, one that is answered, one that is stale */
#define MIN_REFRESH_MS 1000

typedef struct {
  KeptFunc func;
  gpointer user_data;
} Waiter;

static void transmit (Kept *kept, const gchar *authorization);

static void
set_held (Kept *kept, gboolean held)
{
  if (kept->held != held)
    counters_add (COUNTER_UPSTREAM_HELD, held ? 1 : -1);
  kept->held = held;
}

/**
 * kept_free:
 * @kept: (transfer full): a registration; it stays at the PBX
 */
void
kept_free (Kept *kept)
{
  set_held (kept, FALSE);
  deadline_clear (&kept->timer);
  g_clear_pointer (&kept->attempt, pbx_attempt_free);
  g_free (kept->authorization);
  g_slist_free_full (kept->waiters, g_free);
  g_clear_pointer (&kept->replaces, g_ptr_array_unref);
  g_clear_pointer (&kept->account, account_unref);
  g_free (kept->token);
  g_free (kept->aor);
  g_free (kept);
}

/* Whoever waits may ask for another registration at once. */
static void
tell_waiters (Kept *kept, guint status, const gchar *phrase)
{
  GSList *waiters = g_steal_pointer (&kept->waiters);

  for (GSList *link = waiters; link; link = link->next) {
    const Waiter *waiter = link->data;

    waiter->func (status, phrase, waiter->user_data);
  }
  g_slist_free_full (waiters, g_free);
}

static void
on_timer (gpointer user_data)
{
  Kept *kept = user_data;

  kept->timer = NULL;
  kept_register (kept);
}

/**
 * kept_schedule:
 * @kept: a registration
 * @milliseconds: until it is registered again
 */
void
kept_schedule (Kept *kept, gint64 milliseconds)
{
  deadline_clear (&kept->timer);
  kept->timer = deadline_new ((guint) CLAMP (milliseconds, MIN_REFRESH_MS, G_MAXINT), on_timer,
                              kept);
}

static void
schedule_retry (Kept *kept, const sip_t *response)
{
  gulong after = response && response->sip_retry_after ? response->sip_retry_after->af_delta : 0;

  kept_schedule (kept, pace_retry_ms (kept->failures++, after));
}

static gboolean
has_account (const Kept *kept)
{
  return kept->account && account_has_secret (kept->account);
}

static void
take_trouble (Kept *kept, const gchar *trouble)
{
  if (!has_account (kept)) {
    log_info (LOG_FIELDS ("BINDING", kept->token, "AOR", log_mask_aor (kept->aor)),
              "[pbx:%s] registration of %s ends by itself: %s", pbx_name (kept->pbx),
              log_mask_aor (kept->aor), trouble);
    return;
  }
  account_book_set_trouble (kept->rooms->accounts, kept->account, trouble);
  if (trouble)
    log_error (LOG_FIELDS ("MESSAGE_ID", LOG_ID_CREDENTIALS_REFUSED, "BINDING", kept->token, "AOR",
                           log_mask_aor (kept->aor), "PBX", pbx_name (kept->pbx)),
               "[pbx:%s] account of %s: %s", pbx_name (kept->pbx),
               log_mask_aor (kept->aor), trouble);
}

/* The binding is gone, or came back while its registration was being removed. */
static void
finish_leaving (Kept *kept)
{
  if (kept->again) {
    kept->again = kept->leaving = FALSE;
    kept_register (kept);
    return;
  }
  g_hash_table_remove (kept->rooms->all, kept->token);
}

static void
on_success (Kept *kept, const sip_t *response)
{
  gint64 granted = upstream_granted (response, kept->token, kept->asked);
  g_autoptr (GPtrArray) gone = g_steal_pointer (&kept->replaces);

  kept->failures = 0;
  if (kept->leaving) {
    finish_leaving (kept);
    return;
  }
  for (guint i = 0; gone && i < gone->len; i++)
    g_hash_table_remove (kept->rooms->all, g_ptr_array_index (gone, i));
  take_trouble (kept, NULL);
  if (kept->held && !kept->ends)
    kept->rooms->resumed (kept, (guint) granted, kept->rooms->user_data);
  set_held (kept, TRUE);
  kept->granted = (guint) granted;
  kept->ends = clock_now () + granted * CLOCK_SECOND;
  kept_schedule (kept, pace_refresh_ms (granted));
  tell_waiters (kept, 200, NULL);
}

/* Wrong for good: only the administrator can help. */
static void
on_refusal (Kept *kept, guint status, const gchar *phrase, const gchar *trouble)
{
  counters_inc (COUNTER_UPSTREAM_FAILURES);
  set_held (kept, FALSE);
  take_trouble (kept, trouble);
  if (kept->leaving)
    finish_leaving (kept);
  else
    tell_waiters (kept, status, phrase);
}

static void
on_failure (Kept *kept, guint status, const sip_t *response)
{
  counters_inc (COUNTER_UPSTREAM_FAILURES);
  log_warning (LOG_FIELDS ("MESSAGE_ID", LOG_ID_REGISTRATION_FAILED, "BINDING", kept->token, "AOR",
                           log_mask_aor (kept->aor), "PBX", pbx_name (kept->pbx)),
               "[pbx:%s] registration of %s failed: %u %s", pbx_name (kept->pbx),
               log_mask_aor (kept->aor), status,
               response ? response->sip_status->st_phrase : "no answer");
  if (kept->leaving) {
    finish_leaving (kept);
    return;
  }
  schedule_retry (kept, response);
  tell_waiters (kept, response ? status : status == 408 ? 504 : 503,
                response ? response->sip_status->st_phrase : NULL);
}

static void
on_challenge (Kept *kept, const sip_t *response)
{
  g_autofree gchar *target = upstream_target (kept->aor);
  g_autoptr (Credentials) credentials = NULL;
  g_autofree gchar *line = NULL;

  if (!has_account (kept)) {
    on_refusal (kept, 403, "Account Missing", "the PBX wants a password to remove it");
    return;
  }
  if (account_learn (kept->account, response))
    account_book_put_async (kept->rooms->accounts, kept->account, NULL, NULL);
  credentials = credentials_new (kept->account);
  line = credentials_answer (credentials, response, "REGISTER", target, NULL, 0);
  if (!line) {
    on_refusal (kept, 403, "Account Does Not Fit",
                "the PBX asks for another realm or algorithm than the account has");
    return;
  }
  transmit (kept, line);
}

static void
on_answer (guint status, const sip_t *response, gpointer user_data)
{
  Kept *kept = user_data;

  g_clear_pointer (&kept->attempt, pbx_attempt_free);
  if (!response) {
    on_failure (kept, status, NULL);
  } else if (status < 300) {
    on_success (kept, response);
  } else if (status == 401 || status == 407) {
    kept->challenges++;
    if (kept->challenges == 1 ||
        (kept->challenges < MAX_CHALLENGES && sip_digest_is_stale (response)))
      on_challenge (kept, response);
    else
      on_refusal (kept, 403, "Account Refused", "the PBX refuses its password");
  } else if (status == 423 && response->sip_min_expires &&
             response->sip_min_expires->me_delta > kept->asked) {
    kept->asked = (guint) response->sip_min_expires->me_delta;
    kept_register (kept);
  } else if (status == 403 || status == 404) {
    on_refusal (kept, status, response->sip_status->st_phrase,
                status == 403 ? "the PBX forbids it to register" : "the PBX does not know it");
  } else {
    on_failure (kept, status, response);
  }
}

/* The answer to a challenge is sent once: another route has nonces of its own. */
static SipTransaction *
send_by (SipFlow *way, SipResponseFunc func, gpointer func_data, gpointer user_data)
{
  Kept *kept = user_data;
  g_autofree gchar *authorization = g_steal_pointer (&kept->authorization);
  g_autoptr (GArray) contacts = g_array_new (FALSE, FALSE, sizeof (UpstreamContact));
  UpstreamContact contact = { kept->token, kept->leaving ? 0 : kept->asked };

  g_array_append_val (contacts, contact);
  for (guint i = 0; kept->replaces && i < kept->replaces->len; i++) {
    UpstreamContact surplus = { g_ptr_array_index (kept->replaces, i), 0 };

    g_array_append_val (contacts, surplus);
  }
  if (!authorization)
    kept->challenges = 0;
  return upstream_send_own (kept->rooms->upstream, way, kept->aor, kept->token, contacts,
                            authorization, func, func_data);
}

static void
transmit (Kept *kept, const gchar *authorization)
{
  deadline_clear (&kept->timer);
  g_free (kept->authorization);
  kept->authorization = g_strdup (authorization);
  kept->attempt =
    pbx_attempt_new (kept->pbx, kept->token, send_by, on_answer, kept);
  if (kept->attempt)
    counters_inc (COUNTER_UPSTREAM_REGISTERS);
  else
    on_failure (kept, 503, NULL);
}

/**
 * kept_register:
 * @kept: a registration
 *
 * Sends it to the PBX, now.
 */
void
kept_register (Kept *kept)
{
  kept->challenges = 0;
  transmit (kept, NULL);
}

/**
 * kept_resume:
 * @kept: a registration that the PBX has since the daemon's last run
 * @milliseconds: until it is renewed
 */
void
kept_resume (Kept *kept, gint64 milliseconds)
{
  set_held (kept, TRUE);
  kept_schedule (kept, milliseconds);
}

/**
 * kept_add_waiter:
 * @kept: a registration
 * @func: told once what comes of it
 * @user_data: for @func
 */
void
kept_add_waiter (Kept *kept, KeptFunc func, gpointer user_data)
{
  Waiter *waiter = g_new (Waiter, 1);

  *waiter = (Waiter){ func, user_data };
  kept->waiters = g_slist_append (kept->waiters, waiter);
}

/**
 * kept_leave:
 * @kept: a registration whose phones are gone
 *
 * Removes it at the PBX, and then here.
 */
void
kept_leave (Kept *kept)
{
  kept->leaving = TRUE;
  set_held (kept, FALSE);
  g_clear_pointer (&kept->attempt, pbx_attempt_free);
  tell_waiters (kept, 480, NULL);
  kept_register (kept);
}

/**
 * kept_retry:
 * @kept: a registration whose account has another secret now
 *
 * Where it had stopped, or might just be refused for the old secret, it is tried again at once.
 */
void
kept_retry (Kept *kept)
{
  if (kept->timer)
    return;
  g_clear_pointer (&kept->attempt, pbx_attempt_free);
  kept_register (kept);
}

/**
 * kept_let_go:
 * @kept: (transfer full): a registration whose account is gone
 *
 * At the PBX it stays until its time is over; what removes it there goes on as without an account.
 */
void
kept_let_go (Kept *kept)
{
  g_clear_pointer (&kept->account, account_unref);
  kept->again = FALSE;
  tell_waiters (kept, 480, NULL);
  if (!kept->leaving)
    g_hash_table_remove (kept->rooms->all, kept->token);
}

/**
 * kept_new:
 * @rooms: what it works with; outlives it
 * @pbx: the PBX
 * @account: (nullable): what answers the PBX's challenges
 * @aor: the address of record
 * @token: the user part of our Contact
 *
 * Returns: (transfer none): a registration among all that @rooms has, of which the PBX does not
 *   know yet
 */
Kept *
kept_new (const KeptRooms *rooms, Pbx *pbx, Account *account, const gchar *aor,
          const gchar *token)
{
  Kept *kept = g_new0 (Kept, 1);

  kept->rooms = rooms;
  kept->pbx = pbx;
  kept->account = account ? account_ref (account) : NULL;
  kept->aor = g_strdup (aor);
  kept->token = g_strdup (token);
  kept->asked = kept->granted = pbx_register_expires (pbx);
  g_hash_table_insert (rooms->all, kept->token, kept);
  return kept;
}
