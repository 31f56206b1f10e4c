/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * registrar: REGISTERs of phones on their way to the PBX and back (RFC 3261 10.3).
 *
 * The PBX alone decides: a REGISTER is checked, carried upstream with our own Contact, and changes
 * the location service only by a 2xx. The router hands it the requests.
 */
#include "registrar/registrar.h"

#include "base/clock.h"
#include "base/counters.h"
#include "base/error.h"
#include "base/log.h"
#include "crypto/token.h"
#include "registrar/settlement.h"
#include "registrar/upstream.h"
#include "sip/sip-headers.h"
#include "sip/sip-map.h"

#define MAX_PENDING 20000

struct _Registrar {
  Location *location;
  Ledger *ledger;
  GPtrArray *pbxes;
  GBytes *token_key;
  Upstream *upstream;
  RegistrarPushFunc push_func;
  gpointer push_data;
  GHashTable *pending; /* Pending */
};

/* A REGISTER that waits for the PBX. */
typedef struct {
  Registrar *registrar;
  Registration *registration;
  GArray *contacts; /* UpstreamContact: what was asked */
  GPtrArray *removals; /* Binding: what `Contact: *` removes */
  GPtrArray *feature_caps;
  SipTransaction *transaction;
} Pending;

static void
pending_free (Pending *pending)
{
  g_clear_pointer (&pending->transaction, sip_transaction_free);
  registration_free (pending->registration);
  g_array_unref (pending->contacts);
  g_ptr_array_unref (pending->removals);
  g_ptr_array_unref (pending->feature_caps);
  g_free (pending);
}

static void
refuse (SipRequest *request, guint status, const gchar *phrase)
{
  counters_inc (COUNTER_REQUESTS_REFUSED);
  log_info (LOG_NONE, "REGISTER from %s refused: %u %s",
            sip_flow_address (sip_request_flow (request)), status,
            phrase ? phrase : sip_map_phrase (status));
  sip_request_reply (request, status, phrase, TAG_END ());
}

/* ---- the way back: the PBX's answer ---- */

static gboolean
stays_behind (const sip_header_t *header, gpointer user_data)
{
  return sip_headers_belong_to_hop (header) || header->sh_class == sip_expires_class ||
         header->sh_class == sip_supported_class || header->sh_class == sip_require_class ||
         sip_headers_is (header, "Feature-Caps");
}

static void
add_contact (msg_t *msg, const RegistrationContact *entry, gint64 seconds)
{
  g_autofree gchar *text = contact_to_string (entry->contact, seconds);
  g_autofree gchar *line = g_strconcat ("Contact: ", text, NULL);

  sip_headers_add (msg, line);
}

/* A query gets the phones of the record, but not what wakes them: that is nobody else's business. */
static void
add_known_contacts (Registrar *self, msg_t *msg, const Registration *registration)
{
  Record *record =
    location_find_record (self->location, registration->pbx, registration->aor);

  for (guint i = 0; record && i < record->bindings->len; i++) {
    const Binding *binding = g_ptr_array_index (record->bindings, i);
    g_autofree gchar *line = g_strdup_printf (
      "Contact: <%s>;expires=%" G_GINT64_FORMAT, binding->target,
      MAX (0, (binding->expires - clock_now ()) / CLOCK_SECOND));

    sip_headers_add (msg, line);
  }
}

static msg_t *
make_answer (Registrar *self, Pending *pending, const sip_t *response, const Grant *grants)
{
  const Registration *registration = pending->registration;
  msg_t *msg = sip_request_create_response (registration->request);

  sip_headers_copy (msg, response, stays_behind, NULL);
  for (guint i = 0; i < registration->contacts->len; i++)
    if (grants[i].kept > 0)
      add_contact (msg, g_ptr_array_index (registration->contacts, i), grants[i].told);
  if (registration->contacts->len == 0 && !registration->remove_all)
    add_known_contacts (self, msg, registration);
  for (guint i = 0; i < pending->feature_caps->len; i++) {
    g_autofree gchar *line =
      g_strconcat ("Feature-Caps: ", g_ptr_array_index (pending->feature_caps, i), NULL);

    sip_headers_add (msg, line);
  }
  return msg;
}

/* The phone is told no more than it asked for; one that can be woken is kept as long as at the
 * PBX. */
static Grant
grant (const RegistrationContact *entry, gint64 granted)
{
  gint64 told = MIN (entry->asked, granted);

  return (Grant){ .kept = entry->push->kind == PN_PUSH ? granted : told, .told = told };
}

static void
on_accepted (Registrar *self, Pending *pending, const sip_t *response)
{
  const Registration *registration = pending->registration;
  g_autofree Grant *grants = g_new0 (Grant, registration->contacts->len + 1);

  counters_inc (COUNTER_REGISTERS_ACCEPTED);
  for (guint i = 0; i < registration->contacts->len; i++) {
    const RegistrationContact *entry = g_ptr_array_index (registration->contacts, i);
    const UpstreamContact *asked = &g_array_index (pending->contacts, UpstreamContact, i);

    grants[i] = grant (entry, upstream_granted (response, entry->token, asked->expires));
  }
  settlement_run (self->location, self->ledger, registration, grants, pending->removals,
                  (guint) response->sip_status->st_status, response->sip_status->st_phrase,
                  make_answer (self, pending, response, grants));
}

static void
on_upstream_answer (SipTransaction *transaction, guint status, const sip_t *response,
                    gpointer user_data)
{
  Pending *pending = user_data;
  Registrar *self = pending->registrar;
  SipRequest *request = pending->registration->request;

  if (status < 200)
    return;
  if (!response) {
    counters_inc (COUNTER_REGISTERS_REJECTED);
    log_warning (LOG_NONE, "[pbx:%s] does not answer a REGISTER (%u)",
                 pbx_name (pending->registration->pbx), status);
    sip_request_reply (request, status == 408 ? 504 : 503, NULL, TAG_END ());
  } else if (status < 300) {
    on_accepted (self, pending, response);
  } else {
    msg_t *msg = sip_request_create_response (request);

    /* Challenges pass with all else: only the phone has the password (RFC 3261 22). */
    if (status != 401 && status != 407) {
      counters_inc (COUNTER_REGISTERS_REJECTED);
      log_info (LOG_NONE, "%s: the PBX refused to register it: %u %s",
                log_mask_aor (pending->registration->aor), status,
                response->sip_status->st_phrase);
    }
    sip_headers_copy (msg, response, stays_behind, NULL);
    sip_request_reply_msg (request, status, response->sip_status->st_phrase, msg);
  }
  g_hash_table_remove (self->pending, pending);
}

/* ---- the way there ---- */

static gboolean
check_push (Registrar *self, const Registration *registration, GPtrArray *feature_caps)
{
  for (guint i = 0; i < registration->contacts->len; i++) {
    const RegistrationContact *entry = g_ptr_array_index (registration->contacts, i);

    if (entry->asked == 0 || entry->push->kind == PN_NONE)
      continue;
    if (!self->push_func || !self->push_func (entry->push, feature_caps, self->push_data))
      return FALSE;
  }
  return TRUE;
}

/* RFC 3261 10.3 step 7: an older REGISTER that comes late changes nothing. */
static gboolean
check_order (Registrar *self, const Registration *registration)
{
  const sip_t *sip = sip_request_sip (registration->request);

  for (guint i = 0; i < registration->contacts->len; i++) {
    const RegistrationContact *entry = g_ptr_array_index (registration->contacts, i);

    if (record_is_stale (location_find_token (self->location, entry->token),
                         sip->sip_call_id->i_id, sip->sip_cseq->cs_seq))
      return FALSE;
  }
  return TRUE;
}

static void
collect_contacts (Registrar *self, Pending *pending)
{
  const Registration *registration = pending->registration;
  Record *record =
    location_find_record (self->location, registration->pbx, registration->aor);

  for (guint i = 0; i < registration->contacts->len; i++) {
    const RegistrationContact *entry = g_ptr_array_index (registration->contacts, i);
    UpstreamContact contact = { entry->token, entry->asked };

    /* A phone that can be woken need not come back before the PBX's own time is up. */
    if (contact.expires > 0 && entry->push->kind == PN_PUSH)
      contact.expires = MAX (contact.expires, pbx_register_expires (registration->pbx));
    g_array_append_val (pending->contacts, contact);
  }
  for (guint i = 0; registration->remove_all && record && i < record->bindings->len; i++) {
    Binding *binding = g_ptr_array_index (record->bindings, i);
    UpstreamContact contact = { binding->token, 0 };

    g_ptr_array_add (pending->removals, binding_ref (binding));
    g_array_append_val (pending->contacts, contact);
  }
}

static void
send_upstream (Registrar *self, Registration *registration, GPtrArray *feature_caps)
{
  SipRequest *request = registration->request;
  SipFlow *way = pbx_way (registration->pbx);
  g_autofree gchar *seed = NULL;
  Pending *pending = g_new0 (Pending, 1);

  pending->registrar = self;
  pending->registration = registration;
  pending->contacts = g_array_new (FALSE, FALSE, sizeof (UpstreamContact));
  pending->removals = g_ptr_array_new_with_free_func ((GDestroyNotify) binding_unref);
  pending->feature_caps = g_ptr_array_ref (feature_caps);
  g_hash_table_add (self->pending, pending);
  collect_contacts (self, pending);

  seed = token_keyed (self->token_key, "call-id", registration->key,
                      pending->contacts->len
                        ? g_array_index (pending->contacts, UpstreamContact, 0).token
                        : "query",
                      NULL);
  if (way)
    pending->transaction =
      upstream_send (self->upstream, way, sip_request_sip (request), seed, pending->contacts,
                     on_upstream_answer, pending);
  if (!pending->transaction) {
    refuse (request, 503, way ? "PBX Not Reachable" : "PBX Address Not Resolved");
    g_hash_table_remove (self->pending, pending);
    return;
  }
  counters_inc (COUNTER_REGISTERS_RELAYED);
}

/**
 * registrar_take:
 * @registrar: the registrar
 * @request: a REGISTER from a phone
 */
void
registrar_take (Registrar *self, SipRequest *request)
{
  const sip_t *sip = sip_request_sip (request);
  Pbx *pbx = pbx_find_by_domain (self->pbxes, sip->sip_to->a_url->url_host);
  g_autoptr (Registration) registration = NULL;
  g_autoptr (GPtrArray) feature_caps = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;

  if (!pbx) {
    refuse (request, 404, "Unknown Domain");
    return;
  }
  if (sip->sip_max_forwards && sip->sip_max_forwards->mf_count == 0) {
    refuse (request, 483, NULL);
    return;
  }
  registration = registration_read (request, pbx, self->token_key, &error);
  if (!registration) {
    refuse (request, sip_map_error (error), error->message);
    return;
  }
  if (!check_order (self, registration)) {
    refuse (request, 500, "REGISTER Out Of Order");
    return;
  }
  if (!check_push (self, registration, feature_caps)) {
    refuse (request, 555, NULL);
    return;
  }
  if (g_hash_table_size (self->pending) >= MAX_PENDING) {
    refuse (request, 503, "Too Many Registrations At Once");
    return;
  }
  send_upstream (self, g_steal_pointer (&registration), feature_caps);
}

/**
 * registrar_new:
 * @location: what it writes
 * @ledger: the same on the disk
 * @pbxes: (element-type Pbx): all PBXs
 * @token_key: the key of our Contacts' tokens
 *
 * Returns: (transfer full): a registrar
 */
Registrar *
registrar_new (Location *location, Ledger *ledger, GPtrArray *pbxes, GBytes *token_key)
{
  Registrar *self = g_new0 (Registrar, 1);

  self->location = g_object_ref (location);
  self->ledger = ledger;
  self->pbxes = g_ptr_array_ref (pbxes);
  self->token_key = g_bytes_ref (token_key);
  self->upstream = upstream_new ();
  self->pending = g_hash_table_new_full (NULL, NULL, (GDestroyNotify) pending_free, NULL);
  return self;
}

/**
 * registrar_free:
 * @registrar: (transfer full): the registrar; what it waits for is answered with an error
 */
void
registrar_free (Registrar *self)
{
  g_hash_table_unref (self->pending);
  upstream_free (self->upstream);
  g_bytes_unref (self->token_key);
  g_ptr_array_unref (self->pbxes);
  g_object_unref (self->location);
  g_free (self);
}

/**
 * registrar_set_push:
 * @registrar: the registrar
 * @func: says which push services there are; without it there are none
 * @user_data: for @func
 */
void
registrar_set_push (Registrar *self, RegistrarPushFunc func, gpointer user_data)
{
  self->push_func = func;
  self->push_data = user_data;
}
