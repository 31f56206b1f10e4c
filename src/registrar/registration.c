/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * registration: a phone's REGISTER, read and checked, before anybody acted on it (RFC 3261 10.3,
 * RFC 8599 5.6.1).
 */
#include "registrar/registration.h"

#include "base/error.h"
#include "crypto/token.h"
#include "proto/aor.h"
#include "proto/feature-caps.h"
#include "registrar/outbound.h"
#include "sip/sip-headers.h"

#define MAX_CONTACTS 8 /* of one REGISTER */

static const gchar *const push_headers[] = { "x-p-push", "portsip-push", "X-Push", "X-MPUSH" };

static void
registration_contact_free (RegistrationContact *entry)
{
  contact_free (entry->contact);
  g_clear_pointer (&entry->push, pn_params_free);
  g_free (entry->token);
  g_free (entry);
}

/* What makes this phone the same one when it registers again: its instance (RFC 5626), else its
 * push token, else the address that it names. */
static gchar *
device_identity (const Contact *contact, const PnParams *push)
{
  g_autofree gchar *instance = contact_instance (contact);

  if (instance)
    return g_strconcat ("instance ", instance, NULL);
  if (push && push->kind == PN_PUSH)
    return g_strconcat ("push ", push->provider, " ", push->param ? push->param : "", " ",
                        push->prid, NULL);
  return g_strdup_printf ("address %s@%s:%u", contact->user ? contact->user : "", contact->host,
                          contact->port);
}

/* RFC 8599 5.6.1.1: then it is none of our business. */
static gboolean
is_pushed_by_a_proxy (const sip_t *sip)
{
  for (const sip_unknown_t *header = sip->sip_unknown; header; header = header->un_next)
    if (sip_headers_is ((const sip_header_t *) header, "Feature-Caps") &&
        feature_caps_has_pns (header->un_value))
      return TRUE;
  return FALSE;
}

static PnParams *
read_push (const sip_t *sip, const Contact *contact)
{
  g_autoptr (PnParams) push = pn_params_from_contact (contact);

  for (gsize i = 0; push->kind == PN_NONE && i < G_N_ELEMENTS (push_headers); i++) {
    const gchar *value = sip_headers_unknown (sip, push_headers[i]);

    if (value) {
      pn_params_free (push);
      push = pn_params_from_header (push_headers[i], value);
    }
  }
  if (push->kind != PN_NONE && is_pushed_by_a_proxy (sip))
    push->kind = PN_NONE;
  return g_steal_pointer (&push);
}

/* A reg-id counts for an instance only (RFC 5626 6). */
static guint
flow_number (const Contact *contact)
{
  g_autofree gchar *instance = contact_instance (contact);

  return instance ? contact_reg_id (contact) : 0;
}

static gint64
asked_seconds (const sip_t *sip, const Contact *contact, const Pbx *pbx)
{
  gint64 seconds = contact_expires (contact);

  if (seconds >= 0)
    return seconds;
  return sip->sip_expires ? (gint64) sip->sip_expires->ex_delta : (gint64) pbx_register_expires (pbx);
}

static gboolean
read_contact (Registration *registration, const sip_contact_t *header, KeyedHash *token_key,
              GError **error)
{
  const sip_t *sip = sip_request_sip (registration->request);
  g_autofree gchar *text = sip_headers_text ((const sip_header_t *) header);
  g_autoptr (Contact) contact = contact_parse (text, error);
  g_autofree gchar *device = NULL;
  RegistrationContact *entry;

  if (!contact)
    return FALSE;
  if (registration->contacts->len == MAX_CONTACTS) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID, "Too Many Contacts");
    return FALSE;
  }

  entry = g_new0 (RegistrationContact, 1);
  g_ptr_array_add (registration->contacts, entry);
  entry->push = read_push (sip, contact);
  if (entry->push->kind == PN_INCOMPLETE) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID, "Bad Push Parameter: %s",
                 entry->push->problem);
    entry->contact = g_steal_pointer (&contact);
    return FALSE;
  }
  device = device_identity (contact, entry->push);
  entry->token = token_keyed (token_key, registration->key, device, NULL);
  entry->asked = asked_seconds (sip, contact, registration->pbx);
  entry->reg_id = flow_number (contact);
  registration->lacks_hop |= entry->reg_id && outbound_is_lacking (registration->request);
  if (!registration->outbound)
    entry->reg_id = 0;
  entry->contact = g_steal_pointer (&contact);
  return TRUE;
}

/* RFC 5626 6: a flow is registered alone. */
static gboolean
check_flows (Registration *registration, GError **error)
{
  guint flows = 0, asked = 0;

  for (guint i = 0; i < registration->contacts->len; i++) {
    const RegistrationContact *entry = g_ptr_array_index (registration->contacts, i);

    flows += entry->reg_id > 0;
    asked += entry->asked > 0;
  }
  registration->outbound = flows > 0;
  if (flows == 0 || asked < 2)
    return TRUE;
  g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID, "One Contact With reg-id At A Time");
  return FALSE;
}

/* A phone whose address has changed names the old one, too, to have it removed. Here and at the PBX
 * both are one Contact, which stays. */
static void
merge_contacts (Registration *registration)
{
  GPtrArray *contacts = registration->contacts;

  for (guint i = 0; i < contacts->len; i++) {
    for (guint j = contacts->len - 1; j > i; j--) {
      const RegistrationContact *one = g_ptr_array_index (contacts, i);
      const RegistrationContact *other = g_ptr_array_index (contacts, j);

      if (!g_str_equal (one->token, other->token))
        continue;
      if (other->asked > one->asked) {
        contacts->pdata[i] = (gpointer) other;
        contacts->pdata[j] = (gpointer) one;
      }
      g_ptr_array_remove_index (contacts, j);
    }
  }
}

static gboolean
read_wildcard (Registration *registration, GError **error)
{
  const sip_t *sip = sip_request_sip (registration->request);

  if (sip->sip_contact->m_next || !sip->sip_expires || sip->sip_expires->ex_delta != 0) {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_INVALID,
                 "Contact: * Stands Alone And With Expires: 0");
    return FALSE;
  }
  registration->remove_all = TRUE;
  return TRUE;
}

/**
 * registration_read:
 * @request: a REGISTER
 * @pbx: the PBX whose domain it names
 * @token_key: the key of our Contacts' tokens
 * @error: return location; SIPWAKE_ERROR_INVALID with a phrase for the answer
 *
 * Returns: (transfer full) (nullable): what the phone wants
 */
Registration *
registration_read (SipRequest *request, Pbx *pbx, KeyedHash *token_key, GError **error)
{
  g_autoptr (Registration) registration = g_new0 (Registration, 1);
  const sip_t *sip = sip_request_sip (request);
  g_autofree gchar *to = sip_headers_uri_text (sip->sip_to->a_url);
  GError *failure = NULL;

  registration->request = sip_request_ref (request);
  registration->pbx = pbx;
  registration->contacts =
    g_ptr_array_new_with_free_func ((GDestroyNotify) registration_contact_free);
  registration->aor = aor_from_uri (to, error);
  if (!registration->aor)
    return NULL;
  registration->key = record_key (pbx, registration->aor);
  registration->path = outbound_read_path (sip, &failure);
  registration->outbound = outbound_is_offered (request);
  if (failure) {
    g_propagate_error (error, failure);
    return NULL;
  }

  for (const sip_contact_t *header = sip->sip_contact; header; header = header->m_next) {
    gboolean wildcard = header->m_url->url_type == url_any;

    if (wildcard ? !read_wildcard (registration, error)
                 : !read_contact (registration, header, token_key, error))
      return NULL;
  }
  if (!check_flows (registration, error))
    return NULL;
  merge_contacts (registration);
  return g_steal_pointer (&registration);
}

static gboolean
is_same_place (const Contact *a, const Contact *b)
{
  return g_strcmp0 (a->user, b->user) == 0 && g_ascii_strcasecmp (a->host, b->host) == 0 &&
         a->port == b->port;
}

/* A phone that names no instance is known by its Call-ID, and one that turned its pushes off by its
 * address. */
static Binding *
find_former (const RegistrationContact *entry, const gchar *call_id, const Record *record)
{
  Binding *found = NULL;

  for (guint i = 0; i < record->bindings->len; i++) {
    Binding *binding = g_ptr_array_index (record->bindings, i);
    g_autoptr (Contact) former = contact_parse (binding->contact, NULL);
    g_autofree gchar *instance = former ? contact_instance (former) : NULL;

    if (!former || instance)
      continue;
    if (g_str_equal (binding->call_id, call_id))
      return binding;
    if (entry->push->kind != PN_PUSH && is_same_place (former, entry->contact))
      found = binding;
  }
  return found;
}

/* Whether the phone removes one flow of several. */
static void
mark_stay (RegistrationContact *entry, const Record *record)
{
  const Binding *binding = record_find (record, entry->token);

  entry->stays = entry->asked == 0 && entry->reg_id && binding &&
                 outbound_has_other (binding, entry->reg_id);
}

/**
 * registration_adopt:
 * @registration: what a phone asks
 * @record: (nullable): the phones of its address of record
 *
 * Takes a phone that has no instance for the one that it was before, although its push token is
 * another or gone: a push to the old one would be a push that the phone has forbidden
 * (RFC 8599 4.1.2).
 */
void
registration_adopt (Registration *registration, const Record *record)
{
  const sip_t *sip = sip_request_sip (registration->request);
  RegistrationContact *entry;
  g_autofree gchar *instance = NULL;
  const Binding *former;

  if (!record || registration->contacts->len != 1)
    return;
  entry = g_ptr_array_index (registration->contacts, 0);
  instance = contact_instance (entry->contact);
  mark_stay (entry, record);
  if (instance || record_find (record, entry->token))
    return;
  former = find_former (entry, sip->sip_call_id->i_id, record);
  if (!former)
    return;
  g_free (entry->token);
  entry->token = g_strdup (former->token);
}

/**
 * registration_asks_for:
 * @registration: what a phone asks
 * @entry: one of its Contacts
 *
 * A phone that can be woken need not come back before the PBX's own time is up.
 *
 * Returns: the seconds to ask of the PBX; 0 to remove it there
 */
gint64
registration_asks_for (const Registration *registration, const RegistrationContact *entry)
{
  if (entry->stays)
    return pbx_register_expires (registration->pbx);
  if (entry->asked == 0 || entry->push->kind != PN_PUSH)
    return entry->asked;
  return MAX (entry->asked, pbx_register_expires (registration->pbx));
}

/**
 * registration_asks:
 * @registration: what a phone asks
 *
 * Returns: the most seconds that any of its Contacts needs
 */
gint64
registration_asks (const Registration *registration)
{
  gint64 most = 0;

  for (guint i = 0; i < registration->contacts->len; i++)
    most = MAX (most, registration_asks_for (registration,
                                             g_ptr_array_index (registration->contacts, i)));
  return most;
}

/**
 * registration_free:
 * @registration: (transfer full): a registration
 */
void
registration_free (Registration *registration)
{
  g_clear_pointer (&registration->request, sip_request_unref);
  g_ptr_array_unref (registration->contacts);
  g_free (registration->path);
  g_free (registration->source);
  g_free (registration->shared);
  g_free (registration->key);
  g_free (registration->aor);
  g_free (registration);
}
