/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sip-body: the session description that a message carries, and the same message with another
 * one (RFC 3261 7.4). It may be one part of several (RFC 5621); the others stay as they are.
 *
 * The calls' passages need it.
 */
#include "sip/sip-body.h"

#include "proto/multipart.h"
#include "sip/sip-headers.h"

#include <string.h>

#define SDP_TYPE "application/sdp"

static const gchar *
find_part (const sip_content_type_t *type, const sip_payload_t *payload, gsize *size)
{
  su_home_t home[1] = { SU_HOME_INIT (home) };
  const gchar *text = sip_header_as_string (home, (const sip_header_t *) type);
  const gchar *part =
    text ? multipart_find (payload->pl_data, payload->pl_len, text, SDP_TYPE, size) : NULL;

  su_home_deinit (home);
  return part && *size > 0 ? part : NULL;
}

/**
 * sip_body_sdp:
 * @sip: a message
 * @size: (out): bytes in it
 *
 * Returns: (transfer none) (nullable): the session description in its body; not terminated
 */
const gchar *
sip_body_sdp (const sip_t *sip, gsize *size)
{
  const sip_content_type_t *type = sip->sip_content_type;
  const sip_payload_t *payload = sip->sip_payload;

  if (!payload || payload->pl_len == 0 || !type || !type->c_type)
    return NULL;
  if (g_ascii_strncasecmp (type->c_type, "multipart/", strlen ("multipart/")) == 0)
    return find_part (type, payload, size);
  if (g_ascii_strcasecmp (type->c_type, SDP_TYPE) != 0)
    return NULL;
  *size = payload->pl_len;
  return payload->pl_data;
}

static gboolean
tells_length (const sip_header_t *header, gpointer user_data)
{
  return header->sh_class == sip_content_length_class || header->sh_class == sip_separator_class;
}

/**
 * sip_body_copy_message:
 * @sip: a message with a session description
 *
 * Returns: (transfer full): a message of its own with the same headers and body
 */
msg_t *
sip_body_copy_message (const sip_t *sip)
{
  msg_t *msg = msg_create (sip_default_mclass (), 0);

  sip_headers_copy (msg, sip, tells_length, NULL);
  return msg;
}

/**
 * sip_body_set:
 * @msg: what sip_body_copy_message() has made
 * @sdp: a session description in the place of the one that it has; copied
 * @size: bytes in it
 *
 * Returns: (transfer none): the message, to be read
 */
const sip_t *
sip_body_set (msg_t *msg, const gchar *sdp, gsize size)
{
  sip_t *sip = sip_object (msg);
  sip_payload_t *old = sip->sip_payload, *new;
  g_autoptr (GString) body = g_string_sized_new (old->pl_len + size);
  gsize old_size;
  const gchar *place = sip_body_sdp (sip, &old_size);

  g_string_append_len (body, old->pl_data, place - old->pl_data);
  g_string_append_len (body, sdp, (gssize) size);
  g_string_append_len (body, place + old_size,
                       old->pl_data + old->pl_len - (place + old_size));
  new = sip_payload_create (msg_home (msg), body->str, (isize_t) body->len);
  msg_header_remove (msg, (msg_pub_t *) sip, (msg_header_t *) old);
  msg_header_insert (msg, (msg_pub_t *) sip, (msg_header_t *) new);
  msg_serialize (msg, (msg_pub_t *) sip);
  return sip;
}
