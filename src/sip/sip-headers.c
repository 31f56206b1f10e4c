/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sip-headers: carrying headers and bodies from one message to the next.
 *
 * A B2BUA passes on what it does not own, unknown headers included (RFC 7092). Which ones are owned
 * differs between a registration and a call, so the caller says what stays behind.
 */
#include "sip/sip-headers.h"

#define TEXT_SIZE 512

/**
 * sip_headers_is:
 * @header: a header
 * @name: a header's name
 *
 * Returns: whether @header has that name, be it known to the stack or not
 */
gboolean
sip_headers_is (const sip_header_t *header, const gchar *name)
{
  const gchar *own = header->sh_class->hc_name;

  if (header->sh_class == sip_unknown_class)
    own = header->sh_unknown->un_name;
  return own && g_ascii_strcasecmp (own, name) == 0;
}

/**
 * sip_headers_belong_to_hop:
 * @header: a header
 *
 * Returns: whether it describes this hop, this dialog or this transaction, so that ours is another
 */
gboolean
sip_headers_belong_to_hop (const sip_header_t *header)
{
  const msg_hclass_t *class = header->sh_class;

  return class == sip_request_class || class == sip_status_class || class == sip_via_class ||
         class == sip_route_class || class == sip_record_route_class || class == sip_from_class ||
         class == sip_to_class || class == sip_call_id_class || class == sip_cseq_class ||
         class == sip_contact_class || class == sip_max_forwards_class ||
         class == sip_content_length_class || class == sip_separator_class ||
         class == sip_error_class || class == sip_path_class || class == sip_service_route_class ||
         class == sip_rack_class || class == sip_timestamp_class;
}

/* The stack's own way to add a copy takes all headers of that name that follow along with it. */
static void
copy_one (msg_t *msg, const sip_header_t *header)
{
  msg_header_insert (msg, msg_object (msg),
                     msg_header_dup_one (msg_home (msg), (const msg_header_t *) header));
}

/**
 * sip_headers_copy:
 * @msg: a message
 * @source: the headers to carry over, in their order, and the body, which sip-body may have replaced
 * @skip: says which stay behind
 * @user_data: for @skip
 */
void
sip_headers_copy (msg_t *msg, const sip_t *source, SipHeadersSkip skip, gpointer user_data)
{
  const sip_header_t *header = source->sip_request ? (const sip_header_t *) source->sip_request
                                                   : (const sip_header_t *) source->sip_status;
  const sip_header_t *body = (const sip_header_t *) source->sip_payload;

  for (; header; header = (const sip_header_t *) header->sh_succ)
    if (header->sh_class != sip_payload_class && !skip (header, user_data))
      copy_one (msg, header);
  if (body && !skip (body, user_data))
    copy_one (msg, body);
}

/**
 * sip_headers_keep:
 * @source: an answer
 *
 * Returns: (transfer full): a copy of it that outlives its transaction
 */
msg_t *
sip_headers_keep (const sip_t *source)
{
  msg_t *msg = msg_create (sip_default_mclass (), 0);
  const sip_header_t *header = (const sip_header_t *) source->sip_status;

  for (; header; header = (const sip_header_t *) header->sh_succ)
    copy_one (msg, header);
  msg_serialize (msg, msg_object (msg)); /* otherwise its headers have no order to walk through */
  return msg;
}

/**
 * sip_headers_unknown:
 * @sip: a message's headers
 * @name: the name of a header that the stack does not know
 *
 * Returns: (transfer none) (nullable): the value of the first one
 */
const gchar *
sip_headers_unknown (const sip_t *sip, const gchar *name)
{
  for (const sip_unknown_t *header = sip->sip_unknown; header; header = header->un_next)
    if (g_ascii_strcasecmp (header->un_name, name) == 0)
      return header->un_value;
  return NULL;
}

/**
 * sip_headers_forward:
 * @msg: a request
 * @source: the request that it continues; its Max-Forwards is not 0
 *
 * Copies Max-Forwards, lowered by one (RFC 7332).
 */
void
sip_headers_forward (msg_t *msg, const sip_t *source)
{
  unsigned long left = source->sip_max_forwards ? source->sip_max_forwards->mf_count : 70;
  sip_max_forwards_t header[1];

  sip_max_forwards_init (header);
  header->mf_count = left ? left - 1 : 0;
  sip_add_dup (msg, sip_object (msg), (const sip_header_t *) header);
}

/**
 * sip_headers_add:
 * @msg: a message
 * @line: a header, as in `Name: value`
 */
void
sip_headers_add (msg_t *msg, const gchar *line)
{
  sip_add_tl (msg, sip_object (msg), SIPTAG_HEADER_STR (line), TAG_END ());
}

/**
 * sip_headers_write:
 * @msg: a message
 * @name: a header's name, a constant
 * @value: what it says
 *
 * For a header that only the peer reads: the stack does not parse it, to write it anew.
 */
void
sip_headers_write (msg_t *msg, const gchar *name, const gchar *value)
{
  gsize size = strlen (value) + 1;
  msg_header_t *header = msg_header_alloc (msg_home (msg), sip_unknown_class, (isize_t) size);
  sip_unknown_t *unknown = (sip_unknown_t *) header;

  unknown->un_name = name;
  unknown->un_value = memcpy (unknown + 1, value, size);
  msg_header_insert (msg, (msg_pub_t *) sip_object (msg), header);
}

/**
 * sip_headers_route:
 * @msg: a request outside of a dialog
 * @path: (nullable): the Path of whom it goes to
 *
 * Has the proxies there route it (RFC 3327 5.4).
 */
void
sip_headers_route (msg_t *msg, const gchar *path)
{
  sip_add_tl (msg, sip_object (msg), TAG_IF (path, SIPTAG_ROUTE_STR (path)), TAG_END ());
}

/**
 * sip_headers_have_reason:
 * @sip: a request that ends something
 * @protocol: such as "SIP"
 * @cause: a number that has a meaning there
 *
 * Returns: whether a Reason says so (RFC 3326)
 */
gboolean
sip_headers_have_reason (const sip_t *sip, const gchar *protocol, guint cause)
{
  for (const sip_reason_t *reason = sip->sip_reason; reason; reason = reason->re_next)
    if (g_ascii_strcasecmp (reason->re_protocol, protocol) == 0 && reason->re_cause &&
        g_ascii_strtoull (reason->re_cause, NULL, 10) == cause)
      return TRUE;
  return FALSE;
}

/**
 * sip_headers_uri_text:
 * @url: a URI
 *
 * Returns: (transfer full): its text
 */
gchar *
sip_headers_uri_text (const url_t *url)
{
  su_home_t home[SCRATCH_HOME];
  gchar *text;

  su_home_auto (home, sizeof home);
  text = g_strdup (url_as_string (home, url));
  su_home_deinit (home);
  return text;
}

/**
 * sip_headers_text:
 * @header: a header
 *
 * The stack's own function for it leaves long values without their end.
 *
 * Returns: (transfer full): its value
 */
gchar *
sip_headers_text (const sip_header_t *header)
{
  gsize size = 512;

  for (;;) {
    g_autofree gchar *text = g_malloc (size);
    gssize length = sip_header_field_e (text, (isize_t) size, header, 0);

    if (length >= 0 && (gsize) length < size)
      return g_strndup (text, (gsize) length);
    size *= 2;
  }
}

/* The stack prints each part of the URI by itself, whether it is there or not, which takes longer
 * than all other headers together. */
static void
write_request_line (msg_t *msg)
{
  sip_request_t *request = sip_object (msg)->sip_request;
  gchar uri[TEXT_SIZE];
  gchar *line;
  issize_t length = request ? url_e (uri, sizeof uri, request->rq_url) : -1;

  if (length < 0 || (gsize) length >= sizeof uri)
    return;
  line = su_strcat_all (msg_home (msg), request->rq_method_name, " ", uri, " ",
                        request->rq_version, "\r\n", NULL);
  request->rq_common->h_data = line;
  request->rq_common->h_len = (usize_t) strlen (line);
}

/**
 * sip_headers_make_room:
 * @msg: a message that is to be sent, and may be kept long after that
 *
 * Makes room for its text: the stack by itself takes a kilobyte, of which most messages fill less
 * than half. A longer text gets a second piece. The first line of a request is written already.
 */
void
sip_headers_make_room (msg_t *msg)
{
  write_request_line (msg);
  msg_buf_exact (msg, TEXT_SIZE);
}
