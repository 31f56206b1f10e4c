/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ng-message: the requests of rtpengine's NG protocol and what it replies. ng-peer sends them.
 *
 * Written for rtpengine 10.5, which Debian 12 has. It knows neither "SDES-only" nor "SDES-nonew",
 * so the suites that nobody should use are named one by one; it takes c=0.0.0.0 for hold unless
 * the body announces trickle ICE; it answers a delete of an unknown call with "ok" and a warning.
 */
#include "media/ng-message.h"

#include "base/error.h"
#include "media/bencode.h"

#include <string.h>

#define MAX_REASON 200
#define ROOM 192        /* of a request, the cookie in front of it included */
#define MEDIA_ROOM 1024 /* of an offer or answer, beside its session description */

/* What is the same in each request stands here as it is sent. */
#define PING "d7:command4:pinge"
#define LIST "d7:command4:list5:limiti" G_STRINGIFY (NG_LIST_LIMIT) "ee"
#define OFFER "d7:command5:offer"
#define ANSWER "d7:command6:answer"
#define DELETE "d7:command6:delete12:delete-delayi0e"
#define REPLACE "7:replacel6:origin18:session-connectione"
#define ICE "3:ICE5:force"
#define NO_ICE "3:ICE6:remove"
#define MUX "8:rtcp-muxl5:offer6:accepte"
#define DEMUX "8:rtcp-muxl5:demux6:accepte"
#define PADDED_SDES "4:SDESl3:pade"
#define NO_SDES "4:SDESl3:offe"
#define NO_DTLS "4:DTLS3:off"

#define PUT(out, text) g_string_append_len (out, text, sizeof text - 1)

/* With room for the cookie in front, so that nothing must move for it. */
static GString *
begin (gsize room)
{
  return g_string_set_size (g_string_sized_new (room), NG_COOKIE_SIZE);
}

static GString *
end (GString *out)
{
  return g_string_append_c (out, 'e');
}

static void
put_text (GString *out, const gchar *key, const gchar *value)
{
  bencode_put_string (out, key);
  bencode_put_string (out, value);
}

static void
put_texts (GString *out, const gchar *key, const gchar *const *values)
{
  bencode_put_string (out, key);
  bencode_put_strings (out, values);
}

/* Keys are to end with their "=" (RFC 4568 9.2), without which Linphone takes those of 256 bits for
 * too short. Suites without encryption or with an outdated cipher are not to be offered. */
static const gchar *const sdes[] = {
  "pad",
  "no-NULL_HMAC_SHA1_80",
  "no-NULL_HMAC_SHA1_32",
  "no-F8_128_HMAC_SHA1_80",
  "no-F8_128_HMAC_SHA1_32",
  "no-AES_192_CM_HMAC_SHA1_80",
  "no-AES_192_CM_HMAC_SHA1_32",
  NULL,
};

static void
put_transport (GString *out, const MediaTransport *toward)
{
  put_text (out, "transport-protocol", media_transport_profile (toward));
  if (toward->ice)
    PUT (out, ICE);
  else
    PUT (out, NO_ICE);
  if (toward->rtcp_mux)
    PUT (out, MUX);
  else
    PUT (out, DEMUX);
  if (toward->security == MEDIA_SDES)
    put_texts (out, "SDES", sdes);
  else
    PUT (out, NO_SDES);
  if (toward->security != MEDIA_DTLS)
    PUT (out, NO_DTLS);
}

/**
 * ng_message_ping:
 *
 * Returns: (transfer full): whether it is there
 */
GString *
ng_message_ping (void)
{
  return PUT (begin (ROOM), PING);
}

/* rtpengine would go on in a last line that has no end. */
static void
put_sdp (GString *out, const gchar *sdp, gsize size)
{
  g_autoptr (GString) closed = NULL;

  if (size > 0 && sdp[size - 1] != '\n') {
    closed = g_string_append (g_string_new_len (sdp, (gssize) size), "\r\n");
    sdp = closed->str;
    size = closed->len;
  }
  bencode_put_string (out, "sdp");
  bencode_put_bytes (out, sdp, size);
}

/**
 * ng_message_media:
 * @media: an offer or an answer
 *
 * No codec is named, so rtpengine transcodes nothing.
 *
 * Returns: (transfer full): the request
 */
GString *
ng_message_media (const NgMedia *media)
{
  GString *out = begin (MEDIA_ROOM + media->size);

  if (media->command == NG_OFFER)
    PUT (out, OFFER);
  else
    PUT (out, ANSWER);
  put_text (out, "call-id", media->call_id);
  put_text (out, "from-tag", media->from_tag);
  if (media->to_tag)
    put_text (out, "to-tag", media->to_tag);
  PUT (out, REPLACE);
  if (media->command == NG_OFFER)
    put_transport (out, media->toward);
  else
    PUT (out, PADDED_SDES);
  if (media->command == NG_OFFER && media->family != G_SOCKET_FAMILY_INVALID)
    put_text (out, "address-family", media->family == G_SOCKET_FAMILY_IPV6 ? "IP6" : "IP4");
  if (media->command == NG_OFFER && media->from_interface && media->to_interface) {
    const gchar *const direction[] = { media->from_interface, media->to_interface, NULL };

    put_texts (out, "direction", direction);
  }
  put_sdp (out, media->sdp, media->size);
  return end (out);
}

/**
 * ng_message_delete:
 * @call_id: a call
 *
 * Returns: (transfer full): that it is over; its ports are free at once
 */
GString *
ng_message_delete (const gchar *call_id)
{
  GString *out = PUT (begin (ROOM), DELETE);

  put_text (out, "call-id", call_id);
  return end (out);
}

/**
 * ng_message_list:
 *
 * Returns: (transfer full): which calls there are; the first %NG_LIST_LIMIT, since the reply is one
 *   datagram
 */
GString *
ng_message_list (void)
{
  return PUT (begin (ROOM), LIST);
}

/**
 * ng_message_set_cookie:
 * @request: a request
 * @ours: %NG_COOKIE_OURS characters
 * @number: what tells it from others that begin with them
 *
 * Writes the cookie that the reply to it begins with.
 */
void
ng_message_set_cookie (GString *request, const gchar *ours, guint number)
{
  gchar *place = request->str + NG_COOKIE_SIZE - 1;

  *place = ' ';
  for (; place > request->str + NG_COOKIE_OURS; number >>= 4)
    *--place = "0123456789abcdef"[number & 15];
  memcpy (request->str, ours, NG_COOKIE_OURS);
}

/**
 * ng_reply_number:
 * @ours: what our cookies begin with
 * @data: a datagram
 * @size: bytes in it
 *
 * Returns: the number in the cookie that it begins with; 0 where that is not ours
 */
guint
ng_reply_number (const gchar *ours, const gchar *data, gsize size)
{
  guint number = 0;

  if (size < NG_COOKIE_SIZE || memcmp (data, ours, NG_COOKIE_OURS) != 0 ||
      data[NG_COOKIE_SIZE - 1] != ' ')
    return 0;
  for (guint i = NG_COOKIE_OURS; i < NG_COOKIE_SIZE - 1; i++) {
    gint digit = g_ascii_xdigit_value (data[i]);

    if (digit < 0)
      return 0;
    number = number << 4 | (guint) digit;
  }
  return number;
}

static gboolean
read_result (const gchar *text, gsize size, NgResult *result)
{
  if (bencode_is (text, size, "ok") || bencode_is (text, size, "pong"))
    *result = NG_RESULT_OK;
  else if (bencode_is (text, size, "load limit"))
    *result = NG_RESULT_BUSY;
  else if (bencode_is (text, size, "error"))
    *result = NG_RESULT_ERROR;
  else
    return FALSE;
  return TRUE;
}

static void
read_reason (BencodeReader *reader, NgReply *reply)
{
  gsize size;
  const gchar *bytes = bencode_read_string (reader, &size);
  g_autofree gchar *text = bytes ? g_strndup (bytes, MIN (size, MAX_REASON)) : NULL;

  if (text && !reply->reason)
    reply->reason = g_utf8_make_valid (text, -1);
}

static void
read_calls (BencodeReader *reader, NgReply *reply)
{
  if (!bencode_enter (reader, BENCODE_LIST)) {
    bencode_skip (reader);
    return;
  }
  if (!reply->calls)
    reply->calls = g_ptr_array_new_with_free_func (g_free);
  while (!bencode_leave (reader)) {
    gsize size;
    const gchar *call_id = bencode_read_string (reader, &size);

    if (call_id)
      g_ptr_array_add (reply->calls, g_strndup (call_id, size));
  }
}

/**
 * ng_reply_read:
 * @reply: (out caller-allocates): what it says, to be cleared in any case; its session description
 *   stays in @data
 * @data: a reply, behind its cookie
 * @size: bytes in it
 * @error: set where it is malformed
 *
 * Returns: whether it is a reply
 */
gboolean
ng_reply_read (NgReply *reply, const gchar *data, gsize size, GError **error)
{
  const gchar *key, *result = NULL;
  gsize key_size = 0, result_size = 0;
  BencodeReader reader;

  memset (reply, 0, sizeof *reply);
  bencode_reader_init (&reader, data, size);
  if (!bencode_enter (&reader, BENCODE_DICT))
    bencode_skip (&reader);
  while (reader.depth > 0 && !bencode_leave (&reader)) {
    key = bencode_read_key (&reader, &key_size);
    if (bencode_is (key, key_size, "sdp"))
      reply->sdp = bencode_read_string (&reader, &reply->size);
    else if (bencode_is (key, key_size, "result"))
      result = bencode_read_string (&reader, &result_size);
    else if (bencode_is (key, key_size, "error-reason"))
      read_reason (&reader, reply);
    else if (bencode_is (key, key_size, "calls"))
      read_calls (&reader, reply);
    else
      bencode_skip (&reader);
  }
  if (!bencode_read_end (&reader, error))
    return FALSE;
  if (read_result (result, result_size, &reply->result))
    return TRUE;
  g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_PROTOCOL, "a reply without a known result");
  return FALSE;
}

/**
 * ng_reply_clear:
 * @reply: a reply
 */
void
ng_reply_clear (NgReply *reply)
{
  g_clear_pointer (&reply->calls, g_ptr_array_unref);
  g_clear_pointer (&reply->reason, g_free);
}
