/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * registrar: REGISTERs of phones on their way to the PBX and back (RFC 3261 10.3).
 *
 * The PBX alone decides: a REGISTER is checked, carried upstream with our own Contact, and changes
 * the location service only by a 2xx. Phones that have an account prove it to the doorkeeper, and
 * the keeper registers them. The router hands it the requests.
 */
#include "registrar/registrar.h"

#include "base/counters.h"
#include "base/error.h"
#include "base/log-ids.h"
#include "base/log.h"
#include "crypto/token.h"
#include "proto/aor.h"
#include "registrar/claim.h"
#include "registrar/pbx-attempt.h"
#include "registrar/pbx-list.h"
#include "sip/sip-headers.h"
#include "sip/sip-map.h"

#define MAX_PENDING 20000

struct _Registrar {
  RegistrarRooms rooms;
  Location *location;
  Admission *admission;
  RegistrarPushFunc push_func;
  gpointer push_data;
  Inquiries *inquiries;
  GHashTable *pending; /* Pending */
};

/* A REGISTER that waits for the PBX. */
typedef struct {
  Registrar *registrar;
  Registration *registration;
  GArray *contacts; /* UpstreamContact: what was asked */
  GPtrArray *removals; /* Binding: what `Contact: *` removes */
  GPtrArray *surplus;  /* Binding: what a shared Contact replaces at the PBX */
  gchar *seed; /* of our Call-ID */
  PbxAttempt *attempt;
} Pending;

static void
pending_free (Pending *pending)
{
  g_clear_pointer (&pending->attempt, pbx_attempt_free);
  g_clear_pointer (&pending->registration, registration_free);
  g_array_unref (pending->contacts);
  g_ptr_array_unref (pending->removals);
  g_ptr_array_unref (pending->surplus);
  g_free (pending->seed);
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

static gboolean try_sharing (Pending *pending, guint status);

/* ---- push ---- */

/* @feature_caps: (nullable): where the answer's values are appended */
static gboolean
ask_push (Registrar *self, const Registration *registration, GPtrArray *feature_caps)
{
  for (guint i = 0; i < registration->contacts->len; i++) {
    const RegistrationContact *entry = g_ptr_array_index (registration->contacts, i);

    if (entry->asked == 0 || entry->push->kind == PN_NONE)
      continue;
    if (!self->push_func || !self->push_func (entry->push, contact_wants_pnsreg (entry->contact),
                                              feature_caps, self->push_data))
      return FALSE;
  }
  return TRUE;
}

static GPtrArray *
feature_caps_of (Registrar *self, const Registration *registration)
{
  GPtrArray *feature_caps = g_ptr_array_new_with_free_func (g_free);

  ask_push (self, registration, feature_caps);
  return feature_caps;
}

/* ---- the way back: the PBX's answer ---- */

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
  g_autoptr (GPtrArray) feature_caps = feature_caps_of (self, registration);

  counters_inc (COUNTER_REGISTERS_ACCEPTED);
  for (guint i = 0; i < registration->contacts->len; i++) {
    const RegistrationContact *entry = g_ptr_array_index (registration->contacts, i);
    const UpstreamContact *asked =
      &g_array_index (pending->contacts, UpstreamContact, registration->shared ? 0 : i);
    gint64 granted = upstream_granted (response, asked->token, asked->expires);

    grants[i] = grant (entry, entry->asked > 0 ? granted : 0);
  }
  if (registration->shared)
    sharing_switched (self->rooms.sharing, registration);
  settlement_run (self->location, self->rooms.ledger, registration, grants, pending->removals,
                  (guint) response->sip_status->st_status, response->sip_status->st_phrase,
                  settlement_answer (self->location, registration, grants, feature_caps, response));
  if (sharing_in_doubt (self->rooms.sharing, registration, response))
    inquiries_ask (self->inquiries, g_steal_pointer (&pending->registration), NULL);
}

static void
learn (Registrar *self, const Registration *registration, const sip_t *response)
{
  Account *account =
    account_book_find (self->rooms.accounts, registration->pbx, registration->aor);

  if (account && account_learn (account, response))
    account_book_put_async (self->rooms.accounts, account, NULL, NULL);
}

static void
on_upstream_answer (guint status, const sip_t *response, gpointer user_data)
{
  Pending *pending = user_data;
  Registrar *self = pending->registrar;
  Registration *registration = pending->registration;
  SipRequest *request = registration->request;

  if (response && try_sharing (pending, status))
    return;
  admission_decided (self->admission, registration);
  if (!response) {
    counters_inc (COUNTER_REGISTERS_REJECTED);
    log_warning (LOG_NONE, "[pbx:%s] does not answer a REGISTER (%u)", pbx_name (registration->pbx),
                 status);
    sip_request_reply (request, status == 408 ? 504 : 503, NULL, TAG_END ());
  } else if (status < 300) {
    admission_judge (self->admission, registration, status, response);
    if (admission_settles (self->admission, registration))
      on_accepted (self, pending, response);
    else
      refuse (request, 500, ADMISSION_OUT_OF_ORDER);
  } else {
    msg_t *msg = sip_request_create_response (request);

    admission_judge (self->admission, registration, status, response);
    learn (self, registration, response);
    if (registration->shared)
      sharing_refused (self->rooms.sharing, registration, status);
    /* Challenges pass with all else: only the phone has the password (RFC 3261 22). */
    if (status != 401 && status != 407) {
      counters_inc (COUNTER_REGISTERS_REJECTED);
      log_info (LOG_FIELDS ("MESSAGE_ID", LOG_ID_REGISTRATION_FAILED, "AOR",
                            log_mask_aor (registration->aor), "PBX", pbx_name (registration->pbx)),
                "%s: the PBX refused to register it: %u %s", log_mask_aor (registration->aor),
                status, response->sip_status->st_phrase);
    }
    sip_headers_copy (msg, response, settlement_keeps_back, NULL);
    sip_request_reply_msg (request, status, response->sip_status->st_phrase, msg);
  }
  g_hash_table_remove (self->pending, pending);
}

/* ---- the way there ---- */

static GPtrArray *
collect_removals (Registrar *self, const Registration *registration)
{
  GPtrArray *removals = g_ptr_array_new_with_free_func ((GDestroyNotify) binding_unref);
  const Record *record = location_record (self->location, registration->key);

  for (guint i = 0; registration->remove_all && record && i < record->bindings->len; i++)
    g_ptr_array_add (removals, binding_ref (g_ptr_array_index (record->bindings, i)));
  return removals;
}

/* Whether a phone of the record stays, or is just coming: at the PBX the order of two REGISTERs may
 * be another than here. */
static gboolean
others_stay (Registrar *self, const Pending *pending)
{
  const Registration *registration = pending->registration;
  const Record *record = location_record (self->location, registration->key);
  guint staying = record ? record->bindings->len - pending->removals->len : 0;
  GHashTableIter iter;
  gpointer other;

  for (guint i = 0; i < registration->contacts->len; i++) {
    const RegistrationContact *entry = g_ptr_array_index (registration->contacts, i);

    if (record_find (record, entry->token))
      staying--;
  }
  g_hash_table_iter_init (&iter, self->pending);
  while (staying == 0 && g_hash_table_iter_next (&iter, &other, NULL)) {
    const Registration *coming = ((const Pending *) other)->registration;

    if (other != pending && g_str_equal (coming->key, registration->key) &&
        registration_asks (coming) > 0)
      staying++;
  }
  return staying > 0;
}

/* One Contact for all phones, which leaves only with the last of them. */
static void
collect_shared (Registrar *self, Pending *pending)
{
  const Registration *registration = pending->registration;
  UpstreamContact contact = { registration->shared, registration_asks (registration) };

  if (registration->contacts->len == 0 && !registration->remove_all)
    return;
  if (contact.expires == 0 && others_stay (self, pending))
    contact.expires = pbx_register_expires (registration->pbx);
  g_array_append_val (pending->contacts, contact);
  for (guint i = 0; i < pending->surplus->len; i++) {
    const Binding *binding = g_ptr_array_index (pending->surplus, i);
    UpstreamContact surplus = { binding->token, 0 };

    g_array_append_val (pending->contacts, surplus);
  }
}

static void
collect_contacts (Pending *pending)
{
  const Registration *registration = pending->registration;

  for (guint i = 0; i < registration->contacts->len; i++) {
    const RegistrationContact *entry = g_ptr_array_index (registration->contacts, i);
    UpstreamContact contact = { entry->token, registration_asks_for (registration, entry) };

    g_array_append_val (pending->contacts, contact);
  }
  for (guint i = 0; i < pending->removals->len; i++) {
    const Binding *binding = g_ptr_array_index (pending->removals, i);
    UpstreamContact contact = { binding->token, 0 };

    g_array_append_val (pending->contacts, contact);
  }
}

static SipTransaction *
send_by (SipFlow *way, SipResponseFunc func, gpointer func_data, gpointer user_data)
{
  Pending *pending = user_data;

  pending->registration->sendings++;
  return upstream_send (pending->registrar->rooms.upstream, way,
                        sip_request_sip (pending->registration->request), pending->seed,
                        pending->contacts, func, func_data);
}

static gboolean
transmit (Registrar *self, Pending *pending)
{
  const Registration *registration = pending->registration;

  g_array_set_size (pending->contacts, 0);
  if (registration->shared)
    collect_shared (self, pending);
  else
    collect_contacts (pending);
  g_free (pending->seed);
  pending->seed =
    pending->contacts->len
      ? g_strdup (g_array_index (pending->contacts, UpstreamContact, 0).token)
      : token_keyed (self->rooms.token_key, registration->key, "query", NULL);
  pending->attempt = pbx_attempt_new (
    registration->pbx, sip_request_sip (registration->request)->sip_call_id->i_id, send_by,
    on_upstream_answer, pending);
  return pending->attempt != NULL;
}

static gboolean
try_sharing (Pending *pending, guint status)
{
  Registrar *self = pending->registrar;
  const sip_t *sip = sip_request_sip (pending->registration->request);

  if (!sip->sip_authorization ||
      !sharing_switch (self->rooms.sharing, pending->registration, status))
    return FALSE;
  g_ptr_array_unref (pending->surplus);
  pending->surplus = sharing_surplus (self->rooms.sharing, pending->registration);
  g_clear_pointer (&pending->attempt, pbx_attempt_free);
  return transmit (self, pending);
}

static void
send_upstream (Registrar *self, Registration *registration)
{
  Pending *pending = g_new0 (Pending, 1);

  pending->registrar = self;
  pending->registration = registration;
  pending->contacts = g_array_new (FALSE, FALSE, sizeof (UpstreamContact));
  pending->removals = collect_removals (self, registration);
  pending->surplus = sharing_surplus (self->rooms.sharing, registration);
  g_hash_table_add (self->pending, pending);
  if (!transmit (self, pending)) {
    admission_decided (self->admission, registration);
    refuse (registration->request, 503, pbx_refusal (registration->pbx));
    g_hash_table_remove (self->pending, pending);
    return;
  }
  counters_inc (COUNTER_REGISTERS_RELAYED);
}

static void
take_with_account (Registrar *self, Registration *registration, Account *account)
{
  ClaimRooms rooms = { self->location, self->admission, self->rooms.ledger, self->rooms.keeper,
                       self->rooms.sharing, self->inquiries,
                       self->rooms.options.binding_expires };
  g_autoptr (GPtrArray) feature_caps = NULL;
  g_autoptr (GPtrArray) removals = NULL;

  switch (doorkeeper_admits (self->rooms.doorkeeper, registration->request, account)) {
  case DOOR_OPEN:
    admission_proved (self->admission, registration);
    feature_caps = feature_caps_of (self, registration);
    removals = collect_removals (self, registration);
    claim_run (&rooms, registration, account, feature_caps, removals);
    return;
  case DOOR_WRONG:
    admission_failed (self->admission, registration);
    break;
  case DOOR_CHALLENGED:
    break;
  }
  admission_decided (self->admission, registration);
  registration_free (registration);
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
  Pbx *pbx = pbx_find_by_domain (self->rooms.pbxes, sip->sip_to->a_url->url_host);
  g_autoptr (Registration) registration = NULL;
  g_autoptr (GError) error = NULL;
  Account *account;

  if (!pbx) {
    refuse (request, 404, "Unknown Domain");
    return;
  }
  if (sip->sip_max_forwards && sip->sip_max_forwards->mf_count == 0) {
    refuse (request, 483, NULL);
    return;
  }
  registration = registration_read (request, pbx, self->rooms.token_key, &error);
  if (!registration) {
    refuse (request, sip_map_error (error), error->message);
    return;
  }
  registration->flow_timer = self->rooms.options.flow_timer;
  registration_adopt (registration, location_record (self->location, registration->key));
  sharing_apply (self->rooms.sharing, registration);
  if (!ask_push (self, registration, NULL)) {
    refuse (request, 555, NULL);
    return;
  }
  account = account_book_find (self->rooms.accounts, pbx, registration->aor);
  if (account && !account_is_ready (account))
    account = NULL;
  if (!account && g_hash_table_size (self->pending) >= MAX_PENDING) {
    refuse (request, 503, "Too Many Registrations At Once");
    return;
  }
  if (!admission_check (self->admission, registration, account))
    return;
  if (account)
    take_with_account (self, g_steal_pointer (&registration), account);
  else
    send_upstream (self, g_steal_pointer (&registration));
}

/**
 * registrar_admit_call:
 * @registrar: the registrar
 * @pbx: whom it calls
 * @invite: a phone's INVITE
 * @credentials: (out) (optional) (nullable) (transfer full): what answers the PBX's challenges
 *
 * A phone that has an account proves itself to us, as it did when it registered.
 *
 * Returns: whether the call goes on; otherwise @invite is answered
 */
gboolean
registrar_admit_call (Registrar *self, Pbx *pbx, SipRequest *invite, Credentials **credentials)
{
  const gchar *user = sip_request_sip (invite)->sip_from->a_url->url_user;
  g_autofree gchar *aor = user ? aor_new (user, pbx_name (pbx)) : NULL;
  Account *account = aor ? account_book_find (self->rooms.accounts, pbx, aor) : NULL;

  *credentials = NULL;
  if (!account || !account_is_ready (account))
    return TRUE;
  if (!admission_admits (self->admission, invite))
    return FALSE;
  switch (doorkeeper_admits (self->rooms.doorkeeper, invite, account)) {
  case DOOR_OPEN:
    *credentials = credentials_new (account);
    return TRUE;
  case DOOR_WRONG:
    admission_failed_call (self->admission, invite);
    return FALSE;
  case DOOR_CHALLENGED:
    return FALSE;
  }
  return FALSE;
}

/**
 * registrar_new:
 * @rooms: what it works with; all of it outlives the registrar
 *
 * Returns: (transfer full): a registrar
 */
Registrar *
registrar_new (const RegistrarRooms *rooms)
{
  Registrar *self = g_new0 (Registrar, 1);

  self->rooms = *rooms;
  self->location = rooms->location;
  self->admission = admission_new (rooms->location, &rooms->options);
  self->inquiries = inquiries_new (rooms->upstream, rooms->sharing, rooms->keeper);
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
  inquiries_free (self->inquiries);
  admission_free (self->admission);
  g_free (self);
}

/**
 * registrar_set_options:
 * @registrar: the registrar
 * @options: how phones are admitted from now on
 */
void
registrar_set_options (Registrar *self, const AdmissionOptions *options)
{
  self->rooms.options = *options;
  admission_set_options (self->admission, options);
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
