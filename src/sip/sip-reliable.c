/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sip-reliable: provisional answers that are reliable from end to end (RFC 3262).
 *
 * The stack numbers and repeats those that we give, and takes their PRACKs. Whoever answers on the
 * other side has numbers of its own: here a PRACK gets the one that it acknowledges there. A plain
 * answer among them would end the repeating, so it waits until all before it are acknowledged; to an
 * INVITE that requires reliable ones it goes as one of our own, whose PRACK we answer.
 */
#include "sip/sip-reliable.h"

#define MAX_UNACKNOWLEDGED 8
#define OURS 0 /* no number of anybody */

typedef struct {
  nta_reliable_t *response;
  guint32 rseq; /* that it had where it came from */
} Number;

struct _SipReliable {
  SipRequest *invite; /* whose owner has us; not owned */
  gboolean required;
  SipPrackFunc func;
  gpointer user_data;
  GArray *numbers; /* Number, of what nobody has acknowledged yet */
  msg_t *plain;    /* nullable: the plain answer that waits */
  guint plain_status;
  const gchar *plain_phrase;
};

/**
 * sip_reliable_new:
 * @invite: an INVITE that supports 100rel; outlives the answers
 * @required: whether it requires that
 * @func: gets the PRACKs
 * @user_data: for @func
 *
 * Returns: (transfer full): what answers it reliably
 */
SipReliable *
sip_reliable_new (SipRequest *invite, gboolean required, SipPrackFunc func, gpointer user_data)
{
  SipReliable *reliable = g_new0 (SipReliable, 1);

  reliable->invite = invite;
  reliable->required = required;
  reliable->func = func;
  reliable->user_data = user_data;
  reliable->numbers = g_array_new (FALSE, FALSE, sizeof (Number));
  return reliable;
}

/**
 * sip_reliable_free:
 * @reliable: (transfer full): it; a PRACK that still comes gets 481
 */
void
sip_reliable_free (SipReliable *reliable)
{
  for (guint i = 0; i < reliable->numbers->len; i++)
    nta_reliable_destroy (g_array_index (reliable->numbers, Number, i).response);
  g_array_unref (reliable->numbers);
  g_clear_pointer (&reliable->plain, msg_destroy);
  g_free (reliable);
}

static guint32
take_number (SipReliable *reliable, nta_reliable_t *response)
{
  guint32 rseq = 0;

  for (guint i = 0; i < reliable->numbers->len; i++) {
    const Number *number = &g_array_index (reliable->numbers, Number, i);

    if (number->response != response)
      continue;
    rseq = number->rseq;
    g_array_remove_index (reliable->numbers, i);
    break;
  }
  nta_reliable_destroy (response);
  return rseq;
}

static int
on_prack (SipReliable *reliable, nta_reliable_t *response, nta_incoming_t *irq, const sip_t *sip)
{
  g_autoptr (SipRequest) prack = NULL;
  guint32 rseq;

  /* Its time is over, which the INVITE's owner is told, or a final answer goes. Then a PRACK may
   * still come for what was sent (RFC 3262 3), as the oldest was for sure; what was not must go, or
   * the stack would send it after the PRACK. */
  if (!irq && response == g_array_index (reliable->numbers, Number, 0).response)
    return 0;
  rseq = take_number (reliable, response);
  if (!irq)
    return 0;
  if (reliable->plain && reliable->numbers->len == 0)
    sip_request_reply_msg (reliable->invite, reliable->plain_status, reliable->plain_phrase,
                           g_steal_pointer (&reliable->plain));
  sip->sip_rack->ra_response = rseq;
  prack = sip_request_new (sip_request_listener (reliable->invite), irq, sip);
  if (rseq == OURS)
    sip_request_reply (prack, SIP_200_OK, TAG_END ());
  else
    reliable->func (prack, reliable->user_data);
  return 0;
}

/**
 * sip_reliable_reply:
 * @reliable: it
 * @status: 101 to 199
 * @phrase: (nullable): the reason phrase
 * @msg: (transfer full): further headers, from sip_request_create_response()
 * @rseq: the number of the answer that this one continues
 *
 * A plain answer that still waits is out of date then.
 */
void
sip_reliable_reply (SipReliable *reliable, guint status, const gchar *phrase, msg_t *msg,
                    guint32 rseq)
{
  Number number = { NULL, rseq };

  g_clear_pointer (&reliable->plain, msg_destroy);
  if (reliable->numbers->len < MAX_UNACKNOWLEDGED)
    number.response = sip_request_reply_prackable (reliable->invite, status, phrase, msg, on_prack,
                                                   reliable);
  else
    msg_destroy (msg);
  if (number.response)
    g_array_append_val (reliable->numbers, number);
}

/**
 * sip_reliable_reply_plain:
 * @reliable: it
 * @status: 101 to 199
 * @phrase: (nullable): the reason phrase
 * @msg: (transfer full): further headers, from sip_request_create_response()
 *
 * Answers without a number, now or when all reliable answers are acknowledged. Of several that wait
 * the last one goes. Where reliable ones are required it is one of them.
 */
void
sip_reliable_reply_plain (SipReliable *reliable, guint status, const gchar *phrase, msg_t *msg)
{
  if (reliable->required) {
    sip_reliable_reply (reliable, status, phrase, msg, OURS);
    return;
  }
  if (reliable->numbers->len == 0) {
    sip_request_reply_msg (reliable->invite, status, phrase, msg);
    return;
  }
  g_clear_pointer (&reliable->plain, msg_destroy);
  reliable->plain = msg;
  reliable->plain_status = status;
  reliable->plain_phrase = phrase ? su_strdup (msg_home (msg), phrase) : NULL;
}
