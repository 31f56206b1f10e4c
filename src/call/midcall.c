/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * midcall: one request inside a call on its way to the other side, and its answers back
 * (re-INVITE, UPDATE, INFO, REFER, NOTIFY, MESSAGE and what nobody has heard of).
 *
 * The bridge owns them. A re-INVITE lives until its ACK went across.
 */
#include "call/midcall.h"

#include "call/header-policy.h"

struct _Midcall {
  SipRequest *request;
  SipDialog *from;
  SipDialog *to;
  SipTransaction *transaction;
  guint32 cseq;
  gchar *branch;
  gboolean answered; /* a re-INVITE's 2xx went back: the ACK is due */
  MidcallFunc done;
  gpointer user_data;
};

static gboolean
is_method (const Midcall *midcall, sip_method_t method)
{
  return sip_request_method (midcall->request) == method;
}

static void
send_back (Midcall *midcall, guint status, const sip_t *response)
{
  msg_t *msg = sip_request_create_response (midcall->request);

  header_policy_copy (msg, response);
  if (status < 300 && (midcall_is_invite (midcall) || is_method (midcall, sip_method_update)))
    sip_dialog_add_contact (midcall->from, msg);
  sip_request_reply_msg (midcall->request, status, response->sip_status->st_phrase, msg);
}

static void
on_response (SipTransaction *transaction, guint status, const sip_t *response, gpointer user_data)
{
  Midcall *midcall = user_data;

  if (!response) {
    /* RFC 4320: a 408 to anything but an INVITE comes when nobody listens. */
    sip_request_reply (midcall->request, midcall_is_invite (midcall) ? status : 504, NULL,
                       TAG_END ());
    midcall->done (midcall, midcall->user_data);
    return;
  }
  if (status < 300 && response->sip_contact)
    sip_dialog_establish (midcall->to, response);
  send_back (midcall, status, response);
  if (status >= 200 && status < 300 && midcall_is_invite (midcall)) {
    midcall->answered = TRUE;
    midcall->cseq = sip_transaction_cseq (transaction);
    midcall->branch = g_strdup (sip_transaction_branch (transaction));
  } else if (status >= 200) {
    midcall->done (midcall, midcall->user_data);
  }
}

static void
on_invite_event (SipRequest *request, SipRequestEvent event, const sip_t *sip, gpointer user_data)
{
  Midcall *midcall = user_data;

  if (event == SIP_REQUEST_CANCELLED) {
    if (midcall->transaction && !midcall->answered)
      sip_transaction_cancel (midcall->transaction, NULL);
    return;
  }
  /* Without an ACK of its own the other side would repeat its 2xx for ever; that the first side
   * is gone shows by the next request into its dialog. */
  if (midcall->answered)
    sip_dialog_ack (midcall->to, midcall->cseq, midcall->branch, sip);
  midcall->done (midcall, midcall->user_data);
}

/**
 * midcall_relay:
 * @request: a request inside a dialog
 * @from: the dialog that it came in
 * @to: the dialog that it goes out in
 * @done: called when all is said; the bridge then frees the midcall
 * @user_data: for @done
 *
 * Returns: (transfer full) (nullable): the request on its way, or NULL when it was refused already
 */
Midcall *
midcall_relay (SipRequest *request, SipDialog *from, SipDialog *to, MidcallFunc done,
               gpointer user_data)
{
  Midcall *midcall = g_new0 (Midcall, 1);
  const sip_t *sip = sip_request_sip (request);
  msg_t *msg = sip_dialog_create_request (to);

  midcall->request = sip_request_ref (request);
  midcall->from = from;
  midcall->to = to;
  midcall->done = done;
  midcall->user_data = user_data;
  sip_dialog_refresh (from, sip);
  if (midcall_is_invite (midcall))
    sip_request_watch (request, on_invite_event, midcall);

  sip_headers_forward (msg, sip);
  header_policy_copy (msg, sip);
  midcall->transaction = sip_dialog_send (to, sip_request_method (request),
                                          sip_request_method_name (request), NULL, msg,
                                          on_response, midcall);
  if (!midcall->transaction) {
    sip_request_reply (request, SIP_500_INTERNAL_SERVER_ERROR, TAG_END ());
    midcall_free (midcall);
    return NULL;
  }
  return midcall;
}

/**
 * midcall_free:
 * @midcall: (transfer full): a midcall; a request that is not answered yet gets 481
 */
void
midcall_free (Midcall *midcall)
{
  if (midcall_is_invite (midcall)) {
    sip_request_watch (midcall->request, NULL, NULL);
    if (midcall->transaction && !midcall->answered && !sip_request_is_answered (midcall->request))
      sip_transaction_cancel (midcall->transaction, NULL);
  }
  if (!sip_request_is_answered (midcall->request))
    sip_request_reply (midcall->request, SIP_481_NO_TRANSACTION, TAG_END ());
  g_clear_pointer (&midcall->transaction, sip_transaction_free);
  sip_request_unref (midcall->request);
  g_free (midcall->branch);
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
