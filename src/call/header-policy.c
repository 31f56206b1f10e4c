/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * header-policy: which headers of a call are ours, and that all others pass as they are.
 *
 * Ours are those of the hop and the dialog, those that name a dialog (see dialog-map), and what we do
 * not offer across the call: reliable provisional answers are numbered per leg (RFC 3262), so 100rel
 * is not passed on but offered anew where a call has one phone only.
 */
#include "call/header-policy.h"

static gboolean
is_body (const sip_header_t *header)
{
  const msg_hclass_t *class = header->sh_class;

  return class == sip_payload_class || class == sip_content_type_class ||
         class == sip_content_disposition_class || class == sip_content_encoding_class ||
         class == sip_content_language_class;
}

static gboolean
is_ours (const sip_header_t *header, gpointer user_data)
{
  const msg_hclass_t *class = header->sh_class;
  gboolean drop_body = GPOINTER_TO_INT (user_data);

  return sip_headers_belong_to_hop (header) || class == sip_supported_class ||
         class == sip_require_class || class == sip_rseq_class || class == sip_replaces_class ||
         class == sip_refer_to_class || sip_headers_is (header, "Target-Dialog") ||
         sip_headers_is (header, "Join") ||
         sip_headers_is (header, "Feature-Caps") || sip_headers_is (header, "Max-Breadth") ||
         (drop_body && is_body (header));
}

/* Reliable answers are numbered per leg; the others are about how the phone registered. */
static gboolean
ends_here (const gchar *option)
{
  static const gchar *const own[] = { "100rel", "gruu", "outbound", "path" };

  for (gsize i = 0; i < G_N_ELEMENTS (own); i++)
    if (g_ascii_strcasecmp (option, own[i]) == 0)
      return TRUE;
  return FALSE;
}

/* Passes on which options a header names, but for those. */
static void
copy_options (msg_t *msg, const msg_list_t *header)
{
  for (; header; header = header->k_next) {
    msg_header_t *copy = msg_header_dup_one (msg_home (msg), (const msg_header_t *) header);
    msg_param_t *items = ((msg_list_t *) copy)->k_items;
    gsize n = 0;

    for (gsize i = 0; items && items[i]; i++)
      if (!ends_here (items[i]))
        items[n++] = items[i];
    if (!n)
      continue;
    items[n] = NULL;
    msg_header_insert (msg, msg_object (msg), copy);
  }
}

static void
copy (msg_t *msg, const sip_t *source, gboolean drop_body)
{
  copy_options (msg, source->sip_supported);
  copy_options (msg, source->sip_require);
  sip_headers_copy (msg, source, is_ours, GINT_TO_POINTER (drop_body));
}

/**
 * header_policy_copy:
 * @msg: a message to the other side of a call
 * @source: the message that it continues
 *
 * Copies what passes, body included.
 */
void
header_policy_copy (msg_t *msg, const sip_t *source)
{
  copy (msg, source, FALSE);
}

/**
 * header_policy_copy_without_body:
 * @msg: a message to the other side of a call
 * @source: the message that it continues
 *
 * Copies what passes, but no body and nothing about one.
 */
void
header_policy_copy_without_body (msg_t *msg, const sip_t *source)
{
  copy (msg, source, TRUE);
}

/**
 * header_policy_requires:
 * @sip: a request
 * @option: an option tag
 *
 * Returns: whether the request's Require names it
 */
gboolean
header_policy_requires (const sip_t *sip, const gchar *option)
{
  return sip->sip_require && sip_has_feature (sip->sip_require, option);
}

/**
 * header_policy_offers_reliable:
 * @invite: an INVITE
 *
 * Not where it requires them: then our own 180, while the phone is woken, is one of them. Nor where
 * it has no offer, which the first of them would have to bring.
 *
 * Returns: whether provisional answers to it may be reliable from end to end
 */
gboolean
header_policy_offers_reliable (const sip_t *invite)
{
  return sip_has_feature (invite->sip_supported, "100rel") &&
         !header_policy_requires (invite, "100rel") && invite->sip_payload;
}
