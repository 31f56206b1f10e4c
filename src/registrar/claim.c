/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * claim: a REGISTER of a phone that has an account and has proved it.
 *
 * Where the PBX has our Contact already, the phone is answered at once; else it is registered there
 * first. The binding lasts as long as it pleases us, since the keeper renews the rest.
 */
#include "registrar/claim.h"

#include "base/counters.h"

typedef struct {
  ClaimRooms rooms;
  Registration *registration;
  Account *account;
  GPtrArray *feature_caps;
  GPtrArray *removals;
  guint waiting;
  gboolean registered; /* the PBX was given a Contact */
  guint status;
  gchar *phrase;
} Claim;

static Grant
grant (const Claim *claim, const RegistrationContact *entry)
{
  gint64 seconds = entry->asked;

  if (seconds > 0 && entry->push->kind == PN_PUSH)
    seconds = MAX (seconds, claim->rooms.binding_expires);
  return (Grant){ .kept = seconds, .told = seconds };
}

static void
settle (Claim *claim)
{
  Registration *registration = claim->registration;
  g_autofree Grant *grants = g_new0 (Grant, registration->contacts->len + 1);

  for (guint i = 0; i < registration->contacts->len; i++)
    grants[i] = grant (claim, g_ptr_array_index (registration->contacts, i));
  counters_inc (COUNTER_REGISTERS_ACCEPTED);
  if (registration->shared)
    sharing_switched (claim->rooms.sharing, registration);
  settlement_run (claim->rooms.location, claim->rooms.ledger, registration, grants,
                  claim->removals, 200, NULL,
                  settlement_answer (claim->rooms.location, registration, grants,
                                     claim->feature_caps, NULL));
}

static void
refuse (Claim *claim)
{
  const Registration *registration = claim->registration;

  sip_request_reply (registration->request, claim->status, claim->phrase, TAG_END ());
  for (guint i = 0; i < registration->contacts->len; i++) {
    const RegistrationContact *entry = g_ptr_array_index (registration->contacts, i);

    keeper_abandon (claim->rooms.keeper, entry->token);
  }
  if (registration->shared)
    keeper_abandon (claim->rooms.keeper, registration->shared);
}

static void
release (Claim *claim)
{
  if (--claim->waiting > 0)
    return;
  admission_decided (claim->rooms.admission, claim->registration);
  if (claim->status == 200 && !admission_settles (claim->rooms.admission, claim->registration)) {
    claim->status = 500;
    claim->phrase = g_strdup (ADMISSION_OUT_OF_ORDER);
  }
  if (claim->status == 200)
    settle (claim);
  else
    refuse (claim);
  if (claim->status == 200 && claim->registered &&
      sharing_in_doubt (claim->rooms.sharing, claim->registration, NULL))
    inquiries_ask (claim->rooms.inquiries, claim->registration, claim->account);
  else
    registration_free (claim->registration);
  account_unref (claim->account);
  g_ptr_array_unref (claim->feature_caps);
  g_ptr_array_unref (claim->removals);
  g_free (claim->phrase);
  g_free (claim);
}

static void on_registered (guint status, const gchar *phrase, gpointer user_data);

static void
register_shared (Claim *claim)
{
  g_autoptr (GPtrArray) replaces =
    sharing_replaced (claim->rooms.sharing, claim->registration);

  claim->waiting++;
  keeper_register (claim->rooms.keeper, claim->account, claim->registration->aor,
                   claim->registration->shared, replaces, on_registered, claim);
}

static void
on_registered (guint status, const gchar *phrase, gpointer user_data)
{
  Claim *claim = user_data;

  if (sharing_switch (claim->rooms.sharing, claim->registration, status)) {
    register_shared (claim);
    release (claim);
    return;
  }
  if (status != 200 && claim->status == 200) {
    counters_inc (COUNTER_REGISTERS_REJECTED);
    claim->status = status;
    claim->phrase = g_strdup (phrase);
  }
  release (claim);
}

/**
 * claim_run:
 * @rooms: where it is acted on
 * @registration: (transfer full): what the phone asks
 * @account: its account, which it has proved
 * @feature_caps: (element-type utf8): of the answer
 * @removals: (element-type Binding): further bindings that go
 */
void
claim_run (const ClaimRooms *rooms, Registration *registration, Account *account,
           GPtrArray *feature_caps, GPtrArray *removals)
{
  Claim *claim = g_new0 (Claim, 1);

  claim->rooms = *rooms;
  claim->registration = registration;
  claim->account = account_ref (account);
  claim->feature_caps = g_ptr_array_ref (feature_caps);
  claim->removals = g_ptr_array_ref (removals);
  claim->status = 200;
  claim->waiting = 1; /* until all is asked for */
  for (guint i = 0; i < registration->contacts->len; i++) {
    const RegistrationContact *entry = g_ptr_array_index (registration->contacts, i);

    if (entry->asked == 0 || keeper_holds (rooms->keeper, registration->shared
                                                            ? registration->shared
                                                            : entry->token))
      continue;
    if (registration->shared) {
      register_shared (claim);
      break;
    }
    claim->waiting++;
    claim->registered = TRUE;
    keeper_register (rooms->keeper, account, registration->aor, entry->token, NULL,
                     on_registered, claim);
  }
  release (claim);
}
