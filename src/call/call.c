/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * call: the recipe: a caller, a fork of those who are called, and once one of them has answered, a
 * bridge between the two.
 */
#include "call/call.h"

#include "base/clock.h"
#include "base/counters.h"
#include "base/deadline.h"
#include "base/log-ids.h"
#include "base/log.h"
#include "call/bridge.h"
#include "call/call-names.h"
#include "call/caller.h"
#include "call/passage.h"
#include "crypto/token.h"
#include "sip/sip-headers.h"
#include "sip/sip-map.h"

#define CALL_ID_BITS 100
#define TAG_BITS 80

struct _Call {
  CallDirection direction;
  CallOptions options;
  CallRecord *record;
  gchar *aor; /* of our phone, for the log */
  Caller *caller;
  Fork *fork;
  Bridge *bridge; /* between the caller and the leg that it talks with */
  Leg *bridged;   /* that leg */
  Passage *ack;
  CallOverFunc over_func;
  gpointer user_data;
  Deadline *farewell;
  gboolean newcomers; /* phones that register meanwhile are called too */
  gboolean heard_media; /* of one phone; with one To tag the caller can take no other */
  gboolean over;
};

static const gchar *
peer_of_caller (const Call *call)
{
  return call->direction == CALL_TO_PHONE ? "the PBX" : "the phone";
}

static MediaParty
caller_party (const Call *call)
{
  return call->direction == CALL_TO_PHONE ? MEDIA_PBX : MEDIA_PHONE;
}

static void
on_farewell (gpointer user_data)
{
  Call *call = user_data;

  call->farewell = NULL;
  call->over_func (call, call->user_data);
}

static const gchar *
outcome_word (Counter outcome)
{
  if (outcome == COUNTER_CALLS_BRIDGED)
    return "bridged";
  return outcome == COUNTER_CALLS_CANCELLED ? "cancelled" : "failed";
}

/* The one line that a call leaves in the log. */
static void
log_end (Call *call, Counter outcome, const gchar *how)
{
  gint64 ms = (clock_now () - call_record_begun (call->record)) / G_TIME_SPAN_MILLISECOND;
  g_autofree gchar *duration = g_strdup_printf ("%" G_GINT64_FORMAT, ms);
  const gchar *aor = log_mask_aor (call->aor);

  log_info (LOG_FIELDS ("MESSAGE_ID", LOG_ID_CALL_ENDED, "CALL_ID", call_record_id (call->record),
                        "CALLER_CALL_ID",
                        sip_request_sip (caller_invite (call->caller))->sip_call_id->i_id, "AOR",
                        aor, "OUTCOME", outcome_word (outcome), "DURATION_MS", duration),
            "call %s %s %s after %.1f s: %s", call->direction == CALL_TO_PHONE ? "to" : "from",
            aor, outcome_word (outcome), (gdouble) ms / 1000, how);
}

/* What led here still stands on the stack of callbacks, so the call goes a moment later. */
static void
end (Call *call, Counter outcome, const gchar *how)
{
  if (call->over)
    return;
  call->over = TRUE;
  counters_inc (outcome);
  call_record_add (call->record, "ended: %s", how);
  call_record_set_state (call->record, CALL_OVER);
  log_end (call, outcome, how);
  call->farewell = deadline_new (0, on_farewell, call);
}

/* ---- the caller ---- */

static void
on_cancelled (Caller *caller, const sip_t *cancel, gpointer user_data)
{
  Call *call = user_data;
  gboolean elsewhere = cancel && sip_headers_have_reason (cancel, "SIP", 200);

  call_record_add (call->record, "CANCEL from %s, 487", peer_of_caller (call));
  fork_hang_up (call->fork, cancel);
  end (call, COUNTER_CALLS_CANCELLED, elsewhere ? "answered elsewhere" : "the caller gave up");
}

static void
on_ack_ready (const sip_t *ack, guint status, const gchar *problem, gpointer user_data)
{
  Call *call = user_data;
  Leg *leg = fork_only_leg (call->fork);

  if (call->over || !leg)
    return;
  leg_ack (leg, status ? NULL : ack);
  if (status) {
    call_record_add (call->record, "no media: %s", problem);
    call_hang_up (call, "no media");
  }
}

/* It brings the answer where who is called has made the offer. */
static void
on_acked (Caller *caller, const sip_t *ack, gpointer user_data)
{
  Call *call = user_data;
  MediaSession *media = fork_only_media (call->fork);
  gsize size;

  call_record_add (call->record, "ACK");
  if (media && !sip_body_sdp (sip_request_sip (caller_invite (caller)), &size))
    passage_start (&call->ack, media, caller_party (call), MEDIA_ANSWER,
                   sip_request_ack (caller_invite (caller)), on_ack_ready, call);
  else
    on_ack_ready (ack, 0, NULL, call);
}

static void
on_caller_ended (Caller *caller, const sip_t *bye, gpointer user_data)
{
  Call *call = user_data;

  fork_hang_up (call->fork, bye);
  end (call, COUNTER_CALLS_BRIDGED, bye ? "the caller hung up" : "the caller sent no ACK");
}

/* Who is called sleeps, or rings in several places: there is nobody to pass a request to. */
static void
refuse_while_held (SipRequest *request)
{
  sip_request_reply (request, SIP_500_INTERNAL_SERVER_ERROR, SIPTAG_RETRY_AFTER_STR ("5"),
                     TAG_END ());
}

static void
drop_bridge (Call *call)
{
  g_clear_pointer (&call->bridge, bridge_free);
  call->bridged = NULL;
}

static Bridge *
bridge_of (Call *call)
{
  Leg *leg = fork_only_leg (call->fork);
  SipDialog *dialog = leg ? leg_dialog (leg) : NULL;

  if (!dialog || !sip_dialog_remote_tag (dialog))
    return NULL;
  if (call->bridged != leg) {
    drop_bridge (call);
    call->bridge = bridge_new (
      &(BridgeEnd){ caller_dialog (call->caller), caller_reach (call->caller), 0 },
      &(BridgeEnd){ dialog, leg_reach (leg), leg_cseq (leg) },
      fork_only_media (call->fork), caller_party (call), call->record);
    call->bridged = leg;
  }
  return call->bridge;
}

static void
cross (Call *call, Bridge *bridge, SipDialog *from, SipRequest *request)
{
  if (!bridge) {
    refuse_while_held (request);
    return;
  }
  call_names_translate (call->options.log, request);
  bridge_take (bridge, from, request);
}

static void
on_caller_request (Caller *caller, SipRequest *request, gpointer user_data)
{
  Call *call = user_data;

  cross (call, bridge_of (call), caller_dialog (caller), request);
}

static const CallerFuncs caller_funcs = {
  .cancelled = on_cancelled,
  .acked = on_acked,
  .ended = on_caller_ended,
  .request = on_caller_request,
};

/* ---- those who are called ---- */

static void
on_held (Fork *fork, gpointer user_data)
{
  Call *call = user_data;

  if (call->over || call->options.hold_response <= 100)
    return;
  call_record_add (call->record, "%u to the PBX", call->options.hold_response);
  call_record_set_state (call->record, CALL_HELD);
  caller_hold (call->caller, call->options.hold_response);
}

static void
on_ringing (Fork *fork, Leg *leg, const sip_t *response, gpointer user_data)
{
  Call *call = user_data;

  call_record_set_state (call->record, CALL_RINGING);
  /* With one To tag the caller takes the first SDP for the answer: only one phone may send any. */
  gboolean alone = fork_size (fork) == 1;

  if (alone && sip_dialog_remote_tag (leg_dialog (leg)))
    sip_dialog_join (caller_dialog (call->caller), leg_dialog (leg));
  if (alone && response->sip_payload)
    call->heard_media = TRUE;
  caller_ring (call->caller, response, alone);
}

static void
on_answered (Fork *fork, Leg *leg, const sip_t *response, gpointer user_data)
{
  Call *call = user_data;

  call_record_set_state (call->record, CALL_TALKING);
  sip_dialog_join (caller_dialog (call->caller), leg_dialog (leg));
  caller_answer (call->caller, response);
}

/* Nobody's answer has its reason in what happened last. */
static void
on_failed (Fork *fork, guint status, const gchar *phrase, const sip_t *response,
           gpointer user_data)
{
  Call *call = user_data;
  g_autofree gchar *how =
    phrase ? g_strdup_printf ("%u %s", status, phrase)
           : g_strdup_printf ("%u %s (%s)", status, sip_map_phrase (status),
                              call_record_last (call->record));

  caller_reject (call->caller, status, phrase, response);
  end (call, COUNTER_CALLS_FAILED, how);
}

static void
on_leg_ended (Fork *fork, Leg *leg, const sip_t *bye, gpointer user_data)
{
  Call *call = user_data;

  caller_hang_up (call->caller, bye);
  end (call, COUNTER_CALLS_BRIDGED, "the called party hung up");
}

static void
on_leg_request (Fork *fork, Leg *leg, SipRequest *request, gpointer user_data)
{
  Call *call = user_data;

  cross (call, leg == fork_only_leg (fork) ? bridge_of (call) : NULL, leg_dialog (leg), request);
}

/* Another one may lie where it lay. */
static void
on_leg_left (Fork *fork, Leg *leg, gpointer user_data)
{
  Call *call = user_data;

  if (leg == call->bridged)
    drop_bridge (call);
}

static const ForkFuncs fork_funcs = {
  .held = on_held,
  .ringing = on_ringing,
  .answered = on_answered,
  .failed = on_failed,
  .ended = on_leg_ended,
  .request = on_leg_request,
  .left = on_leg_left,
};

/**
 * call_new:
 * @invite: what the caller sent
 * @direction: where it goes
 * @contact_user: (nullable): the user part of our Contact toward the caller
 * @options: how phones are waited for
 * @bucket: where
 * @over: called when the call is over, which then frees it
 * @user_data: for @over
 *
 * Returns: (transfer full): a call that rings nobody yet
 */
Call *
call_new (SipRequest *invite, CallDirection direction, const gchar *contact_user,
          const CallOptions *options, PushBucket *bucket, CallOverFunc over, gpointer user_data)
{
  Call *call = g_new0 (Call, 1);
  g_autofree gchar *id = token_random (CALL_ID_BITS);
  g_autofree gchar *tag = token_random (TAG_BITS);
  ForkOptions fork_options = {
    .invite = invite,
    .original = sip_request_sip (invite),
    .tag = tag,
    .wake_seconds = options->wake_seconds,
    .direct_try_ms = options->direct_try_ms,
    .media = options->media,
    .caller = sip_request_flow (invite),
    .breadth = options->breadth,
    .policy = options->policy,
    .late = options->late,
  };

  call->direction = direction;
  fork_options.caller_party = caller_party (call);
  call->options = *options;
  call_media_ref (call->options.media);
  call->over_func = over;
  call->user_data = user_data;
  call->record = call_record_new (id, direction);
  call_record_set_caller_id (call->record, fork_options.original->sip_call_id->i_id);
  call_record_add (call->record, "INVITE from %s at %s", peer_of_caller (call),
                   sip_flow_address (sip_request_flow (invite)));
  call->caller = caller_new (invite, contact_user, &caller_funcs, call);
  call->fork = fork_new (&fork_options, bucket, call->record, &fork_funcs, call);
  counters_inc (COUNTER_CALLS_OPEN);
  counters_inc (direction == CALL_TO_PHONE ? COUNTER_CALLS_IN : COUNTER_CALLS_OUT);
  return call;
}

/**
 * call_free:
 * @call: (transfer full): a call; what is left of it ends by itself
 */
void
call_free (Call *call)
{
  deadline_clear (&call->farewell);
  passage_cancel (&call->ack);
  drop_bridge (call);
  fork_free (call->fork);
  caller_release (call->caller);
  call_record_unref (call->record);
  g_free (call->aor);
  call_media_unref (call->options.media);
  counters_dec (COUNTER_CALLS_OPEN);
  g_free (call);
}

/**
 * call_set_reach:
 * @call: a new call
 * @reach: (transfer full): how the phone that calls is found again
 */
void
call_set_reach (Call *call, Reach *reach)
{
  caller_set_reach (call->caller, reach);
}

/**
 * call_expect_one_phone:
 * @call: a new call to a phone, which no other will join
 */
void
call_expect_one_phone (Call *call)
{
  fork_offer_reliable (call->fork);
}

/**
 * call_ring_phone:
 * @call: a new call
 * @binding: a phone to ring, awake or not
 */
void
call_ring_phone (Call *call, Binding *binding)
{
  if (!call->aor)
    call->aor = g_strdup (binding->aor);
  fork_add_phone (call->fork, binding);
}

/**
 * call_ring_pbx:
 * @call: a new call
 * @pbx: the PBX
 * @user: what it knows our phone by
 *
 * The Request-URI stays what the phone wrote, since its digest covers it.
 */
void
call_ring_pbx (Call *call, Pbx *pbx, const gchar *user)
{
  const sip_t *sip = sip_request_sip (caller_invite (call->caller));
  g_autofree gchar *target = sip_headers_uri_text (sip->sip_request->rq_url);

  call->aor = sip_headers_uri_text (sip->sip_from->a_url);
  fork_add_pbx (call->fork, pbx, target, user);
}

/**
 * call_set_credentials:
 * @call: a new call
 * @credentials: (transfer full): what answers the PBX in the caller's place
 */
void
call_set_credentials (Call *call, Credentials *credentials)
{
  fork_set_credentials (call->fork, credentials);
}

/**
 * call_start:
 * @call: a call that rings all whom it shall ring
 */
void
call_start (Call *call)
{
  fork_start (call->fork);
}

/**
 * call_welcome_newcomers:
 * @call: a call to all phones of a user
 *
 * From here on phones that register while it rings are called too.
 */
void
call_welcome_newcomers (Call *call)
{
  call->newcomers = TRUE;
}

/**
 * call_join_phone:
 * @call: a call to the user of @binding
 * @binding: a phone that has just registered
 */
void
call_join_phone (Call *call, Binding *binding)
{
  if (!call->over)
    fork_join_phone (call->fork, binding, call->newcomers && !call->heard_media);
}

/**
 * call_hang_up:
 * @call: a call
 * @why: for its record
 *
 * Ends it on both sides.
 */
void
call_hang_up (Call *call, const gchar *why)
{
  fork_hang_up (call->fork, NULL);
  caller_hang_up (call->caller, NULL);
  end (call, COUNTER_CALLS_FAILED, why);
}

/**
 * call_record:
 * @call: a call
 *
 * Returns: (transfer none): what happened so far
 */
CallRecord *
call_record (const Call *call)
{
  return call->record;
}
