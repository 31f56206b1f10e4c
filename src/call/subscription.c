/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * subscription: two dialogs that a SUBSCRIBE or a REFER outside of a call opens, and the NOTIFYs that
 * cross between them (RFC 6665, RFC 3515).
 *
 * The router makes one for each. It lives as long as the notifier said, or until a NOTIFY says
 * that it is over; a NOTIFY for a phone that sleeps gets 480, and the subscription stays.
 */
#include "call/subscription.h"

#include "base/counters.h"
#include "base/deadline.h"
#include "call/bridge.h"
#include "call/call-names.h"
#include "call/dialog-map.h"
#include "call/header-policy.h"
#include "crypto/token.h"
#include "sip/sip-inside.h"

#define CALL_ID_BITS 100
#define TAG_BITS 80
#define LAST_WORDS_MS 33000  /* 64*T1, and a little: nothing is repeated later */
#define REFER_SECONDS 180
#define MAX_SECONDS 86400

struct _Subscription {
  SipRequest *request;
  CallLog *log;
  SipDialog *subscriber;
  SipDialog *notifier;
  Reach *subscriber_reach;
  Reach *notifier_reach;
  SipTransaction *transaction;
  Bridge *bridge;
  Deadline *end;
  SubscriptionOverFunc over_func;
  gpointer user_data;
};

static void
on_end (gpointer user_data)
{
  Subscription *subscription = user_data;

  subscription->end = NULL;
  subscription->over_func (subscription, subscription->user_data);
}

static void
live_for (Subscription *subscription, guint milliseconds)
{
  deadline_clear (&subscription->end);
  subscription->end = deadline_new (milliseconds, on_end, subscription);
}

static void
live_on (Subscription *subscription, gint64 seconds)
{
  live_for (subscription, (guint) CLAMP (seconds, 0, MAX_SECONDS) * 1000 + LAST_WORDS_MS);
}

/* What the notifier says about the time that is left. */
static void
read_state (Subscription *subscription, const sip_t *notify)
{
  const sip_subscription_state_t *state = notify->sip_subscription_state;

  if (!state)
    return;
  if (g_ascii_strcasecmp (state->ss_substate, "terminated") == 0)
    live_for (subscription, LAST_WORDS_MS);
  else if (state->ss_expires)
    live_on (subscription, g_ascii_strtoll (state->ss_expires, NULL, 10));
}

static gboolean
is_asleep (SipDialog *dialog)
{
  return !sip_flow_is_open (sip_dialog_flow (dialog));
}

static void
cross (Subscription *subscription, SipDialog *from, SipRequest *request)
{
  call_names_translate (subscription->log, request);
  bridge_take (subscription->bridge, from, request);
}

static void
on_request (SipDialog *dialog, SipRequest *request, gpointer user_data)
{
  Subscription *subscription = user_data;
  SipDialog *to =
    dialog == subscription->notifier ? subscription->subscriber : subscription->notifier;
  const sip_t *sip = sip_request_sip (request);

  if (sip_request_method (request) == sip_method_ack)
    return;
  /* A NOTIFY may overtake the answer to the SUBSCRIBE, and then is what opens the dialog. */
  if (dialog == subscription->notifier && !sip_dialog_remote_tag (dialog))
    sip_dialog_establish_by_request (dialog, sip);
  if (sip_request_method (request) == sip_method_notify)
    read_state (subscription, sip);
  else if (sip_request_method (request) == sip_method_subscribe && sip->sip_expires)
    live_on (subscription, sip->sip_expires->ex_delta);
  if (!sip_dialog_remote_tag (to))
    sip_request_reply (request, SIP_500_INTERNAL_SERVER_ERROR, SIPTAG_RETRY_AFTER_STR ("2"),
                       TAG_END ());
  else if (is_asleep (to))
    sip_request_reply (request, SIP_480_TEMPORARILY_UNAVAILABLE, TAG_END ());
  else
    cross (subscription, dialog, request);
}

static void
on_response (SipTransaction *transaction, guint status, const sip_t *response, gpointer user_data)
{
  Subscription *subscription = user_data;
  msg_t *msg;

  if (status < 200)
    return;
  if (!response) {
    sip_request_reply (subscription->request, status == 408 ? 504 : 503, NULL, TAG_END ());
    live_for (subscription, 0);
    return;
  }
  msg = sip_request_create_response (subscription->request);
  header_policy_copy (msg, response);
  if (status < 300) {
    sip_dialog_establish (subscription->notifier, response);
    sip_dialog_add_contact (subscription->subscriber, msg);
    live_on (subscription, response->sip_expires ? (gint64) response->sip_expires->ex_delta
                                                 : REFER_SECONDS);
  } else {
    live_for (subscription, 0);
  }
  sip_request_reply_msg (subscription->request, status, response->sip_status->st_phrase, msg);
}

/**
 * subscription_new:
 * @request: a SUBSCRIBE or REFER outside of a dialog
 * @contact_user: (nullable): the user part of our Contact toward its sender
 * @log: the calls that are and were, which outlives the subscription
 * @over: called when the subscription is over, which then frees it
 * @user_data: for @over
 *
 * Returns: (transfer full): a subscription that goes nowhere yet
 */
Subscription *
subscription_new (SipRequest *request, const gchar *contact_user, CallLog *log,
                  SubscriptionOverFunc over, gpointer user_data)
{
  Subscription *subscription = g_new0 (Subscription, 1);

  subscription->request = sip_request_ref (request);
  subscription->log = log;
  subscription->over_func = over;
  subscription->user_data = user_data;
  subscription->subscriber = sip_dialog_new_uas (request, contact_user, on_request, subscription);
  sip_request_set_tag (request, sip_dialog_local_tag (subscription->subscriber));
  counters_inc (COUNTER_SUBSCRIPTIONS_OPEN);
  return subscription;
}

/**
 * subscription_free:
 * @subscription: (transfer full): a subscription
 */
void
subscription_free (Subscription *subscription)
{
  deadline_clear (&subscription->end);
  g_clear_pointer (&subscription->bridge, bridge_free);
  g_clear_pointer (&subscription->transaction, sip_transaction_free);
  if (!sip_request_is_answered (subscription->request))
    sip_request_reply (subscription->request, SIP_480_TEMPORARILY_UNAVAILABLE, TAG_END ());
  g_clear_pointer (&subscription->notifier, sip_dialog_free);
  sip_dialog_free (subscription->subscriber);
  g_clear_pointer (&subscription->subscriber_reach, reach_free);
  g_clear_pointer (&subscription->notifier_reach, reach_free);
  sip_request_unref (subscription->request);
  counters_dec (COUNTER_SUBSCRIPTIONS_OPEN);
  g_free (subscription);
}

/**
 * subscription_set_reach:
 * @subscription: a new subscription
 * @subscriber: (transfer full) (nullable): how its sender is found again
 * @notifier: (transfer full) (nullable): how the other side is
 */
void
subscription_set_reach (Subscription *subscription, Reach *subscriber, Reach *notifier)
{
  subscription->subscriber_reach = subscriber;
  subscription->notifier_reach = notifier;
  if (subscriber)
    reach_serve (subscriber, subscription->subscriber);
}

/**
 * subscription_start:
 * @subscription: a new subscription
 * @peer: where it goes
 *
 * Returns: whether the request was sent
 */
gboolean
subscription_start (Subscription *subscription, const SubscriptionPeer *peer)
{
  SipRequest *request = subscription->request;
  const sip_t *sip = sip_request_sip (request);
  g_autofree gchar *call_id = token_random (CALL_ID_BITS);
  g_autofree gchar *tag = token_random (TAG_BITS);
  su_home_t home[SCRATCH_HOME];
  SipDialogIdentity identity = {
    .from = sip->sip_from,
    .to = sip->sip_to,
    .call_id = call_id,
    .tag = tag,
    .cseq = sip->sip_cseq->cs_seq,
    .contact_user = peer->contact_user,
  };
  msg_t *msg;

  su_home_auto (home, sizeof home);
  if (peer->to)
    identity.to = sip_to_make (home, peer->to);
  subscription->notifier = sip_dialog_new_uac (peer->way, &identity, on_request, subscription);
  su_home_deinit (home);
  if (subscription->notifier_reach)
    reach_serve (subscription->notifier_reach, subscription->notifier);
  subscription->bridge = bridge_new (&(BridgeEnd){ subscription->subscriber, NULL, 0 },
                                     &(BridgeEnd){ subscription->notifier, NULL, 0 }, NULL,
                                     MEDIA_PHONE, NULL);
  msg = sip_dialog_create_request (subscription->notifier);
  sip_headers_route (msg, peer->route);
  sip_headers_forward (msg, sip);
  header_policy_copy (msg, sip);
  dialog_map_copy (msg, sip, sip_request_listener (request));
  subscription->transaction =
    sip_dialog_send (subscription->notifier, sip_request_method (request),
                     sip_request_method_name (request), peer->target, msg, on_response,
                     subscription);
  live_for (subscription, LAST_WORDS_MS);
  return subscription->transaction != NULL;
}
