/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pbx-attempt: a request to a PBX, sent by the first route that answers it.
 *
 * For requests that do no harm when two servers get them, as REGISTER; a call's INVITE has a leg of
 * its own for each route, since it must be cancelled where it is given up.
 */
#include "registrar/pbx-attempt.h"

#include "base/counters.h"
#include "base/deadline.h"
#include "base/log.h"

struct _PbxAttempt {
  Pbx *pbx;
  gchar *call_id;
  PbxSendFunc send;
  PbxOutcomeFunc outcome;
  gpointer user_data;
  SipFlow *way;
  SipTransaction *transaction;
  Deadline *patience;
  guint ways;
};

static gboolean take (PbxAttempt *attempt, SipFlow *way);

/* Whether the request is under way again. */
static gboolean
go_elsewhere (PbxAttempt *attempt)
{
  SipFlow *next = attempt->ways < PBX_MAX_WAYS ? pbx_way_after (attempt->pbx, attempt->way) : NULL;

  if (!next)
    return FALSE;
  counters_inc (COUNTER_PBX_FAILOVERS);
  log_info (LOG_NONE, "[pbx:%s] a request goes to %s, after %s", pbx_name (attempt->pbx),
            sip_flow_address (next), sip_flow_address (attempt->way));
  return take (attempt, next);
}

static void
on_patience_over (gpointer user_data)
{
  PbxAttempt *attempt = user_data;

  attempt->patience = NULL;
  if (sip_transaction_status (attempt->transaction) >= 100 ||
      !pbx_way_after (attempt->pbx, attempt->way))
    return;
  pbx_failed (attempt->pbx, attempt->way);
  if (!go_elsewhere (attempt))
    attempt->outcome (408, NULL, attempt->user_data);
}

static void
on_response (SipTransaction *transaction, guint status, const sip_t *response, gpointer user_data)
{
  PbxAttempt *attempt = user_data;
  gboolean elsewhere = TRUE;

  if (response)
    elsewhere = pbx_heard (attempt->pbx, attempt->way, attempt->call_id, response);
  else
    pbx_failed (attempt->pbx, attempt->way);
  if (status < 200)
    return;
  deadline_clear (&attempt->patience);
  if (!elsewhere || !go_elsewhere (attempt))
    attempt->outcome (status, response, attempt->user_data);
}

static gboolean
take (PbxAttempt *attempt, SipFlow *way)
{
  SipTransaction *transaction = attempt->send (way, on_response, attempt, attempt->user_data);

  if (!transaction)
    return FALSE;
  g_clear_pointer (&attempt->transaction, sip_transaction_free);
  attempt->transaction = transaction;
  sip_flow_ref (way);
  g_clear_pointer (&attempt->way, sip_flow_unref);
  attempt->way = way;
  attempt->ways++;
  deadline_clear (&attempt->patience);
  if (pbx_way_after (attempt->pbx, way))
    attempt->patience = deadline_new (PBX_PATIENCE_MS, on_patience_over, attempt);
  return TRUE;
}

/**
 * pbx_attempt_new:
 * @pbx: a PBX
 * @call_id: of the phone's request, whose challenge and answer stay on one route
 * @send: sends the request; called once for each route that is tried
 * @outcome: told once what came of it; it may free the attempt
 * @user_data: for both
 *
 * Returns: (transfer full) (nullable): the attempt, or NULL when there is no way to the PBX; see
 * pbx_refusal()
 */
PbxAttempt *
pbx_attempt_new (
    Pbx *pbx, const gchar *call_id, PbxSendFunc send, PbxOutcomeFunc outcome, gpointer user_data)
{
  PbxAttempt *attempt = g_new0 (PbxAttempt, 1);
  SipFlow *way = pbx_way_for (pbx, call_id);

  attempt->pbx = pbx;
  attempt->call_id = g_strdup (call_id);
  attempt->send = send;
  attempt->outcome = outcome;
  attempt->user_data = user_data;
  if (!way || !take (attempt, way)) {
    pbx_attempt_free (attempt);
    return NULL;
  }
  return attempt;
}

/**
 * pbx_attempt_free:
 * @attempt: (transfer full): an attempt
 */
void
pbx_attempt_free (PbxAttempt *attempt)
{
  deadline_clear (&attempt->patience);
  g_clear_pointer (&attempt->transaction, sip_transaction_free);
  g_clear_pointer (&attempt->way, sip_flow_unref);
  g_free (attempt->call_id);
  g_free (attempt);
}
