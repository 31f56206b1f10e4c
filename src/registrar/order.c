/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * order: a phone's REGISTERs take effect in the order in which it sent them (RFC 3261 10.3 steps 6
 * and 7).
 *
 * Admission asks it when a REGISTER comes, and again when it is about to take effect: while it
 * waited for the PBX the phone may have sent the next one, which needed no waiting.
 */
#include "registrar/order.h"

struct _Order {
  Location *location;
  GHashTable *waiting; /* Registration */
};

/**
 * order_new:
 * @location: the location service
 *
 * Returns: (transfer full): with no REGISTER under way
 */
Order *
order_new (Location *location)
{
  Order *order = g_new0 (Order, 1);

  order->location = g_object_ref (location);
  order->waiting = g_hash_table_new (NULL, NULL);
  return order;
}

/**
 * order_free:
 * @order: (transfer full): it
 */
void
order_free (Order *order)
{
  g_hash_table_unref (order->waiting);
  g_object_unref (order->location);
  g_free (order);
}

static gboolean
is_older (const Registration *registration, const Binding *binding)
{
  const sip_t *sip = sip_request_sip (registration->request);

  return record_is_stale (binding, sip->sip_call_id->i_id, sip->sip_cseq->cs_seq);
}

/**
 * order_is_kept:
 * @order: it
 * @registration: what a phone asks
 *
 * Returns: whether it is newer than all that took effect and that it would change
 */
gboolean
order_is_kept (const Order *order, const Registration *registration)
{
  const Record *record =
    registration->remove_all ? location_record (order->location, registration->key) : NULL;

  if (registration->overtaken)
    return FALSE;
  for (guint i = 0; record && i < record->bindings->len; i++)
    if (is_older (registration, g_ptr_array_index (record->bindings, i)))
      return FALSE;
  for (guint i = 0; i < registration->contacts->len; i++) {
    const RegistrationContact *entry = g_ptr_array_index (registration->contacts, i);

    if (is_older (registration, location_find_token (order->location, entry->token)))
      return FALSE;
  }
  return TRUE;
}

/**
 * order_await:
 * @order: it
 * @registration: what waits to take effect, until order_leave()
 */
void
order_await (Order *order, Registration *registration)
{
  g_hash_table_add (order->waiting, registration);
}

/**
 * order_leave:
 * @order: it
 * @registration: what waits no more, if it did
 */
void
order_leave (Order *order, Registration *registration)
{
  g_hash_table_remove (order->waiting, registration);
}

static gboolean
removes (const Registration *registration, const Registration *other)
{
  for (guint i = 0; i < registration->contacts->len; i++) {
    const RegistrationContact *entry = g_ptr_array_index (registration->contacts, i);

    for (guint j = 0; entry->asked == 0 && j < other->contacts->len; j++)
      if (g_str_equal (entry->token,
                       ((RegistrationContact *) g_ptr_array_index (other->contacts, j))->token))
        return TRUE;
  }
  return registration->remove_all;
}

/**
 * order_overtake:
 * @order: it
 * @registration: what takes effect now
 *
 * What it removes leaves no trace that an older REGISTER, still under way, could be compared with.
 */
void
order_overtake (Order *order, const Registration *registration)
{
  const sip_t *sip = sip_request_sip (registration->request);
  GHashTableIter iter;
  gpointer value;

  if (registration_asks (registration) > 0 ||
      (registration->contacts->len == 0 && !registration->remove_all))
    return;
  g_hash_table_iter_init (&iter, order->waiting);
  while (g_hash_table_iter_next (&iter, &value, NULL)) {
    Registration *other = value;
    const sip_t *waiting = sip_request_sip (other->request);

    if (g_str_equal (other->key, registration->key) && removes (registration, other) &&
        g_str_equal (waiting->sip_call_id->i_id, sip->sip_call_id->i_id) &&
        waiting->sip_cseq->cs_seq < sip->sip_cseq->cs_seq)
      other->overtaken = TRUE;
  }
}
