/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * settlement: a REGISTER that is granted: bindings change, the disk learns of it, the phone gets its
 * answer (RFC 3261 10.3 steps 7 and 8).
 *
 * The phone is told yes only once what is new is on the disk. Calls that wait for the phone do not
 * wait for the disk.
 */
#include "registrar/settlement.h"

#include "base/clock.h"
#include "base/log.h"
#include "registrar/outbound.h"
#include "sip/sip-headers.h"

typedef struct {
  SipRequest *request;
  Location *location;
  guint status;
  gchar *phrase;
  msg_t *answer;
  GPtrArray *fresh; /* Binding: those that nobody knew before */
  guint writing;
  gboolean failed;
} Settlement;

/**
 * settlement_keeps_back:
 * @header: a header of the PBX's answer to a REGISTER
 * @user_data: unused
 *
 * Returns: whether it is not for the phone
 */
gboolean
settlement_keeps_back (const sip_header_t *header, gpointer user_data)
{
  return sip_headers_belong_to_hop (header) || header->sh_class == sip_expires_class ||
         header->sh_class == sip_supported_class || header->sh_class == sip_require_class ||
         sip_headers_is (header, "Feature-Caps");
}

static void
add_contact (msg_t *msg, const RegistrationContact *entry, gint64 seconds)
{
  g_autofree gchar *text = contact_to_string (entry->contact, seconds);

  sip_headers_write (msg, "Contact", text);
}

/* A query gets the phones of the record, but not what wakes them: that is nobody else's business. */
static void
add_known_contacts (Location *location, msg_t *msg, const Registration *registration)
{
  const Record *record = location_record (location, registration->key);

  for (guint i = 0; record && i < record->bindings->len; i++) {
    Binding *binding = g_ptr_array_index (record->bindings, i);
    g_autofree gchar *text =
      g_strdup_printf ("<%s>;expires=%" G_GINT64_FORMAT, binding_target (binding),
                       MAX (0, (binding->expires - clock_now ()) / CLOCK_SECOND));

    sip_headers_write (msg, "Contact", text);
  }
}

/* RFC 3327 5.3, RFC 5626 6. */
static void
add_outbound (msg_t *msg, const Registration *registration)
{
  sip_headers_write (msg, "Supported", "path, outbound");
  if (registration->outbound)
    sip_headers_write (msg, "Require", "outbound");
  if (registration->path) {
    sip_headers_write (msg, "Path", registration->path);
  } else if (registration->outbound) {
    g_autofree gchar *timer = g_strdup_printf ("%u", registration->flow_timer);

    sip_headers_write (msg, "Flow-Timer", timer);
  }
}

/**
 * settlement_answer:
 * @location: the location service
 * @registration: what the phone asked
 * @grants: what it gets
 * @feature_caps: (element-type utf8): the push services that it is told of
 * @response: (nullable): the PBX's 2xx, whose other headers pass
 *
 * Returns: (transfer full): the 2xx for the phone, with its own Contacts and nobody else's
 */
msg_t *
settlement_answer (Location *location, const Registration *registration, const Grant *grants,
                   GPtrArray *feature_caps, const sip_t *response)
{
  msg_t *msg = sip_request_create_response (registration->request);

  if (response)
    sip_headers_copy (msg, response, settlement_keeps_back, NULL);
  for (guint i = 0; i < registration->contacts->len; i++)
    if (grants[i].kept > 0)
      add_contact (msg, g_ptr_array_index (registration->contacts, i), grants[i].told);
  if (registration->contacts->len == 0 && !registration->remove_all)
    add_known_contacts (location, msg, registration);
  for (guint i = 0; i < feature_caps->len; i++)
    sip_headers_write (msg, "Feature-Caps", g_ptr_array_index (feature_caps, i));
  add_outbound (msg, registration);
  return msg;
}

static Binding *
make_binding (const Registration *registration, const RegistrationContact *entry, gint64 seconds)
{
  SipRequest *request = registration->request;
  const sip_t *sip = sip_request_sip (request);
  Binding *binding = binding_new (registration->pbx, entry->token, registration->aor);

  binding->shared = g_strdup (registration->shared);
  binding->contact = contact_to_string (entry->contact, -1);
  binding->call_id = g_strdup (sip->sip_call_id->i_id);
  binding->cseq = sip->sip_cseq->cs_seq;
  binding->user_agent =
    sip->sip_user_agent ? g_ref_string_new_intern (sip->sip_user_agent->g_string) : NULL;
  binding->push = entry->push->kind == PN_PUSH ? pn_params_copy (entry->push) : NULL;
  binding->flow = outbound_way (request);
  outbound_set (binding, registration->path, entry->reg_id, registration->source);
  binding->registered = clock_now ();
  binding->expires = binding->registered + seconds * CLOCK_SECOND;
  return binding;
}

/* A new address is what waking up is about; a new push token is what must not be lost. */
static gboolean
is_renewal (const Binding *old, const Binding *new)
{
  if (!old || !g_str_equal (old->aor, new->aor) || g_strcmp0 (old->shared, new->shared) ||
      !old->push != !new->push)
    return FALSE;
  return !old->push || pn_params_equal (old->push, new->push);
}

static void
finish (Settlement *settlement)
{
  if (settlement->failed) {
    for (guint i = 0; i < settlement->fresh->len; i++)
      location_remove (settlement->location, g_ptr_array_index (settlement->fresh, i),
                       "could not be stored");
    msg_destroy (settlement->answer);
    sip_request_reply (settlement->request, 500, "Registration Could Not Be Stored", TAG_END ());
  } else {
    sip_request_reply_msg (settlement->request, settlement->status, settlement->phrase,
                           settlement->answer);
  }
  sip_request_unref (settlement->request);
  g_object_unref (settlement->location);
  g_ptr_array_unref (settlement->fresh);
  g_free (settlement->phrase);
  g_free (settlement);
}

static void
release (Settlement *settlement)
{
  if (--settlement->writing == 0)
    finish (settlement);
}

static void
on_written (gboolean written, gpointer user_data)
{
  Settlement *settlement = user_data;

  settlement->failed |= !written;
  release (settlement);
}

static Binding *
keep (Settlement *settlement, Ledger *ledger, const Registration *registration,
      const RegistrationContact *entry, gint64 seconds)
{
  Binding *old = location_find_token (settlement->location, entry->token);
  Binding *new = make_binding (registration, entry, seconds);

  if (!old) {
    const gchar *const *names = sip_flow_names (new->flow);

    g_ptr_array_add (settlement->fresh, binding_ref (new));
    log_info (LOG_FIELDS ("BINDING", new->token, "AOR", log_mask_aor (new->aor)),
              "%s: registered from %s at %s, push %s%s%s", log_mask_aor (new->aor),
              sip_flow_address (new->flow), pbx_name (new->pbx),
              new->push ? new->push->provider : "none", names ? ", certificate of " : "",
              names ? log_mask_aor (names[0]) : "");
  }
  outbound_inherit (new, old);
  if (is_renewal (old, new)) {
    ledger_put_lazily (ledger, new);
  } else {
    settlement->writing++;
    ledger_put (ledger, new, on_written, settlement);
  }
  location_put (settlement->location, new);
  return new;
}

/* One flow of several goes. */
static Binding *
narrow (Settlement *settlement, Ledger *ledger, Binding *binding, guint reg_id)
{
  g_autoptr (Binding) left = outbound_drop (binding, reg_id);

  if (left != binding)
    location_put (settlement->location, left);
  ledger_put_lazily (ledger, left);
  return g_steal_pointer (&left);
}

static void
drop (Settlement *settlement, Ledger *ledger, Binding *binding, const gchar *why)
{
  g_autoptr (Binding) gone = binding_ref (binding);

  location_remove (settlement->location, gone, why);
  settlement->writing++;
  ledger_remove (ledger, gone, on_written, settlement);
}

/**
 * settlement_run:
 * @location: the location service
 * @ledger: the bindings on the disk
 * @registration: what the phone asked
 * @grants: what it gets, one for each of its Contacts
 * @removals: (element-type Binding) (nullable): further bindings that go
 * @status: the 2xx for the phone
 * @phrase: its reason phrase
 * @answer: (transfer full): further headers of it
 */
void
settlement_run (Location *location, Ledger *ledger, const Registration *registration,
                const Grant *grants, GPtrArray *removals, guint status, const gchar *phrase,
                msg_t *answer)
{
  Settlement *settlement = g_new0 (Settlement, 1);
  g_autoptr (GPtrArray) refreshed =
    g_ptr_array_new_with_free_func ((GDestroyNotify) binding_unref);
  g_autoptr (Location) keep_alive = g_object_ref (location);

  settlement->request = sip_request_ref (registration->request);
  settlement->location = g_object_ref (location);
  settlement->status = status;
  settlement->phrase = g_strdup (phrase);
  settlement->answer = answer;
  settlement->fresh = g_ptr_array_new_with_free_func ((GDestroyNotify) binding_unref);
  settlement->writing = 1; /* until all is asked for */

  for (guint i = 0; i < registration->contacts->len; i++) {
    const RegistrationContact *entry = g_ptr_array_index (registration->contacts, i);
    Binding *old = location_find_token (location, entry->token);

    if (grants[i].kept > 0)
      g_ptr_array_add (refreshed,
                       keep (settlement, ledger, registration, entry, grants[i].kept));
    else if (old && entry->stays && outbound_has_other (old, entry->reg_id))
      g_ptr_array_add (refreshed, narrow (settlement, ledger, old, entry->reg_id));
    else if (old)
      drop (settlement, ledger, old, "removed by the phone");
  }
  for (guint i = 0; removals && i < removals->len; i++) {
    const Binding *seen = g_ptr_array_index (removals, i);
    Binding *now = location_find_token (location, seen->token);

    if (now) /* it may have been renewed, or have gone by itself, meanwhile */
      drop (settlement, ledger, now, "removed with all others");
  }

  release (settlement);
  for (guint i = 0; i < refreshed->len; i++)
    location_refreshed (location, g_ptr_array_index (refreshed, i));
}
