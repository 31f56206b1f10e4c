/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sip-transaction: a request that went out, and what came back (RFC 3261 17.1).
 *
 * A transaction that is freed is retired: the stack goes on with its retransmissions, and what
 * still arrives reaches nobody. An INVITE must not be retired before its final answer came, or
 * a late 2xx would be acknowledged by the stack on a way of its own choice.
 */
#include "sip/sip-transaction.h"

#include "base/counters.h"
#include "sip/sip-headers.h"

struct _SipTransaction {
  SipListener *listener;
  SipFlow *flow;
  msg_t *again; /* nullable: the request once more, for a connection that was closed meanwhile */
  nta_outgoing_t *orq; /* NULL when there is no way */
  guint no_way;        /* source that tells so */
  SipResponseFunc func;
  gpointer user_data;
  gboolean busy; /* inside @func */
  gboolean dead; /* freed inside @func */
};

static void
transaction_destroy (SipTransaction *transaction)
{
  g_clear_handle_id (&transaction->no_way, g_source_remove);
  if (transaction->orq) {
    nta_outgoing_bind (transaction->orq, NULL, NULL);
    nta_outgoing_destroy (transaction->orq);
  }
  g_clear_pointer (&transaction->again, msg_destroy);
  sip_flow_unref (transaction->flow);
  sip_loop_kick (transaction->listener->loop);
  counters_dec (COUNTER_TRANSACTIONS_OPEN);
  g_free (transaction);
}

static void
tell (SipTransaction *transaction, guint status, const sip_t *sip)
{
  transaction->busy = TRUE;
  transaction->func (transaction, status, sip, transaction->user_data);
  transaction->busy = FALSE;
  if (transaction->dead)
    transaction_destroy (transaction);
}

static int on_response (SipTransaction *transaction, nta_outgoing_t *orq, const sip_t *sip);

static void
transmit (SipTransaction *transaction, msg_t *msg)
{
  sip_headers_make_room (msg);
  transaction->orq = nta_outgoing_mcreate (transaction->listener->agent, on_response, transaction,
                                           sip_flow_route (transaction->flow), msg,
                                           SIP_FLOW_TAGS (transaction->flow), TAG_END ());
  if (!transaction->orq)
    msg_destroy (msg);
  sip_loop_kick (transaction->listener->loop);
}

/* The peer may close a connection in the moment in which we use it; then nobody got the request. */
static gboolean
send_again (SipTransaction *transaction, guint status, const sip_t *sip)
{
  msg_t *msg = g_steal_pointer (&transaction->again);
  nta_outgoing_t *before = transaction->orq;

  if (!msg || !before || status != 503 || sip) {
    g_clear_pointer (&msg, msg_destroy);
    return FALSE;
  }
  transmit (transaction, msg);
  if (!transaction->orq) {
    transaction->orq = before;
    return FALSE;
  }
  nta_outgoing_bind (before, NULL, NULL);
  nta_outgoing_destroy (before);
  return TRUE;
}

static gboolean
on_no_way (gpointer user_data)
{
  SipTransaction *transaction = user_data;

  transaction->no_way = 0;
  tell (transaction, 503, NULL);
  return G_SOURCE_REMOVE;
}

static int
on_response (SipTransaction *transaction, nta_outgoing_t *orq, const sip_t *sip)
{
  guint status = (guint) nta_outgoing_status (orq);

  if (!transaction || transaction->dead)
    return 0;
  if (sip && nta_sip_is_internal (sip))
    sip = NULL;
  if (send_again (transaction, status, sip))
    return 0;
  transaction->orq = orq;
  tell (transaction, status, sip);
  return 0;
}

/**
 * sip_transaction_send:
 * @flow: the way out
 * @msg: (transfer full): a complete request
 * @func: told of every answer but 100; not before this returns, unless nothing could be sent
 * @user_data: for @func
 *
 * Where the stack may choose a connection and that has just been closed, another is opened.
 *
 * Returns: (transfer full) (nullable): the transaction, or NULL when the message cannot be sent
 */
SipTransaction *
sip_transaction_send (SipFlow *flow, msg_t *msg, SipResponseFunc func, gpointer user_data)
{
  SipTransaction *transaction = g_new0 (SipTransaction, 1);
  SipListener *listener = sip_flow_listener (flow);

  transaction->listener = listener;
  transaction->flow = sip_flow_ref (flow);
  if (sip_transport_is_stream (listener->transport) && !sip_flow_is_connection (flow))
    transaction->again = msg_copy (msg);
  transaction->func = func;
  transaction->user_data = user_data;
  counters_inc (COUNTER_TRANSACTIONS_OPEN);
  if (!sip_flow_can_send (flow)) {
    msg_destroy (msg);
    transaction->no_way = g_idle_add (on_no_way, transaction);
    return transaction;
  }
  transmit (transaction, msg);
  if (!transaction->orq) {
    transaction_destroy (transaction);
    return NULL;
  }
  return transaction;
}

/**
 * sip_transaction_free:
 * @transaction: (transfer full): a transaction
 */
void
sip_transaction_free (SipTransaction *transaction)
{
  if (transaction->busy)
    transaction->dead = TRUE;
  else
    transaction_destroy (transaction);
}

/**
 * sip_transaction_cancel:
 * @transaction: an INVITE
 * @reason: (nullable): the value of a Reason header (RFC 3326)
 *
 * Sends CANCEL, now or after the first provisional answer (RFC 3261 9.1). The final answer still
 * comes to the response function.
 */
void
sip_transaction_cancel (SipTransaction *transaction, const gchar *reason)
{
  nta_outgoing_t *cancel =
    !transaction->orq ? NULL : nta_outgoing_tcancel (transaction->orq, NULL, NULL,
                          TAG_IF (reason, SIPTAG_REASON_STR (reason)), TAG_END ());

  if (cancel)
    nta_outgoing_destroy (cancel);
  sip_loop_kick (transaction->listener->loop);
}

/**
 * sip_transaction_status:
 * @transaction: a transaction
 *
 * Returns: the status of the last answer, 0 for none
 */
guint
sip_transaction_status (SipTransaction *transaction)
{
  if (!transaction->orq)
    return transaction->no_way ? 0 : 503;
  return (guint) nta_outgoing_status (transaction->orq);
}

/**
 * sip_transaction_cseq:
 * @transaction: a transaction
 *
 * Returns: the sequence number of its request
 */
guint32
sip_transaction_cseq (SipTransaction *transaction)
{
  return nta_outgoing_cseq (transaction->orq);
}

/**
 * sip_transaction_response:
 * @transaction: a transaction that was answered
 *
 * Returns: (transfer full): its last answer, which then outlives it
 */
msg_t *
sip_transaction_response (SipTransaction *transaction)
{
  return nta_outgoing_getresponse (transaction->orq);
}

/**
 * sip_transaction_connection:
 * @transaction: a transaction that was answered
 *
 * Returns: (transfer full) (nullable): the connection that it took, NULL where there is none
 */
SipFlow *
sip_transaction_connection (SipTransaction *transaction)
{
  return sip_flow_from_outgoing (transaction->listener, transaction->orq);
}
