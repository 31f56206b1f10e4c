/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bridge: the two dialogs of a call, and the requests that cross between them (RFC 3261 14).
 */
#include "call/bridge.h"

#include "call/crossing.h"
#include "call/midcall.h"
#include "sip/sip-body.h"

#define MAX_RETRY_AFTER 10

struct _Bridge {
  BridgeEnd one;
  BridgeEnd other;
  MediaSession *media;
  MediaParty party_of_one;
  CallRecord *record;
  GPtrArray *under_way; /* Midcall */
};

/**
 * bridge_new:
 * @one: a dialog
 * @other: the dialog of the other side
 * @media: (nullable): the media between them, which outlives the bridge
 * @party_of_one: who is at the end of @one
 * @record: (nullable): of the call; outlives the bridge
 *
 * Returns: (transfer full): the bridge between them
 */
Bridge *
bridge_new (const BridgeEnd *one, const BridgeEnd *other, MediaSession *media,
            MediaParty party_of_one, CallRecord *record)
{
  Bridge *bridge = g_new0 (Bridge, 1);

  bridge->one = *one;
  bridge->other = *other;
  bridge->media = media;
  bridge->party_of_one = party_of_one;
  bridge->record = record;
  bridge->under_way = g_ptr_array_new_with_free_func ((GDestroyNotify) midcall_free);
  return bridge;
}

/**
 * bridge_free:
 * @bridge: (transfer full): a bridge
 */
void
bridge_free (Bridge *bridge)
{
  g_ptr_array_unref (bridge->under_way);
  g_free (bridge);
}

static void
on_done (Midcall *midcall, gpointer user_data)
{
  Bridge *bridge = user_data;

  g_ptr_array_remove_fast (bridge->under_way, midcall);
}

static gboolean
offers (SipRequest *request)
{
  sip_method_t method = sip_request_method (request);
  gsize size;

  return method == sip_method_invite ||
         (method == sip_method_update && sip_body_sdp (sip_request_sip (request), &size));
}

/* Until its ACK a re-INVITE is in the way of others, its offer only until the answer. */
static CrossingOffer
pending_offer (const Bridge *bridge, const SipDialog *from, gboolean is_invite)
{
  for (guint i = 0; i < bridge->under_way->len; i++) {
    const Midcall *midcall = g_ptr_array_index (bridge->under_way, i);

    if (midcall_is_offering (midcall) || (is_invite && midcall_is_invite (midcall)))
      return midcall_from (midcall) == from ? CROSSING_SAME_SIDES : CROSSING_OTHER_SIDES;
  }
  return CROSSING_NOBODYS;
}

static void
refuse_for_now (SipRequest *request)
{
  g_autofree gchar *after =
    g_strdup_printf ("%d", g_random_int_range (0, MAX_RETRY_AFTER + 1));

  sip_request_reply (request, SIP_500_INTERNAL_SERVER_ERROR, SIPTAG_RETRY_AFTER_STR (after),
                     TAG_END ());
}

/**
 * bridge_take:
 * @bridge: a bridge
 * @from: the dialog that @request came in
 * @request: a request inside a dialog, other than BYE
 *
 * Sends it across. One offer at a time: one that crosses another gets 491, one that follows another
 * from the same side gets 500 (RFC 3261 14.2, RFC 3311 5.2).
 */
void
bridge_take (Bridge *bridge, SipDialog *from, SipRequest *request)
{
  gboolean is_invite = sip_request_method (request) == sip_method_invite;
  gboolean forth = from == bridge->one.dialog;
  const MidcallSides sides = {
    .from = from,
    .to = forth ? bridge->other.dialog : bridge->one.dialog,
    .reach = forth ? bridge->other.reach : bridge->one.reach,
    .opened = forth ? bridge->other.cseq : bridge->one.cseq,
    .media = bridge->media,
    .party = forth == (bridge->party_of_one == MEDIA_PHONE) ? MEDIA_PHONE : MEDIA_PBX,
    .record = bridge->record,
  };
  Midcall *midcall;

  switch (crossing_judge (offers (request), pending_offer (bridge, from, is_invite),
                          bridge->under_way->len)) {
  case CROSSING_GLARE:
    sip_request_reply (request, SIP_491_REQUEST_PENDING, TAG_END ());
    return;
  case CROSSING_WAITS:
    refuse_for_now (request);
    return;
  case CROSSING_GOES:
    break;
  }
  midcall = midcall_new (request, &sides, on_done, bridge);
  g_ptr_array_add (bridge->under_way, midcall);
  midcall_start (midcall);
}
