/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * errands: requests that are no calls: messages and subscriptions that are under way.
 *
 * The router hands it what is neither a call nor a registration.
 */
#include "call/errands.h"

#include "base/counters.h"
#include "registrar/outbound.h"
#include "sip/sip-headers.h"

#define MAX_MESSAGES 10000
#define MAX_SUBSCRIPTIONS 100000

struct _Errands {
  PushBucket *bucket;
  CallLog *log;
  guint direct_try_ms;
  GHashTable *messages;
  GHashTable *subscriptions;
};

static void
refuse_for_many (SipRequest *request)
{
  counters_inc (COUNTER_REQUESTS_OVER_LIMIT);
  sip_request_reply (request, SIP_503_SERVICE_UNAVAILABLE, SIPTAG_RETRY_AFTER_STR ("30"),
                     TAG_END ());
}

static void
on_message_over (Message *message, gpointer user_data)
{
  Errands *errands = user_data;

  g_hash_table_remove (errands->messages, message);
}

static Message *
open_message (Errands *errands, SipRequest *request)
{
  MessageOptions options = { errands->bucket, errands->direct_try_ms };
  Message *message;

  if (g_hash_table_size (errands->messages) >= MAX_MESSAGES) {
    refuse_for_many (request);
    return NULL;
  }
  message = message_new (request, &options, on_message_over, errands);
  g_hash_table_add (errands->messages, message);
  return message;
}

static void
on_subscription_over (Subscription *subscription, gpointer user_data)
{
  Errands *errands = user_data;

  g_hash_table_remove (errands->subscriptions, subscription);
}

static Reach *
reach_of (Errands *errands, Binding *phone)
{
  return phone ? reach_new (errands->bucket, phone) : NULL;
}

static void
subscribe (Errands *errands, SipRequest *request, const gchar *user, Binding *subscriber,
           Binding *notifier, const SubscriptionPeer *peer)
{
  Subscription *subscription;

  if (g_hash_table_size (errands->subscriptions) >= MAX_SUBSCRIPTIONS) {
    refuse_for_many (request);
    return;
  }
  subscription = subscription_new (request, user, errands->log, on_subscription_over, errands);
  g_hash_table_add (errands->subscriptions, subscription);
  subscription_set_reach (subscription, reach_of (errands, subscriber),
                          reach_of (errands, notifier));
  if (!subscription_start (subscription, peer))
    g_hash_table_remove (errands->subscriptions, subscription);
}

static gboolean
opens_dialog (SipRequest *request)
{
  return sip_request_method (request) == sip_method_subscribe ||
         sip_request_method (request) == sip_method_refer;
}

/* Of several phones one that is awake; of those the one that came last. */
static Binding *
awake_phone (const GPtrArray *phones)
{
  Binding *best = NULL;

  for (guint i = 0; i < phones->len; i++) {
    Binding *open = outbound_open (g_ptr_array_index (phones, i), NULL);

    if (open && (!best || open->registered > best->registered))
      best = open;
  }
  return best;
}

static void
subscribe_to_phone (Errands *errands, SipRequest *request, const GPtrArray *phones)
{
  Binding *phone = awake_phone (phones);
  g_autofree gchar *to = NULL;

  if (!phone) {
    sip_request_reply (request, SIP_480_TEMPORARILY_UNAVAILABLE, TAG_END ());
    return;
  }
  to = g_strdup_printf ("<%s>", phone->aor);
  subscribe (errands, request, phone->token, NULL, phone,
             &(SubscriptionPeer){ phone->flow, binding_target (phone), outbound_path (phone), to,
                                  sip_request_sip (request)->sip_from->a_url->url_user });
}

/**
 * errands_to_phones:
 * @errands: the errands
 * @request: a request from a PBX
 * @phones: (element-type Binding): whom it is for
 */
void
errands_to_phones (Errands *errands, SipRequest *request, const GPtrArray *phones)
{
  Message *message;

  if (opens_dialog (request)) {
    subscribe_to_phone (errands, request, phones);
    return;
  }
  message = open_message (errands, request);
  if (!message)
    return;
  for (guint i = 0; i < phones->len; i++)
    message_add_phone (message, g_ptr_array_index (phones, i));
  message_start (message);
}

/**
 * errands_to_pbx:
 * @errands: the errands
 * @request: a request from a phone
 * @phone: (nullable): its binding, if it is registered
 * @way: the way to its PBX
 * @contact_user: (nullable): the user part of our Contact toward that
 *
 * The Request-URI stays what the phone wrote, since its digest covers it.
 */
void
errands_to_pbx (Errands *errands, SipRequest *request, Binding *phone, SipFlow *way,
                const gchar *contact_user)
{
  const url_t *uri = sip_request_sip (request)->sip_request->rq_url;
  g_autofree gchar *target = sip_headers_uri_text (uri);
  Message *message;

  if (opens_dialog (request)) {
    subscribe (errands, request, uri->url_user, phone, NULL,
               &(SubscriptionPeer){ way, target, NULL, NULL, contact_user });
    return;
  }
  message = open_message (errands, request);
  if (!message)
    return;
  message_add_way (message, way, target, contact_user);
  message_start (message);
}

/**
 * errands_new:
 * @bucket: where phones are waited for
 * @log: the calls that are and were, which outlives the errands
 *
 * Returns: (transfer full): no errands
 */
Errands *
errands_new (PushBucket *bucket, CallLog *log)
{
  Errands *errands = g_new0 (Errands, 1);

  errands->bucket = bucket;
  errands->log = log;
  errands->messages = g_hash_table_new_full (NULL, NULL, (GDestroyNotify) message_free, NULL);
  errands->subscriptions =
    g_hash_table_new_full (NULL, NULL, (GDestroyNotify) subscription_free, NULL);
  return errands;
}

/**
 * errands_free:
 * @errands: (transfer full): all errands; what is not answered yet gets 480
 */
void
errands_free (Errands *errands)
{
  g_hash_table_unref (errands->messages);
  g_hash_table_unref (errands->subscriptions);
  g_free (errands);
}

/**
 * errands_set_direct_try:
 * @errands: the errands
 * @milliseconds: how long a phone that seems to be awake may stay without an answer
 */
void
errands_set_direct_try (Errands *errands, guint milliseconds)
{
  errands->direct_try_ms = milliseconds;
}
