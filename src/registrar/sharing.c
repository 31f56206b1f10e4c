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
  KeyedHash *token_key; /* not owned */
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
sharing_new (Location *location, Ledger *ledger, KeyedHash *token_key)
{
  Sharing *sharing = g_new0 (Sharing, 1);

  sharing->location = g_object_ref (location);
  sharing->ledger = ledger;
  sharing->token_key = token_key;
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
  return location_record (sharing->location, registration->key);
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
 * sharing_replaced:
 * @sharing: it
 * @registration: what a phone asks, of a record that shall share a Contact
 *
 * Returns: (transfer full) (element-type utf8): the Contacts that the PBX has, or may have, of
 *   single phones
 */
GPtrArray *
sharing_replaced (Sharing *sharing, const Registration *registration)
{
  g_autoptr (GPtrArray) surplus = sharing_surplus (sharing, registration);
  GPtrArray *tokens = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < surplus->len; i++)
    g_ptr_array_add (tokens, g_strdup (((Binding *) g_ptr_array_index (surplus, i))->token));
  for (guint i = 0; i < registration->contacts->len; i++) {
    const RegistrationContact *entry = g_ptr_array_index (registration->contacts, i);

    if (!g_ptr_array_find_with_equal_func (tokens, entry->token, g_str_equal, NULL))
      g_ptr_array_add (tokens, g_strdup (entry->token));
  }
  return tokens;
}

static gboolean
is_listed (const sip_t *response, const gchar *token)
{
  for (const sip_contact_t *contact = response->sip_contact; contact; contact = contact->m_next)
    if (g_strcmp0 (contact->m_url->url_user, token) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
lists_all (const sip_t *response, const Record *record)
{
  for (guint i = 0; i < record->bindings->len; i++)
    if (!is_listed (response, ((const Binding *) g_ptr_array_index (record->bindings, i))->token))
      return FALSE;
  return TRUE;
}

/**
 * sharing_in_doubt:
 * @sharing: it
 * @registration: what the PBX has just taken
 * @response: (nullable): its 2xx
 *
 * Returns: whether it may have dropped another phone's Contact, and shall be asked; not often
 */
gboolean
sharing_in_doubt (Sharing *sharing, const Registration *registration, const sip_t *response)
{
  Record *record = record_of (sharing, registration);

  if (policy_of (sharing, registration->pbx) != SHARING_AUTO || registration->shared || !record ||
      record->shared || registration_asks (registration) == 0 ||
      !has_others (record, registration) || clock_now () < record->inquire_after ||
      (response && lists_all (response, record)))
    return FALSE;
  record->inquire_after = clock_now () + SWITCH_SECONDS * CLOCK_SECOND;
  return TRUE;
}

/**
 * sharing_is_dropped:
 * @sharing: it
 * @registration: (inout): what the PBX took; it is told of the shared Contact, if it is true
 * @response: the PBX's 2xx to a REGISTER without Contacts
 *
 * Returns: whether the PBX has this phone's Contact and lacks another's
 */
gboolean
sharing_is_dropped (Sharing *sharing, Registration *registration, const sip_t *response)
{
  const Record *record = record_of (sharing, registration);
  gboolean lists = FALSE;

  for (guint i = 0; i < registration->contacts->len; i++)
    lists |= is_listed (response, ((const RegistrationContact *) g_ptr_array_index (
                                     registration->contacts, i))->token);
  if (!lists || !record || record->shared || registration->shared || lists_all (response, record))
    return FALSE;
  registration->shared = token_of (sharing, registration);
  log_info (LOG_NONE, "[pbx:%s] %s: a further phone took the place of another, so all share one "
            "Contact", pbx_name (registration->pbx), log_mask_aor (registration->aor));
  return TRUE;
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
