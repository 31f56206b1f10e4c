/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sip-ack: the ACK of a 2xx (RFC 3261 13.2.2.4).
 *
 * It belongs to no transaction: it is sent and forgotten, but for what it said beside its dialog,
 * which a 2xx that comes again gets again. The stack would keep each for 32 s, a fifth of all that
 * it keeps of a call. It shows us a 2xx that comes again once the INVITE's transaction is freed.
 */
#include "sip/sip-ack.h"

#include "sip/sip-headers.h"

/* The stack insists on the branch of an INVITE for the transaction that it then does not keep. */
#define ANY_BRANCH "z9hG4bK"

static void
add_words (msg_t *msg, const sip_t *ack)
{
  sip_add_tl (msg, sip_object (msg), SIPTAG_AUTHORIZATION (ack->sip_authorization),
              SIPTAG_PROXY_AUTHORIZATION (ack->sip_proxy_authorization),
              SIPTAG_CONTENT_TYPE (ack->sip_content_type),
              SIPTAG_CONTENT_DISPOSITION (ack->sip_content_disposition),
              SIPTAG_CONTENT_ENCODING (ack->sip_content_encoding),
              SIPTAG_PAYLOAD (ack->sip_payload), TAG_END ());
}

static msg_t *
keep_words (SipDialog *dialog, const sip_t *ack)
{
  msg_t *words;

  if (!ack || (!ack->sip_payload && !ack->sip_authorization && !ack->sip_proxy_authorization))
    return NULL;
  words = sip_dialog_create_request (dialog);
  add_words (words, ack);
  return words;
}

static void
transmit (SipDialog *dialog, guint32 cseq, const msg_t *words)
{
  SipFlow *flow = sip_dialog_flow (dialog);
  SipListener *listener = sip_flow_listener (flow);
  msg_t *msg = sip_dialog_create_request (dialog);
  nta_outgoing_t *orq;

  sip_add_tl (msg, sip_object (msg),
              SIPTAG_CSEQ (sip_cseq_create (msg_home (msg), cseq, SIP_METHOD_ACK)), TAG_END ());
  if (words)
    add_words (msg, sip_object (words));
  if (!sip_flow_can_send (flow) || !sip_dialog_complete (dialog, msg, SIP_METHOD_ACK, NULL)) {
    msg_destroy (msg);
    return;
  }
  sip_headers_make_room (msg);
  orq = nta_outgoing_mcreate (listener->agent, NULL, NULL, sip_flow_route (flow), msg,
                              SIP_FLOW_TAGS (flow), NTATAG_STATELESS (1),
                              NTATAG_ACK_BRANCH (ANY_BRANCH), TAG_END ());
  if (orq)
    nta_outgoing_destroy (orq);
  else
    msg_destroy (msg);
  sip_loop_kick (listener->loop);
}

/**
 * sip_ack_send:
 * @dialog: a dialog in which an INVITE of ours was accepted
 * @cseq: the INVITE's sequence number
 * @ack: (nullable): the ACK whose body and credentials go along
 *
 * Acknowledges the 2xx. The INVITE's transaction is to be freed then, for that a 2xx that comes
 * again is acknowledged again.
 */
void
sip_ack_send (SipDialog *dialog, guint32 cseq, const sip_t *ack)
{
  SipAcked *acked = sip_dialog_acked (dialog);

  g_clear_pointer (&acked->words, msg_destroy);
  acked->words = keep_words (dialog, ack);
  acked->cseq = cseq;
  transmit (dialog, cseq, acked->words);
}

/**
 * sip_ack_repeat:
 * @listener: any listener
 * @response: a 2xx to an INVITE, of which no transaction knows
 *
 * Acknowledges it again where it was acknowledged before, in a dialog that there still is.
 */
void
sip_ack_repeat (const SipListener *listener, const sip_t *response)
{
  const gchar *local = response->sip_from->a_tag, *remote = response->sip_to->a_tag;
  SipDialog *dialog =
    local && remote ? sip_dialog_of_peer (listener, response->sip_call_id->i_id, remote) : NULL;
  const SipAcked *acked = dialog ? sip_dialog_acked (dialog) : NULL;
  guint32 cseq = response->sip_cseq->cs_seq;

  if (acked && cseq <= acked->cseq && g_str_equal (local, sip_dialog_local_tag (dialog)))
    transmit (dialog, cseq, cseq == acked->cseq ? acked->words : NULL);
}
