/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-media-session: calls' media at a real rtpengine: while it is there, slow, gone and back.
 */
#include "base/clock.h"
#include "base/counters.h"
#include "base/error.h"
#include "media/media-session.h"
#include "rtpengine-process.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MS 20000
#define DEADLINE_MS 3000 /* longer than a busy machine lets an rtpengine that is well stand still */
#define PROBE_MS 200

#define PLAIN                                                                                      \
  "v=0\r\no=- 1 1 IN IP4 10.0.0.5\r\ns=-\r\nc=IN IP4 10.0.0.5\r\nt=0 0\r\n"                        \
  "m=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\n"
#define BROWSER                                                                                    \
  "v=0\r\no=- 1 1 IN IP4 192.168.1.9\r\ns=-\r\nt=0 0\r\n"                                          \
  "m=audio 9 UDP/TLS/RTP/SAVPF 111 0\r\nc=IN IP4 0.0.0.0\r\na=rtpmap:111 opus/48000/2\r\n"         \
  "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\na=ice-options:trickle\r\n"              \
  "a=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:" \
  "88:99:AA:BB:CC:DD:EE:FF\r\na=setup:actpass\r\na=mid:0\r\na=rtcp-mux\r\na=sendrecv\r\n"
#define SDES                                                                                       \
  "v=0\r\no=- 1 1 IN IP4 192.168.1.9\r\ns=-\r\nc=IN IP4 192.168.1.9\r\nt=0 0\r\n"                  \
  "m=audio 5000 RTP/SAVP 0\r\n"                                                                    \
  "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:NWuTltvwkwopU1YrWWA2rsiOPHtwKa7vjyfQqotE\r\n"
#define LONG_KEY                                                                                   \
  "v=0\r\no=- 1 2 IN IP4 192.168.1.9\r\ns=-\r\nc=IN IP4 192.168.1.9\r\nt=0 0\r\n"                  \
  "m=audio 5000 RTP/SAVP 0\r\na=crypto:1 AES_256_CM_HMAC_SHA1_80 inline:"                          \
  "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLQ==\r\n"
#define NO_AUDIO                                                                                   \
  "v=0\r\no=- 1 1 IN IP4 10.0.0.5\r\ns=-\r\nc=IN IP4 10.0.0.5\r\nt=0 0\r\n"                        \
  "m=audio 0 RTP/AVP 0\r\n"
#define NO_AUDIO_AT_A_NAME                                                                         \
  "v=0\r\no=- 1 1 IN IP4 10.0.0.5\r\ns=-\r\nc=IN IP4 pbx.test\r\nt=0 0\r\nm=audio 0 RTP/AVP 0\r\n"
#define NO_BROWSER_AUDIO                                                                           \
  "v=0\r\no=- 1 2 IN IP4 192.168.1.9\r\ns=-\r\nt=0 0\r\nm=audio 0 UDP/TLS/RTP/SAVPF 0\r\n"         \
  "c=IN IP4 192.168.1.9\r\na=inactive\r\n"
#define PLAIN_IPV6                                                                                 \
  "v=0\r\no=- 1 1 IN IP6 2001:db8::5\r\ns=-\r\nc=IN IP6 2001:db8::5\r\nt=0 0\r\n"                \
  "m=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\n"
#define AUDIO "m=audio 4000 RTP/AVP 0"
#define NOWHERE                                                                                    \
  "v=0\r\no=- 1 2 IN IP4 10.0.0.5\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
#define FAX                                                                                        \
  "m=image 4002 udptl t38\r\na=T38FaxVersion:0\r\na=T38MaxBitRate:14400\r\n"                       \
  "a=T38FaxRateManagement:transferredTCF\r\na=T38FaxUdpEC:t38UDPRedundancy\r\n"
#define FLOOR                                                                                      \
  "m=application 9002 UDP/BFCP *\r\na=setup:actpass\r\na=mid:9\r\na=floorctrl:c-s\r\na=confid:1\n"

/* What came back of one body. */
typedef struct {
  gboolean done;
  MediaOutcome outcome;
  gchar *sdp;
  gchar *problem;
  SdpTraits traits;
} Answer;

static const MediaOptions options = { .mode = MEDIA_RTPENGINE };
static const MediaSide plain = { .family = G_SOCKET_FAMILY_INVALID };

static gboolean
on_timeout (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_CONTINUE;
}

#define wait_until(condition)                                                                      \
  G_STMT_START                                                                                     \
  {                                                                                                \
    gboolean late = FALSE, met;                                                                    \
    guint alarm_id = g_timeout_add (PATIENCE_MS, on_timeout, &late);                               \
                                                                                                   \
    while (!(met = (condition)) && !late)                                                          \
      g_main_context_iteration (NULL, TRUE);                                                       \
    g_source_remove (alarm_id);                                                                    \
    if (!met)                                                                                      \
      g_error ("not within %d ms: %s", PATIENCE_MS, #condition);                                   \
  }                                                                                                \
  G_STMT_END

static void
count_up (const gchar *address, gboolean up, gpointer count)
{
  *(guint *) count += up;
}

static guint
n_up (const Rtpengine *rtpengine)
{
  guint count = 0;

  rtpengine_each (rtpengine, count_up, &count);
  return count;
}

static void
let_pass (guint milliseconds)
{
  gboolean late = FALSE;
  guint alarm_id = g_timeout_add (milliseconds, on_timeout, &late);

  while (!late)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (alarm_id);
}

static void
on_result (const MediaResult *result, gpointer user_data)
{
  Answer *answer = user_data;

  g_assert_false (answer->done);
  answer->done = TRUE;
  answer->outcome = result->outcome;
  answer->sdp = result->sdp ? g_strndup (result->sdp, result->size) : NULL;
  answer->problem = g_strdup (result->problem);
  if (result->sdp)
    sdp_traits_read (result->sdp, result->size, &answer->traits);
}

static Answer
translate (MediaSession *session, MediaParty from, MediaKind kind, const gchar *sdp)
{
  Answer answer = { 0 };

  media_session_translate (session, from, kind, sdp, strlen (sdp), on_result, &answer);
  wait_until (answer.done);
  return answer;
}

static void
clear (Answer *answer)
{
  g_free (answer->sdp);
  g_free (answer->problem);
}

/* Sends a body and says only what became of it. */
static MediaOutcome
outcome_of (MediaSession *session, MediaParty from, MediaKind kind, const gchar *sdp)
{
  Answer answer = translate (session, from, kind, sdp);

  clear (&answer);
  return answer.outcome;
}

static Rtpengine *
connect_labelled (const gchar *label, const RtpengineProcess *one, const RtpengineProcess *other)
{
  const gchar *const instances[] = { one->address, other ? other->address : NULL, NULL };
  const RtpengineOptions set = {
    .label = label,
    .peer = { .deadline_ms = DEADLINE_MS, .probe_ms = PROBE_MS, .max_in_flight = 64 },
  };
  g_autoptr (GError) error = NULL;
  Rtpengine *rtpengine = rtpengine_new (&set);

  rtpengine_set_instances (rtpengine, instances, &error);
  g_assert_no_error (error);
  return rtpengine;
}

/* Begins when all of them are up. */
static Rtpengine *
connect_to (const RtpengineProcess *one, const RtpengineProcess *other)
{
  Rtpengine *rtpengine = connect_labelled ("test", one, other);

  let_pass (PROBE_MS);
  wait_until (n_up (rtpengine) == (other ? 2 : 1));
  return rtpengine;
}

typedef struct {
  gboolean done;
  gint calls; /* -1: it did not reply */
} Count;

static void
on_list (NgOutcome outcome, const NgReply *reply, gpointer user_data)
{
  Count *count = user_data;

  if (count->done)
    return;
  count->done = TRUE;
  count->calls = outcome == NG_REPLIED ? (gint) reply->calls->len : -1;
}

static void
on_returned (NgPeer *peer, gpointer user_data)
{
}

/* How many calls rtpengine itself knows. */
static gint
count_calls (const RtpengineProcess *process)
{
  const NgPeerOptions patient = { .deadline_ms = 10000, .probe_ms = 60000, .max_in_flight = 8 };
  NgPeer *peer = ng_peer_new (process->address + 4, &patient, on_returned, NULL, NULL);
  Count count = { FALSE, -1 };

  ng_peer_send (peer, NG_URGENT, ng_message_list (), on_list, &count);
  wait_until (count.done);
  ng_peer_free (peer);
  return count.calls;
}

static void
wait_for_process (const RtpengineProcess *process)
{
  gint64 begun = clock_now ();

  while (count_calls (process) != 0) {
    g_assert_cmpint (clock_now () - begun, <, PATIENCE_MS * 1000);
    let_pass (20);
  }
}

typedef struct {
  RtpengineProcess *one;
  RtpengineProcess *other;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  if (!rtpengine_process_exists ())
    return;
  fixture->one = rtpengine_process_new ();
  fixture->other = data ? rtpengine_process_new () : NULL;
  wait_for_process (fixture->one);
  if (fixture->other)
    wait_for_process (fixture->other);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_clear_pointer (&fixture->one, rtpengine_process_free);
  g_clear_pointer (&fixture->other, rtpengine_process_free);
  g_assert_cmpint (counters_get (COUNTER_MEDIA_SESSIONS_OPEN), ==, 0);
  g_assert_cmpint (counters_get (COUNTER_MEDIA_NG_IN_FLIGHT), ==, 0);
}

static void
test_call (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Rtpengine) rtpengine = connect_to (fixture->one, NULL);
  MediaSession *session = media_session_new (&options, rtpengine, &plain, &plain);
  Answer offer = translate (session, MEDIA_PBX, MEDIA_OFFER, PLAIN);
  Answer answer = translate (session, MEDIA_PHONE, MEDIA_ANSWER, PLAIN);

  g_assert_cmpint (offer.outcome, ==, MEDIA_DONE);
  g_assert_nonnull (strstr (offer.sdp, "c=IN IP4 127.0.0.1"));
  g_assert_null (strstr (offer.sdp, "10.0.0.5"));
  g_assert_null (strstr (offer.sdp, "audio 4000"));
  g_assert_nonnull (strstr (offer.sdp, "RTP/AVP 0 8 101\r\n"));
  g_assert_cmpint (answer.outcome, ==, MEDIA_DONE);
  g_assert_cmpint (count_calls (fixture->one), ==, 1);
  media_session_release (session);
  wait_until (count_calls (fixture->one) == 0);
  clear (&offer);
  clear (&answer);
}

/* A browser that calls, a plain PBX; then the PBX offers anew. */
static void
test_browser (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Rtpengine) rtpengine = connect_to (fixture->one, NULL);
  MediaSession *session = media_session_new (&options, rtpengine, &plain, &plain);
  Answer offer = translate (session, MEDIA_PHONE, MEDIA_OFFER, BROWSER);
  Answer answer = translate (session, MEDIA_PBX, MEDIA_ANSWER, PLAIN);
  Answer again = translate (session, MEDIA_PBX, MEDIA_OFFER, PLAIN);

  g_assert_nonnull (strstr (offer.sdp, " RTP/AVP 111 0\r\n"));
  g_assert_nonnull (strstr (offer.sdp, "a=sendrecv"));
  g_assert_false (offer.traits.ice || offer.traits.fingerprint || offer.traits.crypto ||
                  offer.traits.rtcp_mux);
  g_assert_true (answer.traits.ice && answer.traits.fingerprint && answer.traits.rtcp_mux &&
                 answer.traits.secure && answer.traits.feedback);
  g_assert_true (again.traits.ice && again.traits.fingerprint && again.traits.rtcp_mux &&
                 again.traits.secure && again.traits.feedback);
  media_session_release (session);
  clear (&offer);
  clear (&answer);
  clear (&again);
}

/* Phones that are called: by the transport they have registered with. */
static void
test_toward_phone (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Rtpengine) rtpengine = connect_to (fixture->one, NULL);
  MediaSide phone = { .family = G_SOCKET_FAMILY_INVALID };
  MediaSession *session;
  Answer offer, answer;

  media_transport_for_sip ("tls", &phone.transport);
  session = media_session_new (&options, rtpengine, &phone, &plain);
  offer = translate (session, MEDIA_PBX, MEDIA_OFFER, PLAIN);
  answer = translate (session, MEDIA_PHONE, MEDIA_ANSWER, SDES);
  g_assert_nonnull (strstr (offer.sdp, " RTP/SAVP 0 8 101\r\n"));
  g_assert_nonnull (strstr (offer.sdp, "AES_CM_128_HMAC_SHA1_80"));
  g_assert_null (strstr (offer.sdp, "NULL_HMAC"));
  g_assert_null (strstr (offer.sdp, "F8_128"));
  g_assert_false (offer.traits.ice || offer.traits.fingerprint || offer.traits.rtcp_mux);
  g_assert_nonnull (strstr (answer.sdp, " RTP/AVP 0\r\n"));
  g_assert_false (answer.traits.crypto);
  media_session_release (session);
  clear (&offer);
  clear (&answer);

  media_transport_for_sip ("wss", &phone.transport);
  session = media_session_new (&options, rtpengine, &phone, &plain);
  offer = translate (session, MEDIA_PBX, MEDIA_OFFER, PLAIN);
  g_assert_nonnull (strstr (offer.sdp, " UDP/TLS/RTP/SAVPF 0 8 101\r\n"));
  g_assert_true (offer.traits.ice && offer.traits.fingerprint && offer.traits.rtcp_mux);
  g_assert_false (offer.traits.crypto);
  media_session_release (session);
  clear (&offer);
  wait_until (count_calls (fixture->one) == 0);
}

/* A key of 256 bits is 46 bytes with its salt, so base64 ends with "==". */
static void
assert_padded (const gchar *sdp)
{
  static const gchar key[] = "AES_256_CM_HMAC_SHA1_80 inline:[A-Za-z0-9+/]{62}==[|\r]";

  g_assert_true (g_regex_match_simple (key, sdp, 0, 0));
}

static void
test_padding (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Rtpengine) rtpengine = connect_to (fixture->one, NULL);
  MediaSide phone = { .family = G_SOCKET_FAMILY_INVALID };
  MediaSession *session;
  Answer offer, answer;

  media_transport_for_sip ("tls", &phone.transport);
  session = media_session_new (&options, rtpengine, &phone, &plain);
  offer = translate (session, MEDIA_PBX, MEDIA_OFFER, PLAIN);
  assert_padded (offer.sdp);
  media_session_release (session);
  clear (&offer);

  session = media_session_new (&options, rtpengine, &plain, &plain);
  g_assert_cmpint (outcome_of (session, MEDIA_PHONE, MEDIA_OFFER, LONG_KEY), ==, MEDIA_DONE);
  answer = translate (session, MEDIA_PBX, MEDIA_ANSWER, PLAIN);
  assert_padded (answer.sdp);
  media_session_release (session);
  clear (&answer);
  wait_until (count_calls (fixture->one) == 0);
}

static void
assert_port_alone_changed (const gchar *sdp, const gchar *before, const gchar *port)
{
  g_auto (GStrv) halves = g_strsplit (before, port, 2);
  const gchar *here = strstr (sdp, halves[0]);

  g_assert_nonnull (here);
  here += strlen (halves[0]);
  g_assert_false (g_str_has_prefix (here, port));
  while (g_ascii_isdigit (*here))
    here++;
  g_assert_true (g_str_has_prefix (here, halves[1]));
}

/* A call that turns to fax, with a stream that rtpengine knows nothing of beside it. */
static void
test_fax (Fixture *fixture, gconstpointer data)
{
  static const gchar *const phones[] = { "udp", "tls", "wss" };
  g_autoptr (Rtpengine) rtpengine = connect_to (fixture->one, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (phones); i++) {
    MediaSide phone = { .family = G_SOCKET_FAMILY_INVALID };
    MediaSession *session;
    Answer offer, answer;

    media_transport_for_sip (phones[i], &phone.transport);
    session = media_session_new (&options, rtpengine, &phone, &plain);
    g_assert_cmpint (outcome_of (session, MEDIA_PBX, MEDIA_OFFER, PLAIN), ==, MEDIA_DONE);
    g_assert_cmpint (outcome_of (session, MEDIA_PHONE, MEDIA_ANSWER, PLAIN), ==, MEDIA_DONE);
    offer = translate (session, MEDIA_PBX, MEDIA_OFFER, PLAIN FAX FLOOR);
    answer = translate (session, MEDIA_PHONE, MEDIA_ANSWER, PLAIN FAX FLOOR);
    assert_port_alone_changed (offer.sdp, FAX, "4002");
    assert_port_alone_changed (offer.sdp, FLOOR, "9002");
    assert_port_alone_changed (answer.sdp, FAX, "4002");
    assert_port_alone_changed (answer.sdp, FLOOR, "9002");
    g_assert_null (strstr (offer.sdp, "10.0.0.5"));
    clear (&offer);
    clear (&answer);
    offer = translate (session, MEDIA_PHONE, MEDIA_OFFER, NO_AUDIO FAX);
    assert_port_alone_changed (offer.sdp, FAX, "4002");
    g_assert_nonnull (strstr (offer.sdp, "m=audio 0 RTP/"));
    clear (&offer);
    media_session_release (session);
  }
  wait_until (count_calls (fixture->one) == 0);
}

/* INVITE without SDP: who is called offers and the caller answers in its ACK. */
static void
test_late_offer (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Rtpengine) rtpengine = connect_to (fixture->one, NULL);
  MediaSession *session = media_session_new (&options, rtpengine, &plain, &plain);

  g_assert_cmpint (outcome_of (session, MEDIA_PHONE, MEDIA_ANSWER, PLAIN), ==, MEDIA_UNAVAILABLE);
  g_assert_cmpint (outcome_of (session, MEDIA_PHONE, MEDIA_OFFER, PLAIN), ==, MEDIA_DONE);
  g_assert_cmpint (outcome_of (session, MEDIA_PBX, MEDIA_ANSWER, PLAIN), ==, MEDIA_DONE);
  g_assert_cmpint (outcome_of (session, MEDIA_PBX, MEDIA_ANSWER, PLAIN), ==, MEDIA_DONE);
  media_session_release (session);
  wait_until (count_calls (fixture->one) == 0);
}

/* What real devices send beside what RFC 4566 asks of them. */
static void
test_oddities (Fixture *fixture, gconstpointer data)
{
  static const gchar *const odd[] = {
    "v=0\no=- 1 1 IN IP4 10.0.0.5\ns=-\nc=IN IP4 10.0.0.5\nt=0 0\n" AUDIO "\na=x-last:1\n",
    "v=0\r\ns=-\r\nc=IN IP4 10.0.0.5\r\nt=0 0\r\n" AUDIO "\r\na=x-last:1\r\n",
    "v=0\r\no=- 1 1 IN IP4 10.0.0.5\r\n" AUDIO "\r\nc=IN IP4 10.0.0.6\r\na=x-last:1",
    "v=0\r\no=- 1 1 IN IP4 10.0.0.5\r\ns=\r\nc=IN IP4 10.0.0.5\r\nt=0 0\r\n" AUDIO
    "\r\nc=IN IP4 10.0.0.6\r\na=rtcp:4009 IN IP4 10.0.0.7\r\na=x-last:1\r\n",
    "v=0\r\no=- 1 1 IN IP6 2001:db8::5\r\ns=-\r\nc=IN IP6 2001:db8::5\r\nt=0 0\r\n" AUDIO
    "\r\na=x-last:1\r\n",
  };
  g_autoptr (Rtpengine) rtpengine = connect_to (fixture->one, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (odd); i++) {
    MediaSession *session = media_session_new (&options, rtpengine, &plain, &plain);
    Answer offer = translate (session, MEDIA_PBX, MEDIA_OFFER, odd[i]);

    g_assert_cmpint (offer.outcome, ==, MEDIA_DONE);
    g_assert_null (strstr (offer.sdp, "10.0.0."));
    g_assert_null (strstr (offer.sdp, "2001:db8"));
    g_assert_true (g_regex_match_simple ("\na=x-last:1\r?\n", offer.sdp, 0, 0));
    media_session_release (session);
    clear (&offer);
  }
  wait_until (count_calls (fixture->one) == 0);
}

static void
test_refused (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Rtpengine) rtpengine = connect_to (fixture->one, NULL);
  MediaSession *session = media_session_new (&options, rtpengine, &plain, &plain);
  Answer answer = translate (session, MEDIA_PBX, MEDIA_OFFER, "no session description");

  g_assert_cmpint (answer.outcome, ==, MEDIA_REFUSED);
  g_assert_cmpstr (answer.problem, ==, "Failed to parse SDP");
  g_assert_null (answer.sdp);
  g_assert_cmpint (outcome_of (session, MEDIA_PBX, MEDIA_OFFER, PLAIN), ==, MEDIA_DONE);
  media_session_release (session);
  wait_until (count_calls (fixture->one) == 0);
  clear (&answer);
}

/* Several bodies at once come back in their order; a session that is released under way ends. */
static void
test_queue (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Rtpengine) rtpengine = connect_to (fixture->one, NULL);
  MediaSession *session = media_session_new (&options, rtpengine, &plain, &plain);
  Answer first = { 0 }, second = { 0 }, third = { 0 };
  gint64 deletes = counters_get (COUNTER_MEDIA_DELETES);

  media_session_translate (session, MEDIA_PBX, MEDIA_OFFER, PLAIN, strlen (PLAIN), on_result,
                           &first);
  media_session_translate (session, MEDIA_PHONE, MEDIA_ANSWER, PLAIN, strlen (PLAIN), on_result,
                           &second);
  wait_until (second.done);
  g_assert_true (first.done);
  g_assert_cmpint (second.outcome, ==, MEDIA_DONE);
  media_session_translate (session, MEDIA_PBX, MEDIA_OFFER, PLAIN, strlen (PLAIN), on_result,
                           &third);
  media_session_release (session);
  g_assert_true (third.done);
  g_assert_cmpint (third.outcome, ==, MEDIA_RELEASED);
  wait_until (counters_get (COUNTER_MEDIA_SESSIONS_OPEN) == 0);
  wait_until (count_calls (fixture->one) == 0);
  wait_until (counters_get (COUNTER_MEDIA_DELETES) > deletes);
  let_pass (200); /* for a second one */
  g_assert_cmpint (counters_get (COUNTER_MEDIA_DELETES), ==, deletes + 1);
  clear (&first);
  clear (&second);
}

/* One that stands still costs the first call its deadline and the next ones nothing. */
static void
test_slow (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Rtpengine) rtpengine = connect_to (fixture->one, NULL);
  MediaSession *session = media_session_new (&options, rtpengine, &plain, &plain);
  MediaSession *next = media_session_new (&options, rtpengine, &plain, &plain);
  gint64 begun = clock_now (), repeated = counters_get (COUNTER_MEDIA_NG_REPEATED);
  Answer answer;

  rtpengine_process_pause (fixture->one);
  answer = translate (session, MEDIA_PBX, MEDIA_OFFER, PLAIN);
  g_assert_cmpint (answer.outcome, ==, MEDIA_UNAVAILABLE);
  g_assert_cmpstr (answer.problem, ==, "rtpengine did not reply in time");
  g_assert_cmpint (clock_now () - begun, >=, DEADLINE_MS * 1000);
  g_assert_cmpint (clock_now () - begun, <, 2 * DEADLINE_MS * 1000);
  g_assert_cmpint (counters_get (COUNTER_MEDIA_NG_REPEATED), >, repeated);
  clear (&answer);

  begun = clock_now ();
  answer = translate (next, MEDIA_PBX, MEDIA_OFFER, PLAIN);
  g_assert_cmpint (answer.outcome, ==, MEDIA_UNAVAILABLE);
  g_assert_cmpstr (answer.problem, ==, "no rtpengine is up");
  g_assert_cmpint (clock_now () - begun, <, DEADLINE_MS * 1000);
  g_assert_cmpuint (n_up (rtpengine), ==, 0);
  clear (&answer);
  media_session_release (session);
  media_session_release (next);

  /* It wakes and does what was asked of it in the meantime; the call that it has begun then is
   * ended. Its late reply reaches nobody if the socket was renewed since. */
  rtpengine_process_continue (fixture->one);
  wait_until (n_up (rtpengine) == 1);
  wait_until (count_calls (fixture->one) == 0);
  session = media_session_new (&options, rtpengine, &plain, &plain);
  g_assert_cmpint (outcome_of (session, MEDIA_PBX, MEDIA_OFFER, PLAIN), ==, MEDIA_DONE);
  media_session_release (session);
  wait_until (count_calls (fixture->one) == 0);
}

static void
test_dead (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Rtpengine) rtpengine = connect_to (fixture->one, NULL);
  MediaSession *session = media_session_new (&options, rtpengine, &plain, &plain);
  gint64 begun;

  g_assert_cmpint (outcome_of (session, MEDIA_PBX, MEDIA_OFFER, PLAIN), ==, MEDIA_DONE);
  rtpengine_process_stop (fixture->one);
  begun = clock_now ();
  g_assert_cmpint (outcome_of (session, MEDIA_PHONE, MEDIA_ANSWER, PLAIN), ==, MEDIA_UNAVAILABLE);
  g_assert_cmpint (clock_now () - begun, <, DEADLINE_MS * 1000);
  media_session_release (session);

  rtpengine_process_start (fixture->one);
  wait_until (n_up (rtpengine) == 1);
  session = media_session_new (&options, rtpengine, &plain, &plain);
  g_assert_cmpint (outcome_of (session, MEDIA_PBX, MEDIA_OFFER, PLAIN), ==, MEDIA_DONE);
  media_session_release (session);
  wait_until (count_calls (fixture->one) == 0);
}

/* New calls go to the second; the call at the first stays there, and nothing is left anywhere. */
static void
test_failover (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Rtpengine) rtpengine = connect_to (fixture->one, fixture->other);
  MediaSession *session = media_session_new (&options, rtpengine, &plain, &plain);
  MediaSession *next = media_session_new (&options, rtpengine, &plain, &plain);
  gint64 failovers = counters_get (COUNTER_MEDIA_FAILOVERS);

  g_assert_cmpint (outcome_of (session, MEDIA_PBX, MEDIA_OFFER, PLAIN), ==, MEDIA_DONE);
  g_assert_cmpint (count_calls (fixture->one), ==, 1);
  g_assert_cmpint (count_calls (fixture->other), ==, 0);

  rtpengine_process_pause (fixture->one);
  g_assert_cmpint (outcome_of (next, MEDIA_PBX, MEDIA_OFFER, PLAIN), ==, MEDIA_DONE);
  g_assert_cmpint (counters_get (COUNTER_MEDIA_FAILOVERS), ==, failovers + 1);
  g_assert_cmpint (count_calls (fixture->other), ==, 1);
  g_assert_cmpint (outcome_of (session, MEDIA_PHONE, MEDIA_ANSWER, PLAIN), ==, MEDIA_UNAVAILABLE);
  g_assert_cmpint (outcome_of (next, MEDIA_PHONE, MEDIA_ANSWER, PLAIN), ==, MEDIA_DONE);
  media_session_release (session);
  media_session_release (next);
  wait_until (count_calls (fixture->other) == 0);

  rtpengine_process_continue (fixture->one);
  wait_until (count_calls (fixture->one) == 0);
}

/* Another rtpengine is listed: calls go on where they are, new ones go there, and nothing stays. */
static void
test_changed (Fixture *fixture, gconstpointer data)
{
  const gchar *const other[] = { fixture->other->address, NULL };
  const gchar *const wrong[] = { fixture->other->address, "udp:nowhere", NULL };
  g_autoptr (Rtpengine) rtpengine = connect_to (fixture->one, NULL);
  MediaSession *session = media_session_new (&options, rtpengine, &plain, &plain);
  MediaSession *next = media_session_new (&options, rtpengine, &plain, &plain);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (outcome_of (session, MEDIA_PBX, MEDIA_OFFER, PLAIN), ==, MEDIA_DONE);
  g_assert_false (rtpengine_set_instances (rtpengine, wrong, &error));
  g_assert_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_CONFIG);
  g_assert_true (rtpengine_set_instances (rtpengine, other, NULL));
  g_assert_cmpint (outcome_of (next, MEDIA_PBX, MEDIA_OFFER, PLAIN), ==, MEDIA_DONE);
  g_assert_cmpint (outcome_of (session, MEDIA_PHONE, MEDIA_ANSWER, PLAIN), ==, MEDIA_DONE);
  g_assert_cmpint (count_calls (fixture->one), ==, 1);
  g_assert_cmpint (count_calls (fixture->other), ==, 1);
  let_pass (1200); /* it is looked after whom nobody needs any more */
  g_assert_cmpint (outcome_of (session, MEDIA_PBX, MEDIA_OFFER, PLAIN), ==, MEDIA_DONE);
  media_session_release (session);
  media_session_release (next);
  wait_until (count_calls (fixture->one) == 0);
  wait_until (count_calls (fixture->other) == 0);
  let_pass (1200);

  /* None is left, and then the first one is back. */
  g_assert_true (rtpengine_set_instances (rtpengine, other + 1, NULL));
  session = media_session_new (&options, rtpengine, &plain, &plain);
  g_assert_cmpint (outcome_of (session, MEDIA_PBX, MEDIA_OFFER, PLAIN), ==, MEDIA_UNAVAILABLE);
  g_assert_true (rtpengine_set_instances (rtpengine,
                                          (const gchar *const[]){ fixture->one->address, NULL },
                                          NULL));
  g_assert_cmpint (outcome_of (session, MEDIA_PBX, MEDIA_OFFER, PLAIN), ==, MEDIA_DONE);
  media_session_release (session);
  wait_until (count_calls (fixture->one) == 0);
}

/* An earlier run of this daemon left calls behind, another daemon has one there. */
static void
test_leftovers (Fixture *fixture, gconstpointer data)
{
  Rtpengine *earlier = connect_labelled ("test", fixture->one, NULL);
  Rtpengine *stranger = connect_labelled ("tester", fixture->one, NULL);
  MediaSession *sessions[3];
  Rtpengine *now;

  for (gsize i = 0; i < G_N_ELEMENTS (sessions); i++) {
    sessions[i] = media_session_new (&options, i ? earlier : stranger, &plain, &plain);
    g_assert_cmpint (outcome_of (sessions[i], MEDIA_PBX, MEDIA_OFFER, PLAIN), ==, MEDIA_DONE);
  }
  g_assert_cmpint (count_calls (fixture->one), ==, 3);
  now = connect_labelled ("test", fixture->one, NULL);
  wait_until (count_calls (fixture->one) == 1);
  g_assert_cmpint (counters_get (COUNTER_MEDIA_LEFTOVERS), ==, 2);
  for (gsize i = 0; i < G_N_ELEMENTS (sessions); i++)
    media_session_release (sessions[i]);
  wait_until (count_calls (fixture->one) == 0);
  rtpengine_free (now);
  rtpengine_free (earlier);
  rtpengine_free (stranger);
}

/* ---- sound ---- */

/* A socket on loopback, where RTP comes and goes. */
static int
open_port (guint *port)
{
  struct sockaddr_in name = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t size = sizeof name;
  int fd = socket (AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

  g_assert_cmpint (bind (fd, (struct sockaddr *) &name, size), ==, 0);
  g_assert_cmpint (getsockname (fd, (struct sockaddr *) &name, &size), ==, 0);
  *port = ntohs (name.sin_port);
  return fd;
}

static gchar *
body_at (guint port, const gchar *profile, const gchar *more)
{
  return g_strdup_printf ("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\n"
                          "t=0 0\r\nm=audio %u %s 0\r\n%s",
                          port, profile, more);
}

static guint
port_in (const gchar *sdp)
{
  const gchar *media = strstr (sdp, "m=audio ");

  g_assert_nonnull (media);
  return (guint) g_ascii_strtoull (media + strlen ("m=audio "), NULL, 10);
}

#define HEAD 4 /* bytes by which a packet is known: of RTP they end with its number */

/* Whether a packet that @from sends to a port of rtpengine comes out at @at. */
static gboolean
comes_through (int from, guint port, int at, const guint8 *packet, gsize size)
{
  struct sockaddr_in name = { .sin_family = AF_INET,
                              .sin_port = htons ((guint16) port),
                              .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  guint8 come[256];

  while (recv (at, come, sizeof come, 0) > 0)
    continue;
  sendto (from, packet, size, 0, (struct sockaddr *) &name, sizeof name);
  for (guint i = 0; i < 5; i++) {
    let_pass (10);
    while (recv (at, come, sizeof come, 0) > 0)
      if (memcmp (come, packet, HEAD) == 0) /* not one that was sent before, and is late */
        return TRUE;
  }
  return FALSE;
}

/* The same of sound. */
static gboolean
hears (int from, guint port, int at)
{
  static guint8 number;
  guint8 packet[172] = { 0x80, 0 };
  gboolean heard = FALSE;

  packet[11] = (guint8) from;
  for (guint i = 0; i < 4 && !heard; i++) {
    packet[3] = packet[7] = ++number;
    heard = comes_through (from, port, at, packet, sizeof packet);
  }
  return heard;
}

/* A phone that sends all in one stream, and a PBX that wants RTCP at another port (RFC 5761). */
static void
test_rtcp (Fixture *fixture, gconstpointer data)
{
  static const guint8 report[] = { 0x80, 200, 0, 6, [4] = 1, [27] = 0 };
  g_autoptr (Rtpengine) rtpengine = connect_to (fixture->one, NULL);
  MediaSession *session = media_session_new (&options, rtpengine, &plain, &plain);
  guint phone_port, pbx_port, rtcp_port;
  int phone = open_port (&phone_port), pbx = open_port (&pbx_port), rtcp = open_port (&rtcp_port);
  g_autofree gchar *own = g_strdup_printf ("a=rtcp:%u\r\n", rtcp_port);
  g_autofree gchar *phone_body = body_at (phone_port, "RTP/AVP", "a=rtcp-mux\r\n");
  g_autofree gchar *pbx_body = body_at (pbx_port, "RTP/AVP", own);
  Answer offer = translate (session, MEDIA_PHONE, MEDIA_OFFER, phone_body);
  Answer answer = translate (session, MEDIA_PBX, MEDIA_ANSWER, pbx_body);

  g_assert_false (offer.traits.rtcp_mux);
  g_assert_true (answer.traits.rtcp_mux);
  wait_until (hears (phone, port_in (answer.sdp), pbx));
  wait_until (hears (pbx, port_in (offer.sdp), phone));
  wait_until (comes_through (phone, port_in (answer.sdp), rtcp, report, sizeof report));
  wait_until (comes_through (rtcp, port_in (offer.sdp) + 1, phone, report, sizeof report));
  media_session_release (session);
  clear (&offer);
  clear (&answer);
  close (phone);
  close (pbx);
  close (rtcp);
  wait_until (count_calls (fixture->one) == 0);
}

/* A phone that has IPv6 only, and a PBX that knows nothing of it. */
static void
test_families (Fixture *fixture, gconstpointer data)
{
  static const MediaSide ipv4 = { .family = G_SOCKET_FAMILY_IPV4 };
  static const MediaSide ipv6 = { .family = G_SOCKET_FAMILY_IPV6 };
  g_autoptr (Rtpengine) rtpengine = connect_to (fixture->one, NULL);
  MediaSession *session = media_session_new (&options, rtpengine, &ipv6, &ipv4);
  Answer offer = translate (session, MEDIA_PBX, MEDIA_OFFER, PLAIN);
  Answer answer = translate (session, MEDIA_PHONE, MEDIA_ANSWER, PLAIN_IPV6);
  Answer again = translate (session, MEDIA_PHONE, MEDIA_OFFER, PLAIN_IPV6);

  g_assert_nonnull (strstr (offer.sdp, "c=IN IP6 ::1\r\n"));
  g_assert_nonnull (strstr (answer.sdp, "c=IN IP4 127.0.0.1\r\n"));
  g_assert_nonnull (strstr (again.sdp, "c=IN IP4 127.0.0.1\r\n"));
  media_session_release (session);
  clear (&offer);
  clear (&answer);
  clear (&again);
  wait_until (count_calls (fixture->one) == 0);
}

/* Who answers to a stream that is switched off says nothing of how it takes its media. */
static void
test_switched_off (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Rtpengine) rtpengine = connect_to (fixture->one, NULL);
  MediaSession *session = media_session_new (&options, rtpengine, &plain, &plain);
  Answer again;

  g_assert_cmpint (outcome_of (session, MEDIA_PHONE, MEDIA_OFFER, BROWSER), ==, MEDIA_DONE);
  g_assert_cmpint (outcome_of (session, MEDIA_PBX, MEDIA_ANSWER, PLAIN), ==, MEDIA_DONE);
  g_assert_cmpint (outcome_of (session, MEDIA_PBX, MEDIA_OFFER, NO_AUDIO), ==, MEDIA_DONE);
  g_assert_cmpint (outcome_of (session, MEDIA_PHONE, MEDIA_ANSWER, NO_BROWSER_AUDIO), ==,
                   MEDIA_DONE);
  again = translate (session, MEDIA_PBX, MEDIA_OFFER, PLAIN);
  g_assert_true (again.traits.ice && again.traits.fingerprint && again.traits.rtcp_mux);
  g_assert_false (again.traits.crypto);
  media_session_release (session);
  clear (&again);
  wait_until (count_calls (fixture->one) == 0);
}

/* As rtpengine 12.5 refuses all bodies without a stream, and each one bodies with names. */
static void
test_switched_off_and_refused (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Rtpengine) rtpengine = connect_to (fixture->one, NULL);
  MediaSession *session = media_session_new (&options, rtpengine, &plain, &plain);
  Answer off;

  g_assert_cmpint (outcome_of (session, MEDIA_PHONE, MEDIA_OFFER, PLAIN), ==, MEDIA_DONE);
  g_assert_cmpint (outcome_of (session, MEDIA_PBX, MEDIA_ANSWER, PLAIN), ==, MEDIA_DONE);
  off = translate (session, MEDIA_PBX, MEDIA_OFFER, NO_AUDIO_AT_A_NAME);
  g_assert_cmpint (off.outcome, ==, MEDIA_DONE);
  g_assert_cmpstr (off.sdp, ==, NO_AUDIO_AT_A_NAME);
  clear (&off);
  g_assert_cmpint (outcome_of (session, MEDIA_PHONE, MEDIA_ANSWER, NO_AUDIO), ==, MEDIA_DONE);
  g_assert_cmpint (outcome_of (session, MEDIA_PBX, MEDIA_OFFER, PLAIN), ==, MEDIA_DONE);
  g_assert_cmpint (outcome_of (session, MEDIA_PHONE, MEDIA_ANSWER, PLAIN), ==, MEDIA_DONE);
  media_session_release (session);
  wait_until (count_calls (fixture->one) == 0);
}

/* By whatever way it has registered: it may have changed networks since. */
static void
test_moved (Fixture *fixture, gconstpointer data)
{
  static const MediaSide ipv4 = { .family = G_SOCKET_FAMILY_IPV4 };
  g_autoptr (Rtpengine) rtpengine = connect_to (fixture->one, NULL);
  MediaSession *session = media_session_new (&options, rtpengine, &ipv4, &ipv4);
  Answer offer = translate (session, MEDIA_PHONE, MEDIA_OFFER, PLAIN_IPV6);
  Answer answer = translate (session, MEDIA_PBX, MEDIA_ANSWER, PLAIN);
  Answer held = translate (session, MEDIA_PHONE, MEDIA_OFFER, NOWHERE);
  Answer kept = translate (session, MEDIA_PBX, MEDIA_ANSWER, PLAIN);
  Answer again = translate (session, MEDIA_PBX, MEDIA_OFFER, PLAIN);

  g_assert_nonnull (strstr (offer.sdp, "c=IN IP4 127.0.0.1\r\n"));
  g_assert_nonnull (strstr (answer.sdp, "c=IN IP6 ::1\r\n"));
  g_assert_nonnull (strstr (again.sdp, "c=IN IP6 ::1\r\n"));
  media_session_release (session);
  clear (&offer);
  clear (&answer);
  clear (&held);
  clear (&kept);
  clear (&again);
  wait_until (count_calls (fixture->one) == 0);
}

/* A phone and a PBX that have agreed on plain sound, and what each was told of the other. */
typedef struct {
  guint phone_port;
  int phone, pbx;
  gchar *phone_body, *pbx_body;
  Answer offer, answer;
} Talk;

static void
talk_begin (Talk *talk, MediaSession *session, const gchar *beside)
{
  guint pbx_port;

  talk->phone = open_port (&talk->phone_port);
  talk->pbx = open_port (&pbx_port);
  talk->phone_body = body_at (talk->phone_port, "RTP/AVP", beside);
  talk->pbx_body = body_at (pbx_port, "RTP/AVP", beside);
  talk->offer = translate (session, MEDIA_PHONE, MEDIA_OFFER, talk->phone_body);
  talk->answer = translate (session, MEDIA_PBX, MEDIA_ANSWER, talk->pbx_body);
}

/* The PBX's answer is repeated. */
static void
answer_again (Talk *talk, MediaSession *session)
{
  clear (&talk->answer);
  talk->answer = translate (session, MEDIA_PBX, MEDIA_ANSWER, talk->pbx_body);
}

static gboolean
pbx_hears (const Talk *talk)
{
  return hears (talk->phone, port_in (talk->answer.sdp), talk->pbx);
}

static gboolean
phone_hears (const Talk *talk)
{
  return hears (talk->pbx, port_in (talk->offer.sdp), talk->phone);
}

static void
talk_end (Talk *talk)
{
  clear (&talk->offer);
  clear (&talk->answer);
  g_free (talk->phone_body);
  g_free (talk->pbx_body);
  close (talk->phone);
  close (talk->pbx);
}

/* Hold as RFC 2543 had it: no sound goes there until the next offer. */
static void
test_hold (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Rtpengine) rtpengine = connect_to (fixture->one, NULL);
  MediaSession *session = media_session_new (&options, rtpengine, &plain, &plain);
  Talk talk;

  talk_begin (&talk, session, "");
  wait_until (pbx_hears (&talk));
  g_assert_cmpint (outcome_of (session, MEDIA_PBX, MEDIA_OFFER, NOWHERE), ==, MEDIA_DONE);
  g_assert_cmpint (outcome_of (session, MEDIA_PHONE, MEDIA_ANSWER, talk.phone_body), ==, MEDIA_DONE);
  g_assert_false (pbx_hears (&talk));
  g_assert_cmpint (outcome_of (session, MEDIA_PBX, MEDIA_OFFER, talk.pbx_body), ==, MEDIA_DONE);
  g_assert_cmpint (outcome_of (session, MEDIA_PHONE, MEDIA_ANSWER, talk.phone_body), ==, MEDIA_DONE);
  wait_until (pbx_hears (&talk));
  wait_until (phone_hears (&talk));
  media_session_release (session);
  talk_end (&talk);
  wait_until (count_calls (fixture->one) == 0);
}

/* What the phone offers inside the call, and the PBX refuses. */
typedef struct {
  const gchar *beside; /* the sound that was agreed */
  const gchar *profile;
  const gchar *more;
  gboolean moves;
} Offer;

/* The old session goes on as if nothing had been offered (RFC 3261 14.1): the same ports at
 * rtpengine lead to the same places, and the phone is taken for what it was. */
static void
test_offer_refused (Fixture *fixture, gconstpointer data)
{
  static const Offer offers[] = {
    { "", "RTP/AVP", "", TRUE },
    { FAX FLOOR, "RTP/AVP", FAX FLOOR, TRUE },
    { "", "RTP/SAVP",
      "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:NWuTltvwkwopU1YrWWA2rsiOPHtwKa7vjyfQqotE\r\n",
      FALSE },
  };
  g_autoptr (Rtpengine) rtpengine = connect_to (fixture->one, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (offers); i++) {
    MediaSession *session = media_session_new (&options, rtpengine, &plain, &plain);
    guint other_port;
    int other = open_port (&other_port);
    g_autofree gchar *refused = NULL;
    gint64 counted;
    Talk talk;

    talk_begin (&talk, session, offers[i].beside);
    refused = body_at (offers[i].moves ? other_port : talk.phone_port, offers[i].profile,
                       offers[i].more);
    media_session_refused (session, MEDIA_PHONE); /* nothing was */
    wait_until (pbx_hears (&talk));
    wait_until (phone_hears (&talk));
    g_assert_cmpint (outcome_of (session, MEDIA_PHONE, MEDIA_OFFER, refused), ==, MEDIA_DONE);
    media_session_refused (session, MEDIA_PBX); /* it is not the PBX's */
    g_assert_false (phone_hears (&talk));

    counted = counters_get (COUNTER_MEDIA_OFFERS);
    media_session_refused (session, MEDIA_PHONE);
    answer_again (&talk, session); /* it comes last */
    g_assert_cmpint (counters_get (COUNTER_MEDIA_OFFERS), ==, counted);
    wait_until (pbx_hears (&talk));
    wait_until (phone_hears (&talk));
    clear (&talk.offer);
    talk.offer = translate (session, MEDIA_PBX, MEDIA_OFFER, talk.pbx_body);
    g_assert_nonnull (strstr (talk.offer.sdp, " RTP/AVP 0\r\n"));
    media_session_release (session);
    talk_end (&talk);
    close (other);
  }
  wait_until (count_calls (fixture->one) == 0);
}

/* It waits until rtpengine has gone back from the one before, and is refused meanwhile. */
static void
test_offer_refused_before_its_turn (Fixture *fixture, gconstpointer data)
{
  g_autoptr (Rtpengine) rtpengine = connect_to (fixture->one, NULL);
  MediaSession *session = media_session_new (&options, rtpengine, &plain, &plain);
  guint other_port;
  int other = open_port (&other_port);
  g_autofree gchar *refused = body_at (other_port, "RTP/AVP", "");
  Answer withdrawn = { 0 };
  Talk talk;

  talk_begin (&talk, session, "");
  g_assert_cmpint (outcome_of (session, MEDIA_PHONE, MEDIA_OFFER, refused), ==, MEDIA_DONE);
  media_session_refused (session, MEDIA_PHONE);
  media_session_translate (session, MEDIA_PHONE, MEDIA_OFFER, refused, strlen (refused), on_result,
                           &withdrawn);
  media_session_refused (session, MEDIA_PHONE);
  g_assert_cmpint (withdrawn.outcome, ==, MEDIA_RELEASED);
  answer_again (&talk, session); /* it comes last */
  wait_until (pbx_hears (&talk));
  wait_until (phone_hears (&talk));
  media_session_release (session);
  wait_until (count_calls (fixture->one) == 0);
  talk_end (&talk);
  clear (&withdrawn);
  close (other);
}

static void
test_without_rtpengine (void)
{
  static const MediaOptions direct = { .mode = MEDIA_DIRECT };
  static const MediaOptions address = { .mode = MEDIA_ADDRESS, .address = "203.0.113.7" };
  MediaSession *session = media_session_new (&direct, NULL, &plain, &plain);
  Answer answer = translate (session, MEDIA_PBX, MEDIA_OFFER, PLAIN);

  g_assert_cmpstr (answer.sdp, ==, PLAIN);
  clear (&answer);
  media_session_release (session);

  session = media_session_new (&address, NULL, &plain, &plain);
  answer = translate (session, MEDIA_PBX, MEDIA_OFFER, PLAIN);
  g_assert_nonnull (strstr (answer.sdp, "c=IN IP4 203.0.113.7\r\nt=0 0\r\nm=audio 4000 "));
  g_assert_null (strstr (answer.sdp, "10.0.0.5"));
  clear (&answer);
  answer = translate (session, MEDIA_PHONE, MEDIA_ANSWER, SDES);
  g_assert_cmpstr (answer.sdp, ==, SDES);
  clear (&answer);
  media_session_release (session);
}

static void
add (const gchar *path, gconstpointer two, void (*test) (Fixture *, gconstpointer))
{
  if (rtpengine_process_exists ())
    g_test_add (path, Fixture, two, set_up, test, tear_down);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  /* That an rtpengine is down is worth a warning and no reason to end the test. */
  g_log_set_always_fatal (G_LOG_FATAL_MASK | G_LOG_LEVEL_CRITICAL);
  g_test_add_func ("/media-session/without-rtpengine", test_without_rtpengine);
  add ("/media-session/call", NULL, test_call);
  add ("/media-session/browser", NULL, test_browser);
  add ("/media-session/toward-phone", NULL, test_toward_phone);
  add ("/media-session/padding", NULL, test_padding);
  add ("/media-session/fax", NULL, test_fax);
  add ("/media-session/late-offer", NULL, test_late_offer);
  add ("/media-session/oddities", NULL, test_oddities);
  add ("/media-session/refused", NULL, test_refused);
  add ("/media-session/rtcp", NULL, test_rtcp);
  add ("/media-session/families", NULL, test_families);
  add ("/media-session/moved", NULL, test_moved);
  add ("/media-session/switched-off", NULL, test_switched_off);
  add ("/media-session/switched-off-and-refused", NULL, test_switched_off_and_refused);
  add ("/media-session/hold", NULL, test_hold);
  add ("/media-session/offer-refused", NULL, test_offer_refused);
  add ("/media-session/offer-refused-before-its-turn", NULL, test_offer_refused_before_its_turn);
  add ("/media-session/queue", NULL, test_queue);
  add ("/media-session/slow", NULL, test_slow);
  add ("/media-session/dead", NULL, test_dead);
  add ("/media-session/failover", "two", test_failover);
  add ("/media-session/changed", "two", test_changed);
  add ("/media-session/leftovers", NULL, test_leftovers);
  return g_test_run ();
}
