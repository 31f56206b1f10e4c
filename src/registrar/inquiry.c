/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * inquiry: asks a PBX which Contacts it has, after it took one more (RFC 3261 10.2.3).
 *
 * A PBX that keeps one Contact may drop the first for the second without a word. The 200 to the
 * second proves nothing, since many list only what they were just given; the answer to a REGISTER
 * without any Contact does. What was dropped comes back with the Contact that all share.
 */
#include "registrar/inquiry.h"

#include "base/counters.h"
#include "registrar/credentials.h"

#define MAX_INQUIRIES 1000

struct _Inquiries {
  Upstream *upstream;
  Sharing *sharing;
  Keeper *keeper;
  GHashTable *open; /* Inquiry */
};

typedef struct {
  Inquiries *inquiries;
  Registration *registration;
  Account *account;         /* nullable: the phone's own credentials are used once more */
  Credentials *credentials; /* nullable */
  SipTransaction *transaction;
} Inquiry;

static void
inquiry_free (Inquiry *inquiry)
{
  g_clear_pointer (&inquiry->transaction, sip_transaction_free);
  g_clear_pointer (&inquiry->credentials, credentials_unref);
  g_clear_pointer (&inquiry->account, account_unref);
  registration_free (inquiry->registration);
  g_free (inquiry);
}

static void
finish (Inquiry *inquiry)
{
  g_hash_table_remove (inquiry->inquiries->open, inquiry);
}

static gboolean
transmit (Inquiry *inquiry, GArray *contacts, const gchar *authorization, SipResponseFunc func)
{
  const Registration *registration = inquiry->registration;
  const gchar *seed = contacts->len ? registration->shared : inquiry->registration->key;
  SipFlow *way = pbx_way (registration->pbx);
  g_autofree gchar *call_id = g_compute_checksum_for_string (G_CHECKSUM_SHA256, seed, -1);

  g_clear_pointer (&inquiry->transaction, sip_transaction_free);
  if (way && inquiry->account)
    inquiry->transaction =
      upstream_send_own (inquiry->inquiries->upstream, way, registration->aor, call_id, contacts,
                         authorization, func, inquiry);
  else if (way)
    inquiry->transaction =
      upstream_send (inquiry->inquiries->upstream, way, sip_request_sip (registration->request),
                     call_id, contacts, func, inquiry);
  return inquiry->transaction != NULL;
}

/* ---- the switch ---- */

static void
on_switched (SipTransaction *transaction, guint status, const sip_t *response, gpointer user_data)
{
  Inquiry *inquiry = user_data;
  Sharing *sharing = inquiry->inquiries->sharing;

  if (status < 200)
    return;
  if (status < 300)
    sharing_switched (sharing, inquiry->registration);
  else
    sharing_refused (sharing, inquiry->registration, status);
  finish (inquiry);
}

static void
switch_by_phone (Inquiry *inquiry)
{
  const Registration *registration = inquiry->registration;
  g_autoptr (GPtrArray) replaced = sharing_replaced (inquiry->inquiries->sharing, registration);
  g_autoptr (GArray) contacts = g_array_new (FALSE, FALSE, sizeof (UpstreamContact));
  UpstreamContact contact = { registration->shared, registration_asks (registration) };

  g_array_append_val (contacts, contact);
  for (guint i = 0; i < replaced->len; i++) {
    UpstreamContact gone = { g_ptr_array_index (replaced, i), 0 };

    g_array_append_val (contacts, gone);
  }
  if (!transmit (inquiry, contacts, NULL, on_switched))
    finish (inquiry);
}

static void
on_registered (guint status, const gchar *phrase, gpointer user_data)
{
  Inquiry *inquiry = user_data;

  if (status == 200)
    sharing_switched (inquiry->inquiries->sharing, inquiry->registration);
  else
    keeper_abandon (inquiry->inquiries->keeper, inquiry->registration->shared);
  finish (inquiry);
}

static void
switch_by_account (Inquiry *inquiry)
{
  const Registration *registration = inquiry->registration;
  g_autoptr (GPtrArray) replaced = sharing_replaced (inquiry->inquiries->sharing, registration);

  keeper_register (inquiry->inquiries->keeper, inquiry->account, registration->aor,
                   registration->shared, replaced, on_registered, inquiry);
}

/* ---- the question ---- */

static void ask (Inquiry *inquiry, const gchar *authorization);

static gboolean
answer_challenge (Inquiry *inquiry, const sip_t *response)
{
  g_autofree gchar *target = NULL;
  g_autofree gchar *line = NULL;

  if (!inquiry->credentials)
    return FALSE;
  target = upstream_target (inquiry->registration->aor);
  line = credentials_answer (inquiry->credentials, response, "REGISTER", target, NULL, 0);
  if (line)
    ask (inquiry, line);
  return line != NULL;
}

static void
on_answer (SipTransaction *transaction, guint status, const sip_t *response, gpointer user_data)
{
  Inquiry *inquiry = user_data;

  if (status < 200)
    return;
  if ((status == 401 || status == 407) && response && answer_challenge (inquiry, response))
    return;
  if (status >= 300 || !response ||
      !sharing_is_dropped (inquiry->inquiries->sharing, inquiry->registration, response)) {
    finish (inquiry);
    return;
  }
  g_clear_pointer (&inquiry->transaction, sip_transaction_free);
  if (inquiry->account)
    switch_by_account (inquiry);
  else
    switch_by_phone (inquiry);
}

static void
ask (Inquiry *inquiry, const gchar *authorization)
{
  g_autoptr (GArray) none = g_array_new (FALSE, FALSE, sizeof (UpstreamContact));

  if (!transmit (inquiry, none, authorization, on_answer))
    finish (inquiry);
}

/**
 * inquiries_ask:
 * @inquiries: all inquiries
 * @registration: (transfer full): what the PBX just took
 * @account: (nullable): the account that it took it for
 *
 * Asks, and has all phones of the record share a Contact when one of them was dropped.
 */
void
inquiries_ask (Inquiries *inquiries, Registration *registration, Account *account)
{
  Inquiry *inquiry;

  if (g_hash_table_size (inquiries->open) >= MAX_INQUIRIES) {
    registration_free (registration);
    return;
  }
  inquiry = g_new0 (Inquiry, 1);
  inquiry->inquiries = inquiries;
  inquiry->registration = registration;
  inquiry->account = account ? account_ref (account) : NULL;
  inquiry->credentials = account ? credentials_new (account) : NULL;
  g_hash_table_add (inquiries->open, inquiry);
  counters_inc (COUNTER_UPSTREAM_INQUIRIES);
  ask (inquiry, NULL);
}

/**
 * inquiries_new:
 * @upstream: the sender
 * @sharing: what is learned goes there
 * @keeper: registers for accounts; freed before the inquiries
 *
 * Returns: (transfer full): no inquiries yet
 */
Inquiries *
inquiries_new (Upstream *upstream, Sharing *sharing, Keeper *keeper)
{
  Inquiries *inquiries = g_new0 (Inquiries, 1);

  inquiries->upstream = upstream;
  inquiries->sharing = sharing;
  inquiries->keeper = keeper;
  inquiries->open = g_hash_table_new_full (NULL, NULL, (GDestroyNotify) inquiry_free, NULL);
  return inquiries;
}

/**
 * inquiries_free:
 * @inquiries: (transfer full): all of them
 */
void
inquiries_free (Inquiries *inquiries)
{
  g_hash_table_unref (inquiries->open);
  g_free (inquiries);
}
