/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * reach: how a phone is found again in the midst of a dialog (RFC 8599 6.2).
 *
 * A phone changes networks and registers anew, so its requests take its newest flow. One that
 * sleeps with a dialog open is woken, and the request waits for it. Each leg with a phone has one.
 */
#include "call/reach.h"

#include "registrar/outbound.h"

struct _Reach {
  PushBucket *bucket;
  Binding *binding; /* as it was when the dialog began */
};

static Binding *
newest (const Reach *reach)
{
  return location_find_token (push_bucket_location (reach->bucket), reach->binding->token);
}

/**
 * reach_new:
 * @bucket: where phones are waited for
 * @binding: the phone
 *
 * Returns: (transfer full): how to find it again
 */
Reach *
reach_new (PushBucket *bucket, Binding *binding)
{
  Reach *reach = g_new (Reach, 1);

  reach->bucket = bucket;
  reach->binding = binding_ref (binding);
  return reach;
}

/**
 * reach_free:
 * @reach: (transfer full): a reach that serves no dialog any more
 */
void
reach_free (Reach *reach)
{
  binding_unref (reach->binding);
  g_free (reach);
}

static SipFlow *
find_flow (SipFlow *flow, gint64 since, gpointer user_data)
{
  Binding *binding = newest (user_data);
  const Binding *open = binding ? outbound_open (binding, NULL) : NULL;

  if (!binding || (binding->registered <= since && sip_flow_is_open (flow)))
    return NULL;
  return open ? open->flow : binding->flow;
}

/**
 * reach_serve:
 * @reach: a reach, which outlives the dialog
 * @dialog: a dialog with its phone, whose requests then take the phone's newest flow that is open
 */
void
reach_serve (Reach *reach, SipDialog *dialog)
{
  sip_dialog_set_way (dialog, find_flow, reach);
}

/**
 * reach_needs_wait:
 * @reach: a reach
 * @dialog: the dialog that it serves
 *
 * Returns: whether the phone is gone and can be woken
 */
gboolean
reach_needs_wait (const Reach *reach, SipDialog *dialog)
{
  const Binding *binding = newest (reach);

  return binding && binding_has_push (binding) && !pn_params_only_rings (binding->push) &&
         !sip_flow_is_open (sip_dialog_flow (dialog));
}

/**
 * reach_wait:
 * @reach: a reach that needs a wait
 * @seconds: how long at most
 * @func: told what happens
 * @user_data: for @func
 *
 * Wakes the phone.
 *
 * Returns: (transfer full): the ticket of the wait
 */
PushTicket *
reach_wait (Reach *reach, guint seconds, PushBucketFunc func, gpointer user_data)
{
  return push_bucket_enter (
    reach->bucket, newest (reach),
    &(PushBucketCall){ .kind = PUSH_KIND_MESSAGE, .seconds = seconds }, func, user_data);
}
