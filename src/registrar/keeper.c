/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * keeper: keeps the PBX's registrations alive while the phones sleep, for those that have an account.
 *
 * One registration a phone, for as long as its binding lasts.
 */
#include "registrar/keeper.h"

#include "base/clock.h"
#include "registrar/pace.h"

#define FEWEST_SECONDS 30 /* a PBX that grants less to one has no rule for all */
#define WAKE_SECONDS 300 /* that a phone has at least to take over by itself */

struct _Keeper {
  KeptRooms rooms;
  Location *location;
  gulong removed;
};

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
  const Kept *kept = g_hash_table_lookup (keeper->rooms.all, token);

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
                 GPtrArray *replaces, KeptFunc func, gpointer user_data)
{
  Kept *kept = g_hash_table_lookup (keeper->rooms.all, token);

  if (!kept)
    kept = kept_new (&keeper->rooms, account->pbx, account, aor, token);
  if (kept->account != account) {
    g_clear_pointer (&kept->account, account_unref);
    kept->account = account_ref (account);
  }
  if (replaces && !kept->replaces)
    kept->replaces = g_ptr_array_ref (replaces);
  kept_add_waiter (kept, func, user_data);
  if (kept->leaving) {
    kept->again = TRUE;
    return;
  }
  if (!kept->attempt)
    kept_register (kept);
}

static gboolean
has_phone (Keeper *keeper, const Kept *kept)
{
  const Record *record = location_find_record (keeper->location, kept->pbx, kept->aor);

  return record && (record_find (record, kept->token) ||
                    g_strcmp0 (record->shared, kept->token) == 0);
}

/**
 * keeper_abandon:
 * @keeper: the keeper
 * @token: the user part of a Contact, whose phone was not registered after all
 *
 * Forgets the Contact, at the PBX too, unless a phone has it or waits for it: or it would be kept
 * for ever, for nobody.
 */
void
keeper_abandon (Keeper *keeper, const gchar *token)
{
  Kept *kept = g_hash_table_lookup (keeper->rooms.all, token);

  if (!kept || !kept->account || kept->leaving || kept->waiters || has_phone (keeper, kept))
    return;
  if (kept->held)
    kept_leave (kept);
  else
    g_hash_table_remove (keeper->rooms.all, token);
}

static const gchar *
token_of (const Binding *binding)
{
  return binding->shared ? binding->shared : binding->token;
}

/**
 * keeper_keeps:
 * @keeper: the keeper
 * @binding: a phone
 *
 * Returns: whether its registration at the PBX is renewed without the phone; not yet of one whose
 *   account came after it
 */
gboolean
keeper_keeps (Keeper *keeper, const Binding *binding)
{
  return g_hash_table_contains (keeper->rooms.all, token_of (binding));
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
  Kept *kept = g_hash_table_lookup (keeper->rooms.all, token_of (binding));

  if (kept && !kept->leaving && !(binding->shared && kept->waiters) &&
      !is_shared_still (keeper, binding))
    kept_leave (kept);
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
  Account *account = account_book_find (keeper->rooms.accounts, gone->pbx, gone->aor);

  location_remove (keeper->location, gone, why);
  if (!g_hash_table_contains (keeper->rooms.all, token_of (gone)) && !is_shared_still (keeper, gone))
    kept_leave (kept_new (&keeper->rooms, gone->pbx, account, gone->aor, token_of (gone)));
}

/* Lest a storm meets the PBX; but not beyond the time that each had left when it was due. */
static gint64
spread (const Keeper *keeper, guint granted)
{
  guint window = pace_spread_ms (g_hash_table_size (keeper->rooms.all));

  return clock_jitter (MIN (window, pace_left_ms (granted)));
}

/* The disk does not know what the PBX grants: once it says so, the others of the last run may have
 * to be renewed sooner, but for those that the PBX has put off. */
static void
on_resumed (const Kept *first, guint granted, gpointer user_data)
{
  Keeper *keeper = user_data;
  gboolean is_sooner = pace_left_ms (granted) < pace_spread_ms (g_hash_table_size (keeper->rooms.all));
  GHashTableIter iter;
  gpointer value;

  if (granted < FEWEST_SECONDS || granted >= first->granted)
    return;
  g_hash_table_iter_init (&iter, keeper->rooms.all);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    Kept *kept = value;

    if (kept->pbx != first->pbx || kept->ends || kept->granted <= granted)
      continue;
    kept->granted = granted;
    if (is_sooner && kept->timer && !kept->attempt && !kept->failures)
      kept_schedule (kept, spread (keeper, granted));
  }
}

static void
take_up (Binding *binding, gpointer user_data)
{
  Keeper *keeper = user_data;
  Account *account = account_book_find (keeper->rooms.accounts, binding->pbx, binding->aor);

  if (account && !g_hash_table_contains (keeper->rooms.all, token_of (binding)))
    kept_new (&keeper->rooms, binding->pbx, account, binding->aor, token_of (binding));
}

/**
 * keeper_resume:
 * @keeper: the keeper
 *
 * Takes up the registrations of all bindings that have an account: after a start, when those of the
 * last run are back. Spread in time.
 */
void
keeper_resume (Keeper *keeper)
{
  GHashTableIter iter;
  gpointer kept;

  location_each (keeper->location, take_up, keeper);
  g_hash_table_iter_init (&iter, keeper->rooms.all);
  while (g_hash_table_iter_next (&iter, NULL, &kept))
    kept_resume (kept, spread (keeper, ((Kept *) kept)->granted));
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
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, keeper->rooms.all);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    Kept *kept = value;

    if (kept->pbx == pbx && kept->timer && !kept->attempt && !kept->leaving)
      kept_schedule (kept, spread (keeper, kept->granted));
  }
}

/* ---- accounts come and go ---- */

static void
retry (Keeper *keeper, const Account *account)
{
  const Record *record = location_find_record (keeper->location, account->pbx, account->aor);

  for (guint i = 0; record && i < record->bindings->len; i++) {
    const Binding *binding = g_ptr_array_index (record->bindings, i);
    Kept *kept = g_hash_table_lookup (keeper->rooms.all, token_of (binding));

    if (kept)
      kept_retry (kept);
  }
}

/* Its phones have a week here, but only as long as the PBX granted there. */
static void
let_go (Keeper *keeper, Kept *kept)
{
  const Record *record = location_find_record (keeper->location, kept->pbx, kept->aor);
  gint64 ends = MAX (kept->ends, clock_now () + WAKE_SECONDS * CLOCK_SECOND);

  for (guint i = 0; record && i < record->bindings->len; i++) {
    Binding *binding = g_ptr_array_index (record->bindings, i);

    if (g_str_equal (token_of (binding), kept->token))
      location_shorten (keeper->location, binding, ends);
  }
  kept_let_go (kept);
}

static gboolean
is_of_account (gpointer token, gpointer kept, gpointer account)
{
  return ((Kept *) kept)->account == account;
}

static void
on_account (Account *account, AccountBookEvent event, gpointer user_data)
{
  Keeper *keeper = user_data;
  Kept *kept;

  switch (event) {
  case ACCOUNT_BOOK_ADDED:
  case ACCOUNT_BOOK_CHANGED:
    break;
  case ACCOUNT_BOOK_REPLACED:
    retry (keeper, account);
    break;
  case ACCOUNT_BOOK_REMOVED:
    while ((kept = g_hash_table_find (keeper->rooms.all, is_of_account, account)))
      let_go (keeper, kept);
    break;
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

  keeper->rooms.upstream = upstream;
  keeper->location = g_object_ref (location);
  keeper->rooms.accounts = accounts;
  keeper->rooms.resumed = on_resumed;
  keeper->rooms.user_data = keeper;
  keeper->rooms.all =
    g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) kept_free);
  account_book_watch (accounts, on_account, keeper);
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
  account_book_unwatch (keeper->rooms.accounts, on_account, keeper);
  g_hash_table_unref (keeper->rooms.all);
  g_object_unref (keeper->location);
  g_free (keeper);
}
