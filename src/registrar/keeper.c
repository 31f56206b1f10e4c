/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * keeper: keeps the PBX's registrations alive while the phones sleep, for those that have an account.
 *
 * One registration a phone, for as long as its binding lasts. What the PBX says is followed:
 * Min-Expires, Retry-After, a stale nonce; a refusal ends the trying, tells the administrator, and
 * leaves the binding alone.
 */
#include "registrar/keeper.h"

#include "base/clock.h"
#include "base/counters.h"
#include "base/deadline.h"
#include "base/log-ids.h"
#include "base/log.h"
#include "registrar/credentials.h"
#include "registrar/pace.h"
#include "registrar/pbx-attempt.h"

#define MAX_CHALLENGES 3    /* of one registration: none, one that is answered, one that is stale */
#define MIN_REFRESH_MS 1000

typedef struct {
  KeeperFunc func;
  gpointer user_data;
} Waiter;

/* One registration at the PBX. */
typedef struct {
  Keeper *keeper;
  Pbx *pbx;
  Account *account; /* nullable: of a phone without one that the administrator sends away */
  gchar *aor;
  gchar *token;
  GPtrArray *replaces; /* utf8, nullable: Contacts that go when this one comes */
  guint asked; /* seconds */
  gboolean held;
  gboolean leaving; /* the binding is gone: what is under way removes it */
  gboolean again;   /* it came back meanwhile */
  guint challenges;
  guint failures;
  gchar *authorization; /* nullable: what answers the last challenge */
  PbxAttempt *attempt;
  Deadline *timer;
  GSList *waiters;
} Kept;

struct _Keeper {
  Upstream *upstream;
  Location *location;
  AccountBook *accounts;
  GHashTable *kept; /* token -> Kept */
  gulong removed;
};

static void kept_send (Kept *kept, const gchar *authorization);

static void
set_held (Kept *kept, gboolean held)
{
  if (kept->held != held)
    counters_add (COUNTER_UPSTREAM_HELD, held ? 1 : -1);
  kept->held = held;
}

static void
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
  kept->challenges = 0;
  kept_send (kept, NULL);
}

static void
schedule (Kept *kept, gint64 milliseconds)
{
  deadline_clear (&kept->timer);
  kept->timer = deadline_new ((guint) CLAMP (milliseconds, MIN_REFRESH_MS, G_MAXINT), on_timer,
                              kept);
}

static void
schedule_retry (Kept *kept, const sip_t *response)
{
  gulong after = response && response->sip_retry_after ? response->sip_retry_after->af_delta : 0;

  schedule (kept, pace_retry_ms (kept->failures++, after));
}

static void
take_trouble (Kept *kept, const gchar *trouble)
{
  if (!kept->account) {
    log_info (LOG_FIELDS ("BINDING", kept->token, "AOR", log_mask_aor (kept->aor)),
              "[pbx:%s] registration of %s ends by itself: %s", pbx_name (kept->pbx),
              log_mask_aor (kept->aor), trouble);
    return;
  }
  account_book_set_trouble (kept->keeper->accounts, kept->account, trouble);
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
    kept->challenges = 0;
    kept_send (kept, NULL);
    return;
  }
  g_hash_table_remove (kept->keeper->kept, kept->token);
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
    g_hash_table_remove (kept->keeper->kept, g_ptr_array_index (gone, i));
  take_trouble (kept, NULL);
  set_held (kept, TRUE);
  schedule (kept, pace_refresh_ms (granted));
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

  if (!kept->account) {
    on_refusal (kept, 403, "Account Missing", "the PBX wants a password to remove it");
    return;
  }
  if (account_learn (kept->account, response))
    account_book_put_async (kept->keeper->accounts, kept->account, NULL, NULL);
  credentials = credentials_new (kept->account);
  line = credentials_answer (credentials, response, "REGISTER", target, NULL, 0);
  if (!line) {
    on_refusal (kept, 403, "Account Does Not Fit",
                "the PBX asks for another realm or algorithm than the account has");
    return;
  }
  kept_send (kept, line);
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
    kept->challenges = 0;
    kept_send (kept, NULL);
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
  return upstream_send_own (kept->keeper->upstream, way, kept->aor, kept->token, contacts,
                            authorization, func, func_data);
}

static void
kept_send (Kept *kept, const gchar *authorization)
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

static Kept *
kept_new (Keeper *keeper, Pbx *pbx, Account *account, const gchar *aor, const gchar *token)
{
  Kept *kept = g_new0 (Kept, 1);

  kept->keeper = keeper;
  kept->pbx = pbx;
  kept->account = account ? account_ref (account) : NULL;
  kept->aor = g_strdup (aor);
  kept->token = g_strdup (token);
  kept->asked = pbx_register_expires (pbx);
  g_hash_table_insert (keeper->kept, kept->token, kept);
  return kept;
}

/**
 * keeper_holds:
 * @keeper: the keeper
 * @token: the user part of our Contact at the PBX
 *
 * Returns: whether the PBX has that Contact, as far as it has told us
 */
gboolean
keeper_holds (Keeper *keeper, const gchar *token)
{
  const Kept *kept = g_hash_table_lookup (keeper->kept, token);

  return kept && kept->held && !kept->leaving;
}

/**
 * keeper_register:
 * @keeper: the keeper
 * @account: the account that answers the PBX's challenges
 * @aor: the phone's address of record
 * @token: the user part of our Contact
 * @replaces: (element-type utf8) (nullable): Contacts that are kept no more, once this one is there
 * @func: told what came of it
 * @user_data: for @func
 *
 * Registers the Contact, and from then on keeps it as long as the location service has it.
 */
void
keeper_register (Keeper *keeper, Account *account, const gchar *aor, const gchar *token,
                 GPtrArray *replaces, KeeperFunc func, gpointer user_data)
{
  Kept *kept = g_hash_table_lookup (keeper->kept, token);
  Waiter *waiter = g_new (Waiter, 1);

  *waiter = (Waiter){ func, user_data };
  if (!kept)
    kept = kept_new (keeper, account->pbx, account, aor, token);
  if (kept->account != account) {
    g_clear_pointer (&kept->account, account_unref);
    kept->account = account_ref (account);
  }
  if (replaces && !kept->replaces)
    kept->replaces = g_ptr_array_ref (replaces);
  kept->waiters = g_slist_append (kept->waiters, waiter);
  if (kept->leaving) {
    kept->again = TRUE;
    return;
  }
  if (!kept->attempt) {
    kept->challenges = 0;
    kept_send (kept, NULL);
  }
}

static const gchar *
token_of (const Binding *binding)
{
  return binding->shared ? binding->shared : binding->token;
}

static void
leave (Kept *kept)
{
  kept->leaving = TRUE;
  set_held (kept, FALSE);
  g_clear_pointer (&kept->attempt, pbx_attempt_free);
  tell_waiters (kept, 480, NULL);
  kept->challenges = 0;
  kept_send (kept, NULL);
}

/* A shared Contact stays as long as any phone does. */
static gboolean
is_shared_still (Keeper *keeper, const Binding *binding)
{
  return binding->shared && location_find_record (keeper->location, binding->pbx, binding->aor);
}

static void
on_removed (Location *location, Binding *binding, gpointer user_data)
{
  Keeper *keeper = user_data;
  Kept *kept = g_hash_table_lookup (keeper->kept, token_of (binding));

  if (kept && !kept->leaving && !(binding->shared && kept->waiters) &&
      !is_shared_still (keeper, binding))
    leave (kept);
}

/**
 * keeper_dismiss:
 * @keeper: the keeper
 * @binding: a binding of the location service
 * @why: for the log
 *
 * Removes the binding here and at the PBX, where a phone without an account stays until its time is
 * over if the PBX wants a password for that.
 */
void
keeper_dismiss (Keeper *keeper, Binding *binding, const gchar *why)
{
  g_autoptr (Binding) gone = binding_ref (binding);
  Account *account = account_book_find (keeper->accounts, gone->pbx, gone->aor);

  location_remove (keeper->location, gone, why);
  if (!g_hash_table_contains (keeper->kept, token_of (gone)) && !is_shared_still (keeper, gone))
    leave (kept_new (keeper, gone->pbx, account, gone->aor, token_of (gone)));
}

static void
resume_one (Binding *binding, gpointer user_data)
{
  Keeper *keeper = user_data;
  Account *account = account_book_find (keeper->accounts, binding->pbx, binding->aor);
  guint window = pace_spread_ms (g_hash_table_size (keeper->kept));
  Kept *kept;

  if (!account || g_hash_table_contains (keeper->kept, token_of (binding)))
    return;
  kept = kept_new (keeper, binding->pbx, account, binding->aor, token_of (binding));
  set_held (kept, TRUE);
  schedule (kept, clock_jitter (window));
}

/**
 * keeper_resume:
 * @keeper: the keeper
 *
 * Takes up the registrations of all bindings that have an account: after a start, when those of the
 * last run are back. Spread in time, so that no storm meets the PBX.
 */
void
keeper_resume (Keeper *keeper)
{
  location_each (keeper->location, resume_one, keeper);
}

/**
 * keeper_pbx_lost:
 * @keeper: the keeper
 * @pbx: a PBX whose connection closed, or that came back: it may have forgotten what we registered
 *
 * Registers all of its accounts again, spread in time.
 */
void
keeper_pbx_lost (Keeper *keeper, const Pbx *pbx)
{
  guint window = pace_spread_ms (g_hash_table_size (keeper->kept));
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, keeper->kept);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    Kept *kept = value;

    if (kept->pbx == pbx && kept->timer && !kept->attempt && !kept->leaving)
      schedule (kept, clock_jitter (window));
  }
}

/**
 * keeper_new:
 * @upstream: the sender
 * @location: the location service, which says how long to keep
 * @accounts: all accounts
 *
 * Returns: (transfer full): a keeper of nothing
 */
Keeper *
keeper_new (Upstream *upstream, Location *location, AccountBook *accounts)
{
  Keeper *keeper = g_new0 (Keeper, 1);

  keeper->upstream = upstream;
  keeper->location = g_object_ref (location);
  keeper->accounts = accounts;
  keeper->kept =
    g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) kept_free);
  keeper->removed = g_signal_connect (location, "removed", G_CALLBACK (on_removed), keeper);
  return keeper;
}

/**
 * keeper_free:
 * @keeper: (transfer full): the keeper; what it keeps stays at the PBX
 */
void
keeper_free (Keeper *keeper)
{
  g_signal_handler_disconnect (keeper->location, keeper->removed);
  g_hash_table_unref (keeper->kept);
  g_object_unref (keeper->location);
  g_free (keeper);
}
