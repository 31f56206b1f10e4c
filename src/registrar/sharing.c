/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sharing: whether each phone has a Contact of its own at the PBX, or all phones of an address of
 * record are behind one, for PBXs that keep only one.
 *
 * The registrar asks it before a REGISTER goes upstream, and when the PBX refuses a second Contact.
 */
#include "registrar/sharing.h"

#include "base/clock.h"
#include "base/log.h"
#include "crypto/token.h"

#define SWITCH_SECONDS 600 /* between two tries that the PBX refuses */

struct _Sharing {
  Location *location;
  Ledger *ledger;
  GBytes *token_key;
  GHashTable *policies; /* Pbx -> SharingPolicy */
};

/**
 * sharing_new:
 * @location: the location service
 * @ledger: the bindings on the disk
 * @token_key: (transfer none): the key of our Contacts' tokens
 *
 * Returns: (transfer full): with every PBX on SHARING_AUTO
 */
Sharing *
sharing_new (Location *location, Ledger *ledger, GBytes *token_key)
{
  Sharing *sharing = g_new0 (Sharing, 1);

  sharing->location = g_object_ref (location);
  sharing->ledger = ledger;
  sharing->token_key = g_bytes_ref (token_key);
  sharing->policies = g_hash_table_new (NULL, NULL);
  return sharing;
}

/**
 * sharing_free:
 * @sharing: (transfer full): it
 */
void
sharing_free (Sharing *sharing)
{
  g_hash_table_unref (sharing->policies);
  g_bytes_unref (sharing->token_key);
  g_object_unref (sharing->location);
  g_free (sharing);
}

/**
 * sharing_set_policy:
 * @sharing: it
 * @pbx: a PBX
 * @policy: what holds there
 */
void
sharing_set_policy (Sharing *sharing, const Pbx *pbx, SharingPolicy policy)
{
  g_hash_table_insert (sharing->policies, (gpointer) pbx, GINT_TO_POINTER (policy));
}

static SharingPolicy
policy_of (Sharing *sharing, const Pbx *pbx)
{
  return (SharingPolicy) GPOINTER_TO_INT (g_hash_table_lookup (sharing->policies, pbx));
}

static gchar *
token_of (Sharing *sharing, const Registration *registration)
{
  return token_keyed (sharing->token_key, registration->key, "all phones", NULL);
}

static Record *
record_of (Sharing *sharing, const Registration *registration)
{
  return location_find_record (sharing->location, registration->pbx, registration->aor);
}

/**
 * sharing_apply:
 * @sharing: it
 * @registration: (inout): what a phone asks; it is told of the shared Contact, if there is one
 *
 * Once the phones of a record share a Contact they go on with it, until the last of them is gone.
 */
void
sharing_apply (Sharing *sharing, Registration *registration)
{
  const Record *record = record_of (sharing, registration);
  const sip_t *sip = sip_request_sip (registration->request);

  if (policy_of (sharing, registration->pbx) == SHARING_ONE ||
      (record && (record->shared || (record->switch_next && sip->sip_authorization))))
    registration->shared = token_of (sharing, registration);
}

static gboolean
has_others (const Record *record, const Registration *registration)
{
  guint known = 0;

  for (guint i = 0; i < registration->contacts->len; i++) {
    const RegistrationContact *entry = g_ptr_array_index (registration->contacts, i);

    if (record_find (record, entry->token))
      known++;
  }
  return record->bindings->len > known;
}

/**
 * sharing_switch:
 * @sharing: it
 * @registration: (inout): what a phone asked, with its credentials
 * @status: the PBX's refusal
 *
 * A PBX that takes the first phone's Contact and refuses the second's may keep only one. Not asked
 * often, since a wrong password looks the same and is counted by the PBX.
 *
 * Returns: whether to try once more, with the Contact that @registration now has
 */
gboolean
sharing_switch (Sharing *sharing, Registration *registration, guint status)
{
  Record *record = record_of (sharing, registration);

  if ((status != 403 && status != 503) || registration->shared || !record ||
      clock_now () < record->switch_after ||
      policy_of (sharing, registration->pbx) != SHARING_AUTO || !has_others (record, registration))
    return FALSE;
  record->switch_after = clock_now () + SWITCH_SECONDS * CLOCK_SECOND;
  registration->shared = token_of (sharing, registration);
  log_info (LOG_NONE, "[pbx:%s] %s: refused for a further phone (%u), so all share one Contact",
            pbx_name (registration->pbx), log_mask_aor (registration->aor), status);
  return TRUE;
}

/**
 * sharing_surplus:
 * @sharing: it
 * @registration: what a phone asks, of a record that shares a Contact
 *
 * Returns: (transfer full) (element-type Binding): those that the PBX still has by themselves
 */
GPtrArray *
sharing_surplus (Sharing *sharing, const Registration *registration)
{
  GPtrArray *surplus = g_ptr_array_new_with_free_func ((GDestroyNotify) binding_unref);
  const Record *record = record_of (sharing, registration);

  for (guint i = 0; record && i < record->bindings->len; i++) {
    Binding *binding = g_ptr_array_index (record->bindings, i);

    if (!binding->shared)
      g_ptr_array_add (surplus, binding_ref (binding));
  }
  return surplus;
}

/**
 * sharing_refused:
 * @sharing: it
 * @registration: what the PBX did not take, with a shared Contact that is not there yet
 * @status: its refusal
 *
 * A PBX that takes credentials only once challenges again: then the phone's next REGISTER asks.
 */
void
sharing_refused (Sharing *sharing, const Registration *registration, guint status)
{
  Record *record = record_of (sharing, registration);

  if (record)
    record->switch_next = status == 401 || status == 407;
}

/**
 * sharing_switched:
 * @sharing: it
 * @registration: what the PBX now has
 */
void
sharing_switched (Sharing *sharing, const Registration *registration)
{
  Record *record = record_of (sharing, registration);

  if (!record)
    return;
  record->switch_next = FALSE;
  location_share (sharing->location, record, registration->pbx, registration->shared);
  for (guint i = 0; i < record->bindings->len; i++) {
    Binding *binding = g_ptr_array_index (record->bindings, i);

    if (binding->shared)
      continue;
    binding->shared = g_strdup (registration->shared);
    ledger_put_lazily (sharing->ledger, binding);
  }
}
