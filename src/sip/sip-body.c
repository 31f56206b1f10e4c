/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sip-body: the session description that a message carries, and the same message seen with another
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
  if (!g_str_equal (type->c_type, SDP_TYPE) && g_ascii_strcasecmp (type->c_type, SDP_TYPE) != 0)
    return NULL;
  *size = payload->pl_len;
  return payload->pl_data;
}

static gchar *
replace_part (const sip_payload_t *old, const gchar *part, gsize part_size, const gchar *sdp,
              gsize size, gsize *new_size)
{
  gsize before = (gsize) (part - old->pl_data), after = old->pl_len - before - part_size;
  gchar *text = g_malloc (before + size + after);

  memcpy (text, old->pl_data, before);
  memcpy (text + before, sdp, size);
  memcpy (text + before + size, part + part_size, after);
  *new_size = before + size + after;
  return text;
}

/**
 * sip_body_view_init:
 * @view: (out caller-allocates): what the message is seen in
 * @sip: a message with a session description, which outlives the view and stays as it is
 * @sdp: a session description in the place of the one that it has; outlives the view
 * @size: bytes in it
 *
 * Nothing is copied, since whoever passes the message on copies what he needs of it anyway.
 *
 * Returns: (transfer none): the message with the other session description
 */
const sip_t *
sip_body_view_init (SipBodyView *view, const sip_t *sip, const gchar *sdp, gsize size)
{
  gsize old_size;
  const gchar *part = sip_body_sdp (sip, &old_size);
  gboolean whole = old_size == sip->sip_payload->pl_len;

  view->parts = whole ? NULL : replace_part (sip->sip_payload, part, old_size, sdp, size, &size);
  view->sip = *sip;
  sip_payload_init (&view->payload);
  view->payload.pl_data = whole ? (char *) sdp : view->parts;
  view->payload.pl_len = size;
  view->sip.sip_payload = &view->payload;
  return &view->sip;
}

/**
 * sip_body_view_clear:
 * @view: a view that nobody looks at any more
 */
void
sip_body_view_clear (SipBodyView *view)
{
  g_free (view->parts);
}
