/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sip-request: a request that came in, and its one final answer.
 *
 * Whoever holds it may answer; the first final answer counts and later ones are ignored and logged.
 * One that is let go unanswered gets 500, so that nobody waits for ever.
 */
#include "sip/sip-request.h"

#include "base/counters.h"
#include "base/deadline.h"
#include "base/log.h"
#include "sip/sip-headers.h"
#include "sip/sip-map.h"

#include <netinet/in.h>

#define REMINDER_MS 60000

struct _SipRequest {
  guint refs;
  SipListener *listener;
  nta_incoming_t *irq;
  msg_t *msg;
  const sip_t *sip;
  SipFlow *flow;
  guint answer;
  Deadline *reminder; /* while an INVITE waits for its final answer */
  msg_t *early; /* nullable: its last answer, where that went past the stack's transaction */
  SipRequestFunc func;
  gpointer user_data;
};

static int
on_ack_or_cancel (SipRequest *request, nta_incoming_t *irq, const sip_t *sip)
{
  g_autoptr (SipRequest) self = sip_request_ref (request);
  SipRequestEvent event;

  if (!self->func)
    return 0;
  if (!sip)
    event = SIP_REQUEST_NO_ACK;
  else if (sip->sip_request && sip->sip_request->rq_method == sip_method_cancel)
    event = SIP_REQUEST_CANCELLED;
  else
    event = SIP_REQUEST_ACKED;
  self->func (self, event, sip, self->user_data);
  return 0;
}

/**
 * sip_request_new:
 * @listener: by which it came in
 * @irq: (transfer full): its transaction
 * @sip: its headers, alive as long as @irq
 *
 * Returns: (transfer full): the request
 */
SipRequest *
sip_request_new (SipListener *listener, nta_incoming_t *irq, const sip_t *sip)
{
  SipRequest *request = g_new0 (SipRequest, 1);

  request->refs = 1;
  request->listener = listener;
  request->irq = irq;
  request->msg = nta_incoming_getrequest (irq);
  request->sip = sip;
  counters_inc (COUNTER_TRANSACTIONS_OPEN);
  counters_inc (COUNTER_REQUESTS_RECEIVED);
  if (sip_request_method (request) == sip_method_invite)
    nta_incoming_bind (irq, on_ack_or_cancel, request);
  return request;
}

/**
 * sip_request_ref:
 * @request: a request
 *
 * Returns: (transfer full): @request
 */
SipRequest *
sip_request_ref (SipRequest *request)
{
  request->refs++;
  return request;
}

/**
 * sip_request_unref:
 * @request: (transfer full): a request
 */
void
sip_request_unref (SipRequest *request)
{
  if (request->refs == 1 && !sip_request_is_answered (request) &&
      sip_request_method (request) != sip_method_ack) {
    log_error (LOG_NONE, "nobody answered a %s; it gets 500", sip_request_method_name (request));
    sip_request_reply (request, SIP_500_INTERNAL_SERVER_ERROR, TAG_END ());
  }
  if (--request->refs > 0)
    return;
  deadline_clear (&request->reminder);
  g_clear_pointer (&request->early, msg_destroy);
  nta_incoming_bind (request->irq, NULL, NULL);
  nta_incoming_destroy (request->irq);
  msg_destroy (request->msg);
  g_clear_pointer (&request->flow, sip_flow_unref);
  sip_loop_kick (request->listener->loop);
  counters_dec (COUNTER_TRANSACTIONS_OPEN);
  g_free (request);
}

/**
 * sip_request_sip:
 * @request: a request
 *
 * Returns: (transfer none): its headers
 */
const sip_t *
sip_request_sip (SipRequest *request)
{
  return request->sip;
}

/**
 * sip_request_msg:
 * @request: a request
 *
 * Returns: (transfer full): it as a message, which then outlives it
 */
msg_t *
sip_request_msg (SipRequest *request)
{
  return msg_ref_create (request->msg);
}

/**
 * sip_request_ack:
 * @request: an INVITE of which %SIP_REQUEST_ACKED is being told
 *
 * Returns: (transfer full): the ACK
 */
msg_t *
sip_request_ack (SipRequest *request)
{
  return nta_incoming_getrequest_ackcancel (request->irq);
}

/**
 * sip_request_method:
 * @request: a request
 *
 * Returns: its method; sip_method_unknown for one that the stack does not know
 */
sip_method_t
sip_request_method (SipRequest *request)
{
  return request->sip->sip_request->rq_method;
}

/**
 * sip_request_method_name:
 * @request: a request
 *
 * Returns: (transfer none): the name of its method
 */
const gchar *
sip_request_method_name (SipRequest *request)
{
  return request->sip->sip_request->rq_method_name;
}

/**
 * sip_request_listener:
 * @request: a request
 *
 * Returns: (transfer none): the listener by which it came in
 */
SipListener *
sip_request_listener (SipRequest *request)
{
  return request->listener;
}

/**
 * sip_request_source:
 * @request: a request
 *
 * Returns: (transfer full): the address that it came from, as the network saw it
 */
GInetAddress *
sip_request_source (SipRequest *request)
{
  const su_sockaddr_t *source = msg_addr (request->msg);
  SipEdgePeer peer;

  if (sip_edge_identify (request->listener->edge, source, &peer))
    return g_inet_address_new_from_string (peer.address);
  return g_inet_address_new_from_bytes ((const guint8 *) SU_ADDR (source),
                                        source->su_family == AF_INET6 ? G_SOCKET_FAMILY_IPV6
                                                                      : G_SOCKET_FAMILY_IPV4);
}

/**
 * sip_request_flow:
 * @request: a request
 *
 * Returns: (transfer none): the flow that it came on
 */
SipFlow *
sip_request_flow (SipRequest *request)
{
  if (!request->flow)
    request->flow = sip_flow_from_request (request->listener, request->irq);
  return request->flow;
}

/**
 * sip_request_set_tag:
 * @request: a request
 * @tag: the To tag of each answer to come
 */
void
sip_request_set_tag (SipRequest *request, const gchar *tag)
{
  nta_incoming_tag (request->irq, tag);
}

/**
 * sip_request_set_in_reply_to:
 * @request: a request
 * @call_ids: what its In-Reply-To says from here on
 */
void
sip_request_set_in_reply_to (SipRequest *request, const gchar *call_ids)
{
  sip_t *sip = sip_object (request->msg);

  while (sip->sip_in_reply_to)
    sip_header_remove (request->msg, sip, (sip_header_t *) sip->sip_in_reply_to);
  sip_add_tl (request->msg, sip, SIPTAG_IN_REPLY_TO_STR (call_ids), TAG_END ());
  msg_serialize (request->msg, msg_object (request->msg)); /* else the new one stands nowhere */
}

/**
 * sip_request_watch:
 * @request: an INVITE
 * @func: (nullable): told of ACK, CANCEL and a missing ACK; NULL to be told no more
 * @user_data: for @func
 */
void
sip_request_watch (SipRequest *request, SipRequestFunc func, gpointer user_data)
{
  request->func = func;
  request->user_data = user_data;
}

/**
 * sip_request_is_answered:
 * @request: a request
 *
 * Returns: whether its final answer was sent
 */
gboolean
sip_request_is_answered (SipRequest *request)
{
  return request->answer >= 200;
}

static void
send_early (SipRequest *request, msg_t *msg, guint status, const gchar *phrase)
{
  nta_agent_t *agent = request->listener->agent;
  tport_t *tport = nta_incoming_transport (agent, request->irq, NULL);

  if (tport)
    nta_msg_mreply (agent, msg, sip_object (msg), (int) status, phrase, msg_ref (request->msg),
                    NTATAG_TPORT (tport), TAG_END ());
  else
    msg_destroy (msg);
  tport_unref (tport);
}

/*
 * The last provisional answer is repeated each minute (RFC 3261 13.3.1.1), unless it was
 * acknowledged. The stack would do it, but it keeps such timers in one list, through which it goes
 * from its beginning for each of them: with 5000 calls that wait this took more than all the rest.
 */
static void
remind (gpointer user_data)
{
  SipRequest *request = user_data;
  msg_t *last = nta_incoming_getresponse (request->irq);
  const sip_t *sip = sip_object (last);

  request->reminder = deadline_new (REMINDER_MS, remind, request);
  if (sip && sip->sip_status->st_status < 200 && !sip->sip_rseq) {
    msg_t *again = msg_dup (request->early ? request->early : last);

    sip_headers_make_room (again);
    if (request->early)
      send_early (request, again, request->answer, NULL);
    else
      nta_incoming_mreply (request->irq, again);
  }
  msg_destroy (last);
  sip_loop_kick (request->listener->loop);
}

static gboolean
take_answer (SipRequest *request, guint status)
{
  if (sip_request_is_answered (request)) {
    log_debug (LOG_NONE, "%s was answered %u; %u comes too late",
               sip_request_method_name (request), request->answer, status);
    return FALSE;
  }
  request->answer = status;
  deadline_clear (&request->reminder);
  g_clear_pointer (&request->early, msg_destroy);
  if (status > 100 && status < 200 && sip_request_method (request) == sip_method_invite)
    request->reminder = deadline_new (REMINDER_MS, remind, request);
  sip_loop_kick (request->listener->loop);
  return TRUE;
}

/**
 * sip_request_reply:
 * @request: a request
 * @status: the status code
 * @phrase: (nullable): the reason phrase; NULL for the usual one
 * @tag: headers as tags, up to TAG_END()
 * @value: the first tag's value
 * @...: further tags
 */
void
sip_request_reply (SipRequest *request, guint status, const gchar *phrase, tag_type_t tag,
                   tag_value_t value, ...)
{
  msg_t *msg = sip_request_create_response (request);
  ta_list ta;

  ta_start (ta, tag, value);
  sip_add_tl (msg, sip_object (msg), ta_tags (ta));
  ta_end (ta);
  sip_request_reply_msg (request, status, phrase, msg);
}

/**
 * sip_request_create_response:
 * @request: a request
 *
 * Returns: (transfer full): an empty message for sip_request_reply_msg()
 */
msg_t *
sip_request_create_response (SipRequest *request)
{
  /* Without status: given one here, the stack would write an answer without To tag. */
  msg_t *msg = nta_incoming_create_response (request->irq, 0, NULL);

  sip_headers_make_room (msg); /* early, since headers that find no room take but what they need */
  return msg;
}

/**
 * sip_request_reply_prackable:
 * @request: an INVITE that supports 100rel
 * @status: 101 to 199
 * @phrase: (nullable): the reason phrase
 * @msg: (transfer full): what sip_request_create_response() gave, with further headers
 * @func: gets the PRACK (RFC 3262); for sip-reliable
 * @magic: for @func
 *
 * Returns: (nullable): the answer, which the stack repeats until it is acknowledged
 */
nta_reliable_t *
sip_request_reply_prackable (SipRequest *request, guint status, const gchar *phrase, msg_t *msg,
                             nta_prack_f *func, struct _SipReliable *magic)
{
  if (!take_answer (request, status)) {
    msg_destroy (msg);
    return NULL;
  }
  nta_incoming_complete_response (request->irq, msg, (int) status,
                                  su_strdup (msg_home (msg),
                                             phrase ? phrase : sip_map_phrase (status)),
                                  TAG_END ());
  return nta_reliable_mreply (request->irq, func, magic, msg);
}

/**
 * sip_request_reply_msg:
 * @request: a request
 * @status: the status code
 * @phrase: (nullable): the reason phrase; NULL for the usual one
 * @msg: (transfer full): further headers and the body
 */
void
sip_request_reply_msg (SipRequest *request, guint status, const gchar *phrase, msg_t *msg)
{
  if (!take_answer (request, status)) {
    msg_destroy (msg);
    return;
  }
  /* The stack keeps the pointer, and an answer that waits for a PRACK longer than we do. */
  nta_incoming_complete_response (request->irq, msg, (int) status,
                                  su_strdup (msg_home (msg),
                                             phrase ? phrase : sip_map_phrase (status)),
                                  TAG_END ());
  nta_incoming_mreply (request->irq, msg);
}

/**
 * sip_request_reply_early:
 * @request: an INVITE that may open several early dialogs; it has no tag yet
 * @status: 101 to 199
 * @phrase: (nullable): the reason phrase
 * @msg: (transfer full): what sip_request_create_response() gave, with further headers
 * @tag: our tag in the early dialog that this answer is about
 *
 * The stack's transaction has one tag for all its answers, by which it knows the ACK: that of the
 * final one. So these go past it.
 */
void
sip_request_reply_early (SipRequest *request, guint status, const gchar *phrase, msg_t *msg,
                         const gchar *tag)
{
  if (!take_answer (request, status)) {
    msg_destroy (msg);
    return;
  }
  sip_to_tag (msg_home (msg), sip_object (msg)->sip_to, tag);
  request->early = msg_ref (msg);
  /* The stack keeps the pointer, and we the answer. */
  send_early (request, msg, status,
              su_strdup (msg_home (msg), phrase ? phrase : sip_map_phrase (status)));
}
