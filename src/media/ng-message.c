/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ng-message: the requests of rtpengine's NG protocol and what it replies, without the cookie.
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

static GString *
begin (const gchar *command, const gchar *call_id, gsize room)
{
  GString *out = g_string_sized_new (room);

  g_string_append_c (out, 'd');
  bencode_put_string (out, "command");
  bencode_put_string (out, command);
  if (call_id) {
    bencode_put_string (out, "call-id");
    bencode_put_string (out, call_id);
  }
  return out;
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

/* Without encryption or with an outdated cipher: not to be offered to anybody. */
static const gchar *const weak_suites[] = {
  "no-NULL_HMAC_SHA1_80",       "no-NULL_HMAC_SHA1_32", "no-F8_128_HMAC_SHA1_80",
  "no-F8_128_HMAC_SHA1_32",     "no-AES_192_CM_HMAC_SHA1_80",
  "no-AES_192_CM_HMAC_SHA1_32", NULL,
};

static void
put_transport (GString *out, const MediaTransport *toward)
{
  static const gchar *const no_sdes[] = { "off", NULL };
  static const gchar *const mux[] = { "offer", "accept", NULL };
  static const gchar *const demux[] = { "demux", "accept", NULL };

  put_text (out, "transport-protocol", media_transport_profile (toward));
  put_text (out, "ICE", toward->ice ? "force" : "remove");
  put_texts (out, "rtcp-mux", toward->rtcp_mux ? mux : demux);
  put_texts (out, "SDES", toward->security == MEDIA_SDES ? weak_suites : no_sdes);
  if (toward->security != MEDIA_DTLS)
    put_text (out, "DTLS", "off");
}

/**
 * ng_message_ping:
 *
 * Returns: (transfer full): whether it is there
 */
GString *
ng_message_ping (void)
{
  return end (begin ("ping", NULL, ROOM));
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
  static const gchar *const replace[] = { "origin", "session-connection", NULL };
  GString *out = begin (media->command == NG_OFFER ? "offer" : "answer", media->call_id,
                        MEDIA_ROOM + media->size);

  put_text (out, "from-tag", media->from_tag);
  if (media->to_tag)
    put_text (out, "to-tag", media->to_tag);
  put_texts (out, "replace", replace);
  if (media->command == NG_OFFER)
    put_transport (out, media->toward);
  if (media->command == NG_OFFER && media->family != G_SOCKET_FAMILY_INVALID)
    put_text (out, "address-family", media->family == G_SOCKET_FAMILY_IPV6 ? "IP6" : "IP4");
  if (media->command == NG_OFFER && media->from_interface && media->to_interface) {
    const gchar *const direction[] = { media->from_interface, media->to_interface, NULL };

    put_texts (out, "direction", direction);
  }
  bencode_put_string (out, "sdp");
  bencode_put_bytes (out, media->sdp, media->size);
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
  GString *out = begin ("delete", call_id, ROOM);

  bencode_put_string (out, "delete-delay");
  bencode_put_integer (out, 0);
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
  GString *out = begin ("list", NULL, ROOM);

  bencode_put_string (out, "limit");
  bencode_put_integer (out, NG_LIST_LIMIT);
  return end (out);
}

static gchar *
copy_string (const Bencode *bencode, gint value, gsize *size)
{
  const gchar *bytes = bencode_string (bencode, value, size);
  gchar *text;

  if (!bytes)
    return NULL;
  text = g_malloc (*size + 1);
  memcpy (text, bytes, *size);
  text[*size] = '\0';
  return text;
}

static gchar *
copy_reason (const Bencode *bencode)
{
  gsize size;
  const gchar *bytes =
    bencode_string (bencode, bencode_find (bencode, BENCODE_ROOT, "error-reason"), &size);
  g_autofree gchar *text = bytes ? g_strndup (bytes, MIN (size, MAX_REASON)) : NULL;

  return text ? g_utf8_make_valid (text, -1) : NULL;
}

static void
copy_calls (const Bencode *bencode, GPtrArray *calls)
{
  gint list = bencode_find (bencode, BENCODE_ROOT, "calls"), at;
  gsize size;

  if (list == BENCODE_NONE || bencode_type (bencode, list) != BENCODE_LIST)
    return;
  for (at = bencode_first (bencode, list); at != BENCODE_NONE; at = bencode_next (bencode, at)) {
    gchar *call_id = copy_string (bencode, at, &size);

    if (call_id)
      g_ptr_array_add (calls, call_id);
  }
}

/**
 * ng_reply_parse:
 * @data: a reply, behind its cookie
 * @size: bytes in it
 * @error: set where it is malformed
 *
 * Returns: (transfer full) (nullable): what it says
 */
NgReply *
ng_reply_parse (const gchar *data, gsize size, GError **error)
{
  g_autoptr (Bencode) bencode = bencode_parse (data, size, error);
  NgReply *reply;
  NgResult result;
  gint said;

  if (!bencode)
    return NULL;
  said = bencode_find (bencode, BENCODE_ROOT, "result");
  if (bencode_is (bencode, said, "ok") || bencode_is (bencode, said, "pong")) {
    result = NG_RESULT_OK;
  } else if (bencode_is (bencode, said, "load limit")) {
    result = NG_RESULT_BUSY;
  } else if (bencode_is (bencode, said, "error")) {
    result = NG_RESULT_ERROR;
  } else {
    g_set_error (error, SIPWAKE_ERROR, SIPWAKE_ERROR_PROTOCOL, "a reply without a known result");
    return NULL;
  }
  reply = g_new0 (NgReply, 1);
  reply->result = result;
  reply->sdp = copy_string (bencode, bencode_find (bencode, BENCODE_ROOT, "sdp"), &reply->size);
  reply->reason = copy_reason (bencode);
  reply->calls = g_ptr_array_new_with_free_func (g_free);
  copy_calls (bencode, reply->calls);
  return reply;
}

/**
 * ng_reply_free:
 * @reply: (transfer full): a reply
 */
void
ng_reply_free (NgReply *reply)
{
  g_ptr_array_unref (reply->calls);
  g_free (reply->sdp);
  g_free (reply->reason);
  g_free (reply);
}
