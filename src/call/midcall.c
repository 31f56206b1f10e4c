/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * midcall: one request inside a call on its way to the other side, and its answers back
 * (re-INVITE, UPDATE, PRACK, INFO, REFER, NOTIFY, MESSAGE and what nobody has heard of).
 *
 * The bridge owns them. A re-INVITE lives until its ACK went across. Where the other side is a phone
 * that sleeps in the midst of its call, the request waits for it (RFC 8599 6.2.2).
 */
#include "call/midcall.h"

#include "base/deadline.h"
#include "call/dialog-map.h"
#include "call/header-policy.h"
#include "call/passage.h"
#include "sip/sip-ack.h"
#include "sip/sip-inside.h"

#define WAIT_SECONDS 20 /* the sender of anything but an INVITE gives up after 32 (RFC 4320) */

struct _Midcall {
  SipRequest *request;
  SipDialog *from;
  SipDialog *to;
  Reach *reach;
  PushTicket *ticket;
  MediaSession *media;
  MediaParty party;
  CallRecord *record;
  guint32 opened;
  Passage *passage; /* of the request, a response or the ACK */
  SipTransaction *transaction;
  gboolean answered; /* a re-INVITE's 2xx went back: the ACK is due */
  Deadline *patience; /* with who says nothing to a CANCEL */
  MidcallFunc done;
  gpointer user_data;
};

static gboolean
is_method (const Midcall *midcall, sip_method_t method)
{
  return sip_request_method (midcall->request) == method;
}

static gboolean
is_refresh (const Midcall *midcall)
{
  return sip_dialog_is_refreshed_by (sip_request_method (midcall->request));
}

static void
finish (Midcall *midcall)
{
  midcall->done (midcall, midcall->user_data);
}

/* The requests that carry an offer or an answer (RFC 3264, RFC 3311). */
static gboolean
may_offer (const Midcall *midcall)
{
  return midcall_is_invite (midcall) || is_method (midcall, sip_method_update) ||
         is_method (midcall, sip_method_prack);
}

static gboolean
has_media (const Midcall *midcall)
{
  return midcall->media && may_offer (midcall);
}

static gboolean
offered (const Midcall *midcall)
{
  gsize size;

  return sip_body_sdp (sip_request_sip (midcall->request), &size) != NULL;
}

/* What was agreed before goes on to hold (RFC 3261 14.1). */
static void
keep_media (Midcall *midcall)
{
  if (has_media (midcall) && offered (midcall))
    media_session_refused (midcall->media, midcall->party);
}

static void
record_problem (const Midcall *midcall, guint status, const gchar *problem)
{
  if (midcall->record)
    call_record_add (midcall->record, "no media for %s: %u %s",
                     sip_request_method_name (midcall->request), status, problem);
}

static void
refuse_media (Midcall *midcall, guint status, const gchar *problem)
{
  record_problem (midcall, status, problem);
  keep_media (midcall);
  sip_request_reply (midcall->request, status, NULL, TAG_END ());
}

static void
send_back (Midcall *midcall, guint status, const sip_t *response)
{
  msg_t *msg = sip_request_create_response (midcall->request);

  header_policy_copy (msg, response);
  if (status < 300 && is_refresh (midcall))
    sip_dialog_add_contact (midcall->from, msg);
  sip_request_reply_msg (midcall->request, status, response->sip_status->st_phrase, msg);
}

static void
acknowledge (Midcall *midcall, const sip_t *ack)
{
  sip_ack_send (midcall->to, sip_transaction_cseq (midcall->transaction), ack);
}

static void
give_up (Midcall *midcall)
{
  keep_media (midcall);
  sip_request_reply (midcall->request, SIP_487_REQUEST_CANCELLED, TAG_END ());
  finish (midcall);
}

static void
on_patience_over (gpointer user_data)
{
  Midcall *midcall = user_data;

  midcall->patience = NULL;
  give_up (midcall);
}

static void
on_response_ready (const sip_t *response, guint problem_status, const gchar *problem,
                   gpointer user_data)
{
  Midcall *midcall = user_data;
  guint status = (guint) response->sip_status->st_status;
  gboolean accepted = status >= 200 && status < 300 && midcall_is_invite (midcall);

  if (problem_status && status < 200)
    return;
  if (problem_status) {
    refuse_media (midcall, problem_status, problem);
    if (accepted)
      acknowledge (midcall, NULL);
    finish (midcall);
    return;
  }
  send_back (midcall, status, response);
  if (accepted)
    midcall->answered = TRUE;
  else if (status >= 200)
    finish (midcall);
}

static void
on_response (SipTransaction *transaction, guint status, const sip_t *response, gpointer user_data)
{
  Midcall *midcall = user_data;

  /* The stack loses its patience at the same moment. */
  if (!response && midcall->patience) {
    give_up (midcall);
    return;
  }
  if (status >= 200)
    deadline_clear (&midcall->patience);
  if (!response || status >= 300)
    keep_media (midcall);
  if (!response) {
    /* RFC 4320: a 408 to anything but an INVITE comes when nobody listens. */
    sip_request_reply (midcall->request, midcall_is_invite (midcall) ? status : 504, NULL,
                       TAG_END ());
    finish (midcall);
    return;
  }
  if (status < 300 && response->sip_contact && is_refresh (midcall))
    sip_dialog_establish (midcall->to, response);
  if (status < 300 && has_media (midcall))
    passage_start (&midcall->passage, midcall->media,
                   midcall->party == MEDIA_PHONE ? MEDIA_PBX : MEDIA_PHONE,
                   offered (midcall) ? MEDIA_ANSWER : MEDIA_OFFER,
                   sip_transaction_response (transaction), on_response_ready, midcall);
  else
    on_response_ready (response, 0, NULL, midcall);
}

static void
on_ack_ready (const sip_t *ack, guint problem_status, const gchar *problem, gpointer user_data)
{
  Midcall *midcall = user_data;

  if (problem_status)
    record_problem (midcall, problem_status, problem);
  acknowledge (midcall, problem_status ? NULL : ack);
  finish (midcall);
}

/* As through a proxy (RFC 3261 16.10): who was asked has the last word. A 487 of our own would leave
 * him alone with what he may have accepted before he heard of the CANCEL. */
static void
cancel (Midcall *midcall)
{
  if (!midcall->transaction) {
    give_up (midcall);
  } else if (sip_transaction_status (midcall->transaction) < 200) {
    midcall->patience = deadline_new (SIP_CANCEL_PATIENCE_MS, on_patience_over, midcall);
    sip_transaction_cancel (midcall->transaction, NULL);
  }
}

static void
on_invite_event (SipRequest *request, SipRequestEvent event, const sip_t *sip, gpointer user_data)
{
  Midcall *midcall = user_data;

  if (event == SIP_REQUEST_CANCELLED) {
    cancel (midcall);
    return;
  }
  /* Without an ACK of its own the other side would repeat its 2xx for ever; that the first side
   * is gone shows by the next request into its dialog. */
  if (midcall->answered && sip && midcall->media && !offered (midcall))
    passage_start (&midcall->passage, midcall->media, midcall->party, MEDIA_ANSWER,
                   sip_request_ack (request), on_ack_ready, midcall);
  else if (midcall->answered)
    on_ack_ready (sip, 0, NULL, midcall);
  else
    finish (midcall);
}

/**
 * midcall_new:
 * @request: a request inside a dialog
 * @sides: where it came from and where it goes
 * @done: called when all is said; the bridge then frees the midcall
 * @user_data: for @done
 *
 * Returns: (transfer full): the request, not yet on its way
 */
Midcall *
midcall_new (SipRequest *request, const MidcallSides *sides, MidcallFunc done, gpointer user_data)
{
  Midcall *midcall = g_new0 (Midcall, 1);

  midcall->request = sip_request_ref (request);
  midcall->from = sides->from;
  midcall->to = sides->to;
  midcall->reach = sides->reach;
  midcall->media = sides->media;
  midcall->party = sides->party;
  midcall->record = sides->record;
  midcall->opened = sides->opened;
  midcall->done = done;
  midcall->user_data = user_data;
  return midcall;
}

/* What a PRACK acknowledges has another INVITE on the other side (RFC 3262 7.2). */
static void
add_rack (const Midcall *midcall, msg_t *msg, const sip_t *prack)
{
  sip_rack_t rack[1];

  if (!prack->sip_rack)
    return;
  sip_rack_init (rack);
  rack->ra_response = prack->sip_rack->ra_response;
  rack->ra_cseq = midcall->opened;
  rack->ra_method = sip_method_invite;
  rack->ra_method_name = "INVITE";
  sip_add_tl (msg, sip_object (msg), SIPTAG_RACK (rack), TAG_END ());
}

static void
on_request_ready (const sip_t *sip, guint problem_status, const gchar *problem, gpointer user_data)
{
  Midcall *midcall = user_data;
  SipRequest *request = midcall->request;
  msg_t *msg;

  if (problem_status) {
    refuse_media (midcall, problem_status, problem);
    finish (midcall);
    return;
  }
  msg = sip_dialog_create_request (midcall->to);
  sip_headers_forward (msg, sip);
  header_policy_copy (msg, sip);
  dialog_map_copy (msg, sip, sip_request_listener (request));
  add_rack (midcall, msg, sip);
  midcall->transaction = sip_dialog_send (midcall->to, sip_request_method (request),
                                          sip_request_method_name (request), NULL, msg,
                                          on_response, midcall);
  if (!midcall->transaction) {
    keep_media (midcall);
    sip_request_reply (request, SIP_500_INTERNAL_SERVER_ERROR, TAG_END ());
    finish (midcall);
  }
}

static void
set_out (Midcall *midcall)
{
  if (has_media (midcall))
    passage_start (&midcall->passage, midcall->media, midcall->party, MEDIA_OFFER,
                   sip_request_msg (midcall->request), on_request_ready, midcall);
  else
    on_request_ready (sip_request_sip (midcall->request), 0, NULL, midcall);
}

static void
on_bucket (PushTicket *ticket, PushBucketEvent event, Binding *binding, const gchar *reason,
           gpointer user_data)
{
  Midcall *midcall = user_data;

  switch (event) {
  case PUSH_BUCKET_PUSHED:
    break;
  case PUSH_BUCKET_AWAKE:
    g_clear_pointer (&midcall->ticket, push_bucket_leave);
    set_out (midcall);
    break;
  case PUSH_BUCKET_REFUSED:
  case PUSH_BUCKET_TIMED_OUT:
    /* 480 ends the request alone, and the dialog stays (RFC 5057). */
    sip_request_reply (midcall->request, SIP_480_TEMPORARILY_UNAVAILABLE, TAG_END ());
    finish (midcall);
    break;
  }
}

/**
 * midcall_start:
 * @midcall: a new midcall; it may be done at once
 */
void
midcall_start (Midcall *midcall)
{
  if (is_refresh (midcall))
    sip_dialog_refresh (midcall->from, sip_request_sip (midcall->request));
  if (midcall_is_invite (midcall)) {
    sip_request_watch (midcall->request, on_invite_event, midcall);
    sip_request_reply (midcall->request, SIP_100_TRYING, TAG_END ());
  }
  if (midcall->reach && reach_needs_wait (midcall->reach, midcall->to))
    midcall->ticket = reach_wait (midcall->reach, WAIT_SECONDS, on_bucket, midcall);
  else
    set_out (midcall);
}

/**
 * midcall_free:
 * @midcall: (transfer full): a midcall; a request that is not answered yet gets 487 (RFC 3261
 *   15.1.2)
 */
void
midcall_free (Midcall *midcall)
{
  passage_cancel (&midcall->passage);
  deadline_clear (&midcall->patience);
  g_clear_pointer (&midcall->ticket, push_bucket_leave);
  if (midcall_is_invite (midcall)) {
    sip_request_watch (midcall->request, NULL, NULL);
    if (midcall->transaction && !midcall->answered && !sip_request_is_answered (midcall->request))
      sip_transaction_cancel (midcall->transaction, NULL);
  }
  if (!sip_request_is_answered (midcall->request))
    sip_request_reply (midcall->request, SIP_487_REQUEST_CANCELLED, TAG_END ());
  g_clear_pointer (&midcall->transaction, sip_transaction_free);
  sip_request_unref (midcall->request);
  g_free (midcall);
}

/**
 * midcall_is_invite:
 * @midcall: a midcall
 *
 * Returns: whether it is a re-INVITE
 */
gboolean
midcall_is_invite (const Midcall *midcall)
{
  return is_method (midcall, sip_method_invite);
}

/**
 * midcall_is_offering:
 * @midcall: a midcall
 *
 * Returns: whether an offer in it has no answer yet, or it may still get an offer
 */
gboolean
midcall_is_offering (const Midcall *midcall)
{
  if (midcall_is_invite (midcall))
    return !midcall->answered || !offered (midcall); /* then the ACK has the answer */
  return !midcall->answered && may_offer (midcall) && offered (midcall);
}

/**
 * midcall_from:
 * @midcall: a midcall
 *
 * Returns: (transfer none): the dialog that it came in
 */
SipDialog *
midcall_from (const Midcall *midcall)
{
  return midcall->from;
}
