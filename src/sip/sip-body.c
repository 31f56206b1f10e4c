/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sip-body: the session description that a message carries, and the same message with another
 * one (RFC 3261 7.4).
 *
 * The calls' passages need it. One inside of a multipart body is not looked for.
 */
#include "sip/sip-body.h"

#include "sip/sip-headers.h"

/**
 * sip_body_sdp:
 * @sip: a message
 * @size: (out): bytes in its body
 *
 * Returns: (transfer none) (nullable): the body where it is a session description; not terminated
 */
const gchar *
sip_body_sdp (const sip_t *sip, gsize *size)
{
  const sip_content_type_t *type = sip->sip_content_type;
  const sip_payload_t *payload = sip->sip_payload;

  if (!payload || payload->pl_len == 0 || !type || !type->c_type ||
      g_ascii_strcasecmp (type->c_type, "application/sdp") != 0)
    return NULL;
  *size = payload->pl_len;
  return payload->pl_data;
}

static gboolean
is_payload (const sip_header_t *header, gpointer user_data)
{
  const msg_hclass_t *class = header->sh_class;

  return class == sip_payload_class || class == sip_content_length_class ||
         class == sip_separator_class;
}

/**
 * sip_body_copy_message:
 * @sip: a message
 *
 * Returns: (transfer full): a message of its own with the same headers and no body yet
 */
msg_t *
sip_body_copy_message (const sip_t *sip)
{
  msg_t *msg = msg_create (sip_default_mclass (), 0);

  sip_headers_copy (msg, sip, is_payload, NULL);
  return msg;
}

/**
 * sip_body_set:
 * @msg: what sip_body_copy_message() has made
 * @body: its body, which is copied
 * @size: bytes in it
 *
 * Returns: (transfer none): the message, to be read
 */
const sip_t *
sip_body_set (msg_t *msg, const gchar *body, gsize size)
{
  sip_t *sip = sip_object (msg);
  sip_payload_t *payload = sip_payload_create (msg_home (msg), body, (isize_t) size);

  msg_header_insert (msg, (msg_pub_t *) sip, (msg_header_t *) payload);
  msg_serialize (msg, (msg_pub_t *) sip);
  return sip;
}
