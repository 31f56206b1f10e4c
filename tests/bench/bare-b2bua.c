/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bare-b2bua: the same calls by a B2BUA that does nothing but what any on this stack must do.
 *
 * bench-calls lets it take turns with the daemon. It has the daemon's loop and settings of the
 * stack, copies headers between two legs and frees legs and transactions when the daemon does; it
 * knows no phones, pushes, records or log, and trusts who talks to it.
 */
#include "sip/sip-headers.h"
#include "sip/sip-loop.h"

#include <stdlib.h>

typedef struct _Call Call;

typedef struct {
  Call *call;
  nta_leg_t *leg;
} Side;

struct _Call {
  Side caller;
  Side called;
  gboolean over;
};

/* A request that is passed on, until its answer was; an INVITE until its ACK was. */
typedef struct {
  Side *from;
  Side *to;
  nta_incoming_t *irq;
  nta_outgoing_t *orq;
} Passage;

static nta_agent_t *agent;
static url_string_t *target;

static Side *
other_side (Side *side)
{
  return side == &side->call->caller ? &side->call->called : &side->call->caller;
}

static void
call_clear (gpointer data)
{
  Call *call = data;

  nta_leg_destroy (call->caller.leg);
  nta_leg_destroy (call->called.leg);
}

/* What is still being passed on holds it. */
static void
call_end (Call *call)
{
  if (call->over)
    return;
  call->over = TRUE;
  g_rc_box_release_full (call, call_clear);
}

static void
passage_free (Passage *passage)
{
  nta_incoming_bind (passage->irq, NULL, NULL);
  nta_incoming_destroy (passage->irq);
  nta_outgoing_bind (passage->orq, NULL, NULL);
  nta_outgoing_destroy (passage->orq);
  g_rc_box_release_full (passage->from->call, call_clear);
  g_free (passage);
}

static gboolean
stays_behind (const sip_header_t *header, gpointer unused)
{
  return sip_headers_belong_to_hop (header);
}

static void
copy_headers (msg_t *msg, const sip_t *source)
{
  sip_headers_copy (msg, source, stays_behind, NULL);
  if (source->sip_contact)
    sip_add_dup (msg, sip_object (msg), (const sip_header_t *) nta_agent_contact (agent));
}

static void
acknowledge (Side *side, guint32 cseq, const sip_t *ack)
{
  msg_t *msg = nta_msg_create (agent, 0);
  sip_t *sip = sip_object (msg);

  sip_add_tl (msg, sip, SIPTAG_CSEQ (sip_cseq_create (msg_home (msg), cseq, SIP_METHOD_ACK)),
              TAG_IF (ack, SIPTAG_CONTENT_TYPE (ack ? ack->sip_content_type : NULL)),
              TAG_IF (ack, SIPTAG_PAYLOAD (ack ? ack->sip_payload : NULL)), TAG_END ());
  g_assert_cmpint (nta_msg_request_complete (msg, side->leg, SIP_METHOD_ACK, NULL), >=, 0);
  sip_headers_make_room (msg);
  nta_msg_tsend (agent, msg, NULL, NTATAG_ACK_BRANCH ("z9hG4bK"), TAG_END ());
}

static int
on_ack_or_cancel (nta_incoming_magic_t *magic, nta_incoming_t *irq, const sip_t *sip)
{
  Passage *passage = (gpointer) magic;

  if (sip && sip->sip_request->rq_method == sip_method_cancel) {
    nta_outgoing_cancel (passage->orq);
    return 0;
  }
  if (sip && nta_outgoing_status (passage->orq) / 100 == 2)
    acknowledge (passage->to, nta_outgoing_cseq (passage->orq), sip);
  else
    call_end (passage->from->call);
  passage_free (passage);
  return 0;
}

static void
pass_answer (Passage *passage, guint status, const sip_t *sip)
{
  msg_t *msg;

  if (!sip) {
    nta_incoming_treply (passage->irq, (int) status, NULL, TAG_END ());
    return;
  }
  msg = nta_incoming_create_response (passage->irq, 0, NULL);
  copy_headers (msg, sip);
  nta_incoming_complete_response (passage->irq, msg, (int) status,
                                  su_strdup (msg_home (msg), sip->sip_status->st_phrase),
                                  TAG_END ());
  sip_headers_make_room (msg);
  nta_incoming_mreply (passage->irq, msg);
}

static int
on_answer (nta_outgoing_magic_t *magic, nta_outgoing_t *orq, const sip_t *sip)
{
  Passage *passage = (gpointer) magic;
  Side *to = passage->to;
  guint status = (guint) nta_outgoing_status (orq);
  sip_method_t method = nta_outgoing_method (orq);
  gboolean is_first = method == sip_method_invite && to == &to->call->called;

  if (sip && is_first && status < 300 && sip->sip_to->a_tag) {
    if (!nta_leg_get_rtag (to->leg))
      nta_leg_rtag (to->leg, sip->sip_to->a_tag);
    nta_leg_client_route (to->leg, sip->sip_record_route, sip->sip_contact);
  }
  pass_answer (passage, status, sip);
  if (status < 200 || (method == sip_method_invite && status < 300))
    return 0;
  if (is_first || method == sip_method_bye)
    call_end (to->call);
  passage_free (passage);
  return 0;
}

static void
pass_request (Side *from, nta_incoming_t *irq, const sip_t *sip, url_string_t *first_target)
{
  const sip_request_t *request = sip->sip_request;
  Passage *passage = g_new0 (Passage, 1);
  msg_t *msg = nta_msg_create (agent, 0);

  g_rc_box_acquire (from->call);
  passage->from = from;
  passage->to = other_side (from);
  passage->irq = irq;
  nta_incoming_bind (irq, on_ack_or_cancel, (gpointer) passage);
  copy_headers (msg, sip);
  sip_headers_forward (msg, sip);
  g_assert_cmpint (nta_msg_request_complete (msg, passage->to->leg, request->rq_method,
                                             request->rq_method_name, first_target), >=, 0);
  sip_headers_make_room (msg);
  passage->orq = nta_outgoing_mcreate (agent, on_answer, (gpointer) passage, first_target, msg,
                                       TAG_END ());
  g_assert_nonnull (passage->orq);
}

static int
on_inside (nta_leg_magic_t *magic, nta_leg_t *leg, nta_incoming_t *irq, const sip_t *sip)
{
  if (sip->sip_request->rq_method == sip_method_ack)
    nta_incoming_destroy (irq);
  else
    pass_request (magic, irq, sip, NULL);
  return 0;
}

static int
on_outside (nta_leg_magic_t *magic, nta_leg_t *leg, nta_incoming_t *irq, const sip_t *sip)
{
  sip_from_t from = *sip->sip_from;
  Call *call;

  if (sip->sip_request->rq_method != sip_method_invite || sip->sip_to->a_tag)
    return 481;
  nta_incoming_treply (irq, SIP_100_TRYING, TAG_END ());
  call = g_rc_box_new0 (Call);
  call->caller.call = call->called.call = call;
  call->caller.leg =
    nta_leg_tcreate (agent, on_inside, &call->caller, SIPTAG_CALL_ID (sip->sip_call_id),
                     SIPTAG_FROM ((const sip_from_t *) sip->sip_to),
                     SIPTAG_TO ((const sip_to_t *) sip->sip_from),
                     NTATAG_REMOTE_CSEQ (sip->sip_cseq->cs_seq), TAG_END ());
  nta_incoming_tag (irq, nta_leg_tag (call->caller.leg, NULL));
  nta_leg_server_route (call->caller.leg, sip->sip_record_route, sip->sip_contact);
  from.a_params = NULL;
  from.a_tag = NULL;
  call->called.leg = nta_leg_tcreate (agent, on_inside, &call->called, SIPTAG_FROM (&from),
                                      SIPTAG_TO (sip->sip_to), TAG_END ());
  nta_leg_tag (call->called.leg, NULL);
  pass_request (&call->caller, irq, sip, target);
  return 0;
}

/* A 2xx that comes again, after the INVITE's transaction was freed. */
static int
on_stray (nta_agent_magic_t *magic, nta_agent_t *unused, msg_t *msg, sip_t *sip)
{
  nta_leg_t *leg = sip->sip_status && sip->sip_cseq->cs_method == sip_method_invite
                     ? nta_leg_by_dialog (agent, NULL, sip->sip_call_id, sip->sip_to->a_tag, NULL,
                                          sip->sip_from->a_tag, NULL)
                     : NULL;

  if (leg)
    acknowledge (nta_leg_magic (leg, on_inside), sip->sip_cseq->cs_seq, NULL);
  msg_destroy (msg);
  return 0;
}

/* Where it listens, and whom it calls. */
int
main (int argc, char **argv)
{
  SipLoop *loop = sip_loop_new (NULL, NULL);

  g_assert_cmpint (argc, ==, 3);
  g_assert_nonnull (loop);
  su_log_set_level (NULL, 1);
  target = (url_string_t *) argv[2];
  agent = nta_agent_create (
    sip_loop_root (loop), (url_string_t *) argv[1], on_stray, NULL, NTATAG_UA (1),
    NTATAG_CANCEL_487 (1), NTATAG_CLIENT_RPORT (1), NTATAG_SERVER_RPORT (1), NTATAG_USE_SRV (0),
    NTATAG_USE_NAPTR (0), NTATAG_UDP_MTU (65535), NTATAG_MAXSIZE (64 << 10), NTATAG_PRELOAD (1792),
    NTATAG_MAX_PROCEEDING (100000), NTATAG_PROGRESS (G_MAXUINT), TPTAG_STUN_SERVER (0),
    TPTAG_UDP_RMEM (8 << 20), TPTAG_UDP_WMEM (8 << 20), TAG_END ());
  g_assert_nonnull (agent);
  nta_leg_tcreate (agent, on_outside, NULL, NTATAG_NO_DIALOG (1), TAG_END ());
  g_printerr ("listening\n");
  g_main_loop_run (g_main_loop_new (NULL, FALSE));
  return EXIT_FAILURE;
}
