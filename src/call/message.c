/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * message: a request that is no call and opens no dialog, on its way across: MESSAGE (RFC 3428),
 * PUBLISH, OPTIONS, an unsolicited NOTIFY, and what nobody has heard of.
 *
 * The router makes one for each such request. A MESSAGE wakes its phone; other requests find it awake
 * or get 480. Whoever sent it gives up after 32 seconds and gets its answer before that (RFC 4320).
 */
#include "call/message.h"

#include "base/counters.h"
#include "base/deadline.h"
#include "call/dialog-map.h"
#include "call/header-policy.h"
#include "crypto/token.h"
#include "registrar/outbound.h"
#include "sip/sip-inside.h"

#define CALL_ID_BITS 100
#define TAG_BITS 80
#define PATIENCE_SECONDS 25

struct _Message {
  SipRequest *request;
  MessageOptions options;
  MessageOverFunc over_func;
  gpointer user_data;
  GPtrArray *deliveries;
  Deadline *patience;
  Deadline *farewell;
  gboolean started;
};

/* One phone, or the PBX. */
typedef struct {
  Message *message;
  Binding *binding; /* NULL: not a phone of ours */
  SipFlow *flow;    /* on which it is under way; NULL: nobody was reached there */
  SipDialog *dialog;
  SipTransaction *transaction;
  PushTicket *ticket;
  Deadline *direct;
  gboolean failed;
} Delivery;

static void
delivery_free (Delivery *delivery)
{
  deadline_clear (&delivery->direct);
  g_clear_pointer (&delivery->ticket, push_bucket_leave);
  g_clear_pointer (&delivery->transaction, sip_transaction_free);
  g_clear_pointer (&delivery->dialog, sip_dialog_free);
  g_clear_pointer (&delivery->flow, sip_flow_unref);
  g_clear_pointer (&delivery->binding, binding_unref);
  g_free (delivery);
}

static void
on_farewell (gpointer user_data)
{
  Message *message = user_data;

  message->farewell = NULL;
  message->over_func (message, message->user_data);
}

/* What led here still stands on the stack of callbacks. */
static void
end (Message *message)
{
  if (!message->farewell)
    message->farewell = deadline_new (0, on_farewell, message);
}

static void
pass_answer (Message *message, guint status, const sip_t *response)
{
  msg_t *msg = sip_request_create_response (message->request);

  header_policy_copy (msg, response);
  sip_request_reply_msg (message->request, status, response->sip_status->st_phrase, msg);
  end (message);
}

static gboolean
all_failed (const Message *message)
{
  for (guint i = 0; i < message->deliveries->len; i++)
    if (!((const Delivery *) g_ptr_array_index (message->deliveries, i))->failed)
      return FALSE;
  return TRUE;
}

static void
fail (Delivery *delivery, guint status, const sip_t *response)
{
  Message *message = delivery->message;

  delivery->failed = TRUE;
  deadline_clear (&delivery->direct);
  g_clear_pointer (&delivery->ticket, push_bucket_leave);
  if (!message->started || !all_failed (message) || sip_request_is_answered (message->request))
    return;
  if (response) {
    pass_answer (message, status, response);
    return;
  }
  sip_request_reply (message->request, status, NULL, TAG_END ());
  end (message);
}

static gboolean
wakes (const Delivery *delivery)
{
  const PnParams *push = delivery->binding ? delivery->binding->push : NULL;

  return sip_request_method (delivery->message->request) == sip_method_message && push &&
         binding_has_push (delivery->binding) && !pn_params_only_rings (push);
}

static void wake (Delivery *delivery);

static void
on_response (SipTransaction *transaction, guint status, const sip_t *response, gpointer user_data)
{
  Delivery *delivery = user_data;
  const Binding *binding = delivery->binding;

  if (status < 200 || delivery->failed)
    return;
  deadline_clear (&delivery->direct);
  /* A proxy before the phone says that it does not reach it. */
  if (binding && outbound_path (binding) && outbound_is_lost (binding, status))
    response = NULL;
  if (response && status < 300) {
    g_clear_pointer (&delivery->ticket, push_bucket_leave);
    pass_answer (delivery->message, status, response);
  } else if (!response && wakes (delivery)) {
    g_clear_pointer (&delivery->flow, sip_flow_unref);
    if (!delivery->ticket)
      wake (delivery);
  } else {
    fail (delivery, response ? status : binding ? 480 : 503, response);
  }
}

static void
on_request (SipDialog *dialog, SipRequest *request, gpointer user_data)
{
  sip_request_reply (request, SIP_481_NO_TRANSACTION, TAG_END ());
}

static gboolean
send_on (Delivery *delivery, SipFlow *flow, const gchar *target, const gchar *route,
         const gchar *contact_user)
{
  SipRequest *request = delivery->message->request;
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
    .contact_user = contact_user,
  };
  msg_t *msg;

  g_clear_pointer (&delivery->transaction, sip_transaction_free);
  g_clear_pointer (&delivery->dialog, sip_dialog_free);
  g_clear_pointer (&delivery->flow, sip_flow_unref);
  delivery->flow = sip_flow_ref (flow);
  su_home_auto (home, sizeof home);
  if (delivery->binding &&
      g_strcmp0 (sip->sip_to->a_url->url_user, delivery->binding->token) == 0)
    identity.to = sip_to_format (home, "<%s>", delivery->binding->aor);
  delivery->dialog = sip_dialog_new_uac (flow, &identity, on_request, delivery);
  su_home_deinit (home);
  msg = sip_dialog_create_request (delivery->dialog);
  sip_headers_route (msg, route);
  sip_headers_forward (msg, sip);
  header_policy_copy (msg, sip);
  dialog_map_copy (msg, sip, sip_request_listener (request));
  delivery->transaction =
    sip_dialog_send (delivery->dialog, sip_request_method (request),
                     sip_request_method_name (request), target, msg, on_response, delivery);
  return delivery->transaction != NULL;
}

static void
send_to_phone (Delivery *delivery, Binding *binding)
{
  const url_t *from = sip_request_sip (delivery->message->request)->sip_from->a_url;

  if (!send_on (delivery, binding->flow, binding_target (binding), outbound_path (binding),
                from->url_user))
    fail (delivery, 480, NULL);
}

static void
on_bucket (PushTicket *ticket, PushBucketEvent event, Binding *binding, const gchar *reason,
           gpointer user_data)
{
  Delivery *delivery = user_data;

  switch (event) {
  case PUSH_BUCKET_PUSHED:
    break;
  case PUSH_BUCKET_AWAKE:
    if (delivery->flow && sip_flow_equal (delivery->flow, binding->flow) &&
        !outbound_has_moved (delivery->binding, binding))
      break;
    send_to_phone (delivery, binding);
    break;
  case PUSH_BUCKET_REFUSED:
  case PUSH_BUCKET_TIMED_OUT:
    fail (delivery, 480, NULL);
    break;
  }
}

static void
wake (Delivery *delivery)
{
  delivery->ticket = push_bucket_enter (
    delivery->message->options.bucket, delivery->binding,
    &(PushBucketCall){ .kind = PUSH_KIND_MESSAGE, .seconds = PATIENCE_SECONDS }, on_bucket,
    delivery);
}

static void
on_direct_try_over (gpointer user_data)
{
  Delivery *delivery = user_data;

  delivery->direct = NULL;
  if (wakes (delivery)) /* a call's push may have found its token dead meanwhile */
    wake (delivery);
}

static void
on_patience_over (gpointer user_data)
{
  Message *message = user_data;

  message->patience = NULL;
  sip_request_reply (message->request, SIP_480_TEMPORARILY_UNAVAILABLE, TAG_END ());
  end (message);
}

/**
 * message_new:
 * @request: what came in
 * @options: how phones are woken
 * @over: called when it is answered, which then frees the message
 * @user_data: for @over
 *
 * Returns: (transfer full): a message that goes nowhere yet
 */
Message *
message_new (SipRequest *request, const MessageOptions *options, MessageOverFunc over,
             gpointer user_data)
{
  Message *message = g_new0 (Message, 1);

  message->request = sip_request_ref (request);
  message->options = *options;
  message->over_func = over;
  message->user_data = user_data;
  message->deliveries = g_ptr_array_new_with_free_func ((GDestroyNotify) delivery_free);
  counters_inc (COUNTER_MESSAGES_OPEN);
  message->patience = deadline_new (PATIENCE_SECONDS * 1000, on_patience_over, message);
  return message;
}

/**
 * message_free:
 * @message: (transfer full): a message; where it is not answered yet it gets 480
 */
void
message_free (Message *message)
{
  deadline_clear (&message->patience);
  deadline_clear (&message->farewell);
  g_ptr_array_unref (message->deliveries);
  if (!sip_request_is_answered (message->request))
    sip_request_reply (message->request, SIP_480_TEMPORARILY_UNAVAILABLE, TAG_END ());
  sip_request_unref (message->request);
  counters_dec (COUNTER_MESSAGES_OPEN);
  g_free (message);
}

static Delivery *
delivery_new (Message *message)
{
  Delivery *delivery = g_new0 (Delivery, 1);

  delivery->message = message;
  g_ptr_array_add (message->deliveries, delivery);
  return delivery;
}

/**
 * message_add_phone:
 * @message: a new message
 * @binding: a phone that shall get it
 */
void
message_add_phone (Message *message, Binding *binding)
{
  Delivery *delivery = delivery_new (message);
  Binding *open = outbound_open (binding, NULL);

  delivery->binding = binding_ref (binding);
  if (open) {
    send_to_phone (delivery, open);
    if (wakes (delivery) && !delivery->failed)
      delivery->direct = deadline_new (message->options.direct_try_ms, on_direct_try_over,
                                       delivery);
  } else if (wakes (delivery)) {
    wake (delivery);
  } else {
    fail (delivery, 480, NULL);
  }
}

/**
 * message_add_way:
 * @message: a new message
 * @way: the way to the PBX
 * @target: the Request-URI
 * @contact_user: (nullable): the user part of our Contact toward it
 */
void
message_add_way (Message *message, SipFlow *way, const gchar *target,
                 const gchar *contact_user)
{
  if (!send_on (delivery_new (message), way, target, NULL, contact_user))
    fail (g_ptr_array_index (message->deliveries, message->deliveries->len - 1), 503, NULL);
}

/**
 * message_start:
 * @message: a message that is on its way to all who shall get it
 *
 * The first who takes it answers it.
 */
void
message_start (Message *message)
{
  message->started = TRUE;
  if (!all_failed (message))
    return;
  sip_request_reply (message->request, SIP_480_TEMPORARILY_UNAVAILABLE, TAG_END ());
  end (message);
}
