/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * passage: one message on its way across a call, whose session description is translated before
 * it goes on (RFC 3264).
 *
 * Branch, call and midcall have a place for each that can be under way. A message without a session
 * description, or between sides that understand each other, goes on at once.
 */
#include "call/passage.h"

struct _Passage {
  Passage **place; /* NULL: given up */
  msg_t *msg;      /* as it came */
  PassageFunc func;
  gpointer user_data;
};

static void
passage_free (Passage *passage)
{
  if (passage->place)
    *passage->place = NULL;
  msg_destroy (passage->msg);
  g_free (passage);
}

static guint
status_of (MediaOutcome outcome)
{
  switch (outcome) {
  case MEDIA_DONE:
    return 0;
  case MEDIA_REFUSED:
    return 488;
  case MEDIA_UNAVAILABLE:
  case MEDIA_RELEASED:
    return 503;
  }
  return 500;
}

static void
on_result (const MediaResult *result, gpointer user_data)
{
  Passage *passage = user_data;
  guint status = status_of (result->outcome);
  msg_t *msg = passage->msg;
  PassageFunc func = passage->place ? passage->func : NULL;
  gpointer data = passage->user_data;
  SipBodyView view;

  if (!func || result->outcome == MEDIA_RELEASED) {
    passage_free (passage);
    return;
  }
  /* Whoever is told may start the next one in the same place, or be gone afterwards. */
  passage->msg = NULL;
  *passage->place = NULL;
  g_free (passage);
  if (status) {
    func (sip_object (msg), status, result->problem, data);
  } else {
    func (sip_body_view_init (&view, sip_object (msg), result->sdp, result->size), 0, NULL, data);
    sip_body_view_clear (&view);
  }
  msg_destroy (msg);
}

/**
 * passage_start:
 * @place: (inout): where it is kept while it is under way; what is there is given up
 * @session: the media of the call
 * @from: who sent the message
 * @kind: whether its session description is an offer
 * @msg: (transfer full): the message
 * @func: told how it goes on, from within where nothing must be waited for; not told when the
 *   session is released before
 * @user_data: for @func
 */
void
passage_start (Passage **place, MediaSession *session, MediaParty from, MediaKind kind,
               msg_t *msg, PassageFunc func, gpointer user_data)
{
  const sip_t *sip = sip_object (msg);
  Passage *passage;
  const gchar *sdp;
  gsize size;

  passage_cancel (place);
  sdp = media_session_translates (session) ? sip_body_sdp (sip, &size) : NULL;
  if (!sdp) {
    func (sip, 0, NULL, user_data);
    msg_destroy (msg);
    return;
  }
  passage = g_new0 (Passage, 1);
  passage->place = place;
  passage->msg = msg;
  passage->func = func;
  passage->user_data = user_data;
  *place = passage;
  media_session_translate (session, from, kind, sdp, size, on_result, passage);
}

/**
 * passage_cancel:
 * @place: (inout): where a passage may be; nobody is told of it any more
 */
void
passage_cancel (Passage **place)
{
  if (!*place)
    return;
  (*place)->place = NULL;
  *place = NULL;
}
