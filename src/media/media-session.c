/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * media-session: the media of one call between a phone and a PBX: every offer and answer that
 * crosses goes through it (RFC 3264). One that is refused leaves what was agreed before as it is
 * (RFC 3261 14.1), also at rtpengine, which is told that once more then.
 *
 * A call that rings several phones has one for each, so that the losers' end with them. With
 * rtpengine one body is under way at a time, in the order in which they came; the first offer picks
 * the instance and the session stays there until it is released, which ends it there too.
 */
#include "media/media-session.h"

#include "base/counters.h"
#include "proto/sdp-restore.h"

#include <string.h>

#define MAX_JOBS 16
/* More would leave rtpengine without ports, or its reply without room in a datagram: it would say
 * nothing then, and be taken for dead. */
#define MAX_SDP 32768
#define MAX_STREAMS 32

/* A body on its way. */
typedef struct {
  MediaParty from;
  MediaKind kind;
  const gchar *sdp; /* until @func is told; NULL: what was agreed, once more */
  gsize size;
  SdpTraits traits;
  MediaSessionFunc func;
  gpointer user_data;
} Job;

/* A body that rtpengine has, or may have. */
typedef struct {
  MediaParty from;
  gchar *sdp; /* NULL: none */
  gsize size;
} Body;

struct _MediaSession {
  const MediaOptions *options;
  Rtpengine *rtpengine; /* nullable */
  MediaSide sides[N_MEDIA_PARTIES];
  NgPeer *peer; /* nullable: nothing has begun */
  gchar *call_id;
  gboolean established; /* the instance has taken an offer */
  Body offered;         /* and waits for the answer, or was given up */
  Body agreed[2];       /* by MediaKind: the last offer that was answered, and its answer */
  GQueue jobs;          /* Job; the first is under way */
  gboolean under_way;
  gboolean released;
  guint busy;
};

static const MediaResult released = { .outcome = MEDIA_RELEASED };
static const gchar *const tags[N_MEDIA_PARTIES] = {
  [MEDIA_PHONE] = "phone",
  [MEDIA_PBX] = "pbx",
};

static MediaParty
other (MediaParty party)
{
  return party == MEDIA_PHONE ? MEDIA_PBX : MEDIA_PHONE;
}

static void
session_free (MediaSession *session)
{
  if (session->peer)
    rtpengine_give_back (session->rtpengine, session->peer, session->call_id);
  g_free (session->offered.sdp);
  for (gsize i = 0; i < G_N_ELEMENTS (session->agreed); i++)
    g_free (session->agreed[i].sdp);
  g_queue_clear_full (&session->jobs, g_free);
  counters_dec (COUNTER_MEDIA_SESSIONS_OPEN);
  g_free (session->call_id);
  g_free (session);
}

static void
free_when_done (MediaSession *session)
{
  if (session->released && !session->under_way && !session->busy)
    session_free (session);
}

static void
count (const MediaResult *result, MediaKind kind)
{
  switch (result->outcome) {
  case MEDIA_DONE:
    counters_inc (kind == MEDIA_OFFER ? COUNTER_MEDIA_OFFERS : COUNTER_MEDIA_ANSWERS);
    break;
  case MEDIA_REFUSED:
    counters_inc (COUNTER_MEDIA_REFUSED);
    break;
  case MEDIA_UNAVAILABLE:
    counters_inc (COUNTER_MEDIA_UNAVAILABLE);
    break;
  case MEDIA_RELEASED:
    break;
  }
}

static void begin (MediaSession *session);

/* The first job is done. Whoever is told may release the session. */
static void
finish (MediaSession *session, const MediaResult *result)
{
  Job *job = g_queue_pop_head (&session->jobs);

  session->under_way = FALSE;
  session->busy++;
  if (job->func) {
    count (result, job->kind);
    job->func (result, job->user_data);
  }
  g_free (job);
  if (!session->released && !session->under_way && !g_queue_is_empty (&session->jobs))
    begin (session);
  session->busy--;
  free_when_done (session);
}

static void
fail (MediaSession *session, MediaOutcome outcome, const gchar *problem)
{
  const MediaResult result = { .outcome = outcome, .problem = problem };

  finish (session, &result);
}

static void on_reply (NgOutcome outcome, const NgReply *reply, gpointer user_data);

static void
set_body (Body *body, const Job *job)
{
  gchar *old = body->sdp;

  *body = (Body){ job->from, g_memdup2 (job->sdp, job->size), job->size };
  g_free (old);
}

static void
ask (MediaSession *session)
{
  const Job *job = g_queue_peek_head (&session->jobs);
  MediaParty to = other (job->from);
  MediaParty offerer = job->kind == MEDIA_OFFER ? job->from : to;
  const NgMedia media = {
    .command = job->kind == MEDIA_OFFER ? NG_OFFER : NG_ANSWER,
    .call_id = session->call_id,
    .from_tag = tags[offerer],
    .to_tag = job->kind == MEDIA_OFFER && !session->established ? NULL : tags[other (offerer)],
    .sdp = job->sdp,
    .size = job->size,
    .toward = &session->sides[to].transport,
    .family = session->sides[to].family,
    .from_interface = session->options->interfaces[job->from],
    .to_interface = session->options->interfaces[to],
  };

  session->under_way = TRUE;
  if (job->kind == MEDIA_OFFER)
    set_body (&session->offered, job);
  ng_peer_send (session->peer, NG_URGENT, ng_message_media (&media), on_reply, session);
}

static void
recall (Job *job, const Body *agreed)
{
  job->from = agreed->from;
  job->sdp = agreed->sdp;
  job->size = agreed->size;
  sdp_traits_read (job->sdp, job->size, &job->traits);
}

static void
begin (MediaSession *session)
{
  Job *job = g_queue_peek_head (&session->jobs);

  if (!job->sdp)
    recall (job, &session->agreed[job->kind]);
  if (!session->peer && job->kind == MEDIA_OFFER)
    session->peer = rtpengine_take (session->rtpengine, NULL);
  /* An answer has its chance, since a call may end with it. So has what nobody waits for: it may be
   * read together with what it takes back. */
  if (!session->peer)
    fail (session, MEDIA_UNAVAILABLE,
          job->kind == MEDIA_OFFER ? "no rtpengine is up" : "an answer to no offer");
  else if (session->established && job->kind == MEDIA_OFFER && job->func &&
           ng_peer_is_down (session->peer))
    fail (session, MEDIA_UNAVAILABLE, "the call's rtpengine is down");
  else
    ask (session);
}

/* A call that has not begun may begin elsewhere; it is ended where it may have begun. */
static void
give_up_instance (MediaSession *session, gboolean may_have_begun, const gchar *problem)
{
  NgPeer *left = session->peer;

  if (session->established) {
    fail (session, MEDIA_UNAVAILABLE, problem);
    return;
  }
  session->peer = session->released ? NULL : rtpengine_take (session->rtpengine, left);
  rtpengine_give_back (session->rtpengine, left, may_have_begun ? session->call_id : NULL);
  if (session->peer) {
    counters_inc (COUNTER_MEDIA_FAILOVERS);
    ask (session);
  } else {
    fail (session, MEDIA_UNAVAILABLE, problem);
  }
}

static void
agree (MediaSession *session, const Job *answer)
{
  if (!session->offered.sdp && answer->from != session->agreed[MEDIA_ANSWER].from)
    return; /* what it answers was given up */
  set_body (&session->agreed[MEDIA_ANSWER], answer);
  if (!session->offered.sdp)
    return; /* the answer comes once more */
  g_free (session->agreed[MEDIA_OFFER].sdp);
  session->agreed[MEDIA_OFFER] = session->offered;
  session->offered.sdp = NULL;
}

static void
accept (MediaSession *session, const NgReply *reply)
{
  const Job *job = g_queue_peek_head (&session->jobs);
  MediaSide *side = &session->sides[job->from];
  MediaResult result = { .outcome = MEDIA_DONE, .sdp = reply->sdp, .size = reply->size };
  g_autofree gchar *restored = NULL;
  g_autoptr (GError) error = NULL;

  session->established = TRUE;
  media_transport_learn (&side->transport, &job->traits);
  if (job->traits.family != G_SOCKET_FAMILY_INVALID)
    side->family = job->traits.family;
  if (job->traits.other && !session->released) {
    restored = sdp_restore (job->sdp, job->size, reply->sdp, reply->size, &result.size, &error);
    result.sdp = restored;
  }
  if (job->kind == MEDIA_ANSWER && !session->released)
    agree (session, job);
  if (error)
    fail (session, MEDIA_REFUSED, error->message);
  else
    finish (session, &result);
}

/* Some rtpengines (12.5 does) call a body wrong in which all streams of RTP are switched off. Nothing
 * in it needs to be relayed. */
static void
take_refusal (MediaSession *session, const NgReply *reply)
{
  const Job *job = g_queue_peek_head (&session->jobs);
  const NgReply as_it_is = { .sdp = job->sdp, .size = job->size };

  if (job->traits.rtp && !job->traits.live)
    accept (session, &as_it_is);
  else
    fail (session, MEDIA_REFUSED, reply->reason ? reply->reason : "rtpengine gives no reason");
}

static void
on_reply (NgOutcome outcome, const NgReply *reply, gpointer user_data)
{
  MediaSession *session = user_data;

  if (outcome == NG_CLOSED) {
    session->peer = NULL;
    fail (session, MEDIA_UNAVAILABLE, ng_outcome_text (outcome));
  } else if (outcome != NG_REPLIED) {
    give_up_instance (session, outcome == NG_TIMED_OUT, ng_outcome_text (outcome));
  } else if (reply->result == NG_RESULT_BUSY) {
    give_up_instance (session, FALSE, "rtpengine is at its load limit");
  } else if (reply->result == NG_RESULT_ERROR) {
    take_refusal (session, reply);
  } else if (!reply->sdp) {
    give_up_instance (session, TRUE, "rtpengine's reply has no session description");
  } else {
    accept (session, reply);
  }
}

/**
 * media_session_new:
 * @options: of the PBX; they outlive the session's use
 * @rtpengine: (nullable): the instances, needed with %MEDIA_RTPENGINE; outlives the session
 * @phone: how the phone takes its media, as far as one knows
 * @pbx: how the PBX takes them
 *
 * Returns: (transfer full): a session in which nothing was offered yet
 */
MediaSession *
media_session_new (const MediaOptions *options, Rtpengine *rtpengine, const MediaSide *phone,
                   const MediaSide *pbx)
{
  MediaSession *session = g_new0 (MediaSession, 1);

  session->options = options;
  session->rtpengine = rtpengine;
  session->sides[MEDIA_PHONE] = *phone;
  session->sides[MEDIA_PBX] = *pbx;
  session->call_id = rtpengine ? rtpengine_create_call_id (rtpengine) : NULL;
  g_queue_init (&session->jobs);
  counters_inc (COUNTER_MEDIA_SESSIONS_OPEN);
  return session;
}

/**
 * media_session_release:
 * @session: (transfer full): a session; who still waits is told %MEDIA_RELEASED. What it has begun at
 *   an rtpengine is ended there, once, also where a reply is still on its way
 */
void
media_session_release (MediaSession *session)
{
  session->released = TRUE;
  for (GList *link = session->jobs.head; link; link = link->next) {
    Job *job = link->data;
    MediaSessionFunc func = g_steal_pointer (&job->func);

    if (func)
      func (&released, job->user_data);
  }
  free_when_done (session);
}

static void
edit (MediaSession *session, MediaParty from, MediaKind kind, const gchar *sdp, gsize size,
      MediaSessionFunc func, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  MediaResult result = { .outcome = MEDIA_DONE };
  g_autofree gchar *body =
    media_mode_edit (session->options, from, sdp, size, &result.size, &error);

  result.sdp = body;
  if (!body) {
    result.outcome = MEDIA_REFUSED;
    result.problem = error->message;
  }
  count (&result, kind);
  func (&result, user_data);
}

static void
refuse (MediaOutcome outcome, const gchar *problem, MediaKind kind, MediaSessionFunc func,
        gpointer user_data)
{
  const MediaResult result = { .outcome = outcome, .problem = problem };

  count (&result, kind);
  func (&result, user_data);
}

static void
push (MediaSession *session, const Job *job)
{
  g_queue_push_tail (&session->jobs, g_memdup2 (job, sizeof *job));
  if (!session->under_way)
    begin (session);
}

/**
 * media_session_translates:
 * @session: a session
 *
 * Returns: whether bodies may have to change on their way; if not, nobody need ask
 */
gboolean
media_session_translates (const MediaSession *session)
{
  return session->options->mode != MEDIA_DIRECT;
}

/**
 * media_session_translate:
 * @session: a session
 * @from: who has sent a body
 * @kind: whether it is an offer; an answer that is repeated counts as an answer again
 * @sdp: the body, which stays until @func is told; not necessarily terminated
 * @size: bytes in it
 * @func: told once what the other side is to get; from within where nobody needs to be asked
 * @user_data: for @func
 */
void
media_session_translate (MediaSession *session, MediaParty from, MediaKind kind, const gchar *sdp,
                         gsize size, MediaSessionFunc func, gpointer user_data)
{
  SdpTraits traits;

  if (session->options->mode != MEDIA_RTPENGINE) {
    edit (session, from, kind, sdp, size, func, user_data);
    return;
  }
  if (g_queue_get_length (&session->jobs) >= MAX_JOBS) {
    refuse (MEDIA_UNAVAILABLE, "too many bodies wait in this call", kind, func, user_data);
    return;
  }
  sdp_traits_read (sdp, size, &traits);
  if (size > MAX_SDP || traits.streams > MAX_STREAMS) {
    refuse (MEDIA_REFUSED, "the session description is too large", kind, func, user_data);
    return;
  }
  push (session, &(Job){ from, kind, sdp, size, traits, func, user_data });
}

/* An offer that waits behind others was agreed by nobody, and rtpengine does not know of it. */
static gboolean
withdraw (MediaSession *session, MediaParty from)
{
  GList *link = g_queue_peek_head_link (&session->jobs);

  if (session->under_way)
    link = link->next;
  for (; link; link = link->next) {
    Job *job = link->data;

    if (job->kind != MEDIA_OFFER || job->from != from || !job->func)
      continue;
    g_queue_delete_link (&session->jobs, link);
    job->func (&released, job->user_data);
    g_free (job);
    return TRUE;
  }
  return FALSE;
}

/**
 * media_session_refused:
 * @session: a session
 * @from: whose last offer inside the call the other side has refused, or left without answer
 *
 * Has rtpengine go back to what was agreed before: since that offer it has sent what is for @from
 * to the new place, and with the new keys, or will do so when it comes to read the offer. An offer
 * that it has not been sent yet is forgotten; who waits for it is told %MEDIA_RELEASED.
 */
void
media_session_refused (MediaSession *session, MediaParty from)
{
  if (withdraw (session, from))
    return;
  if (!session->offered.sdp || session->offered.from != from || !session->agreed[MEDIA_OFFER].sdp)
    return;
  g_clear_pointer (&session->offered.sdp, g_free);
  push (session, &(Job){ .kind = MEDIA_OFFER });
  push (session, &(Job){ .kind = MEDIA_ANSWER });
}
