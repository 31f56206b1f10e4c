/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dialog-map: headers that name a dialog, as the other side of the call knows it.
 *
 * Both legs of a call have a Call-ID and tags of their own. So what one side says of a dialog is
 * translated for the other: Replaces (RFC 3891) and Join (RFC 3911), also inside a Refer-To (RFC
 * 3515), and Target-Dialog (RFC 4538). What we do not know passes as it is.
 */
#include "call/dialog-map.h"

#include "sip/sip-headers.h"

#include <string.h>

#define MAX_PARAMS 16

/* Our tag in one leg stands for the far party, and so does that party's tag in the other leg. */
static const gchar *
translate_tag (SipDialog *dialog, const gchar *tag)
{
  SipDialog *peer = sip_dialog_peer (dialog);

  return g_ascii_strcasecmp (tag, sip_dialog_local_tag (dialog)) == 0
           ? sip_dialog_remote_tag (peer)
           : sip_dialog_local_tag (peer);
}

static gboolean
is_tag (const gchar *param)
{
  const gchar *equals = strchr (param, '=');

  return equals && equals - param > 4 && g_ascii_strncasecmp (equals - 4, "-tag", 4) == 0;
}

static SipDialog *
find_dialog (gchar **parts, const SipListener *listener)
{
  const gchar *tags[2] = { NULL, NULL };
  gsize n = 0;
  SipDialog *dialog;

  for (gsize i = 1; parts[i]; i++)
    if (is_tag (g_strstrip (parts[i])) && n < 2)
      tags[n++] = strchr (parts[i], '=') + 1;
  if (n < 2)
    return NULL;
  dialog = sip_dialog_find (listener, g_strstrip (parts[0]), tags[0], tags[1]);
  return dialog && sip_dialog_peer (dialog) && sip_dialog_remote_tag (sip_dialog_peer (dialog))
           ? dialog
           : NULL;
}

/* `CALL-ID;to-tag=A;from-tag=B` and the like, or NULL where we do not know that dialog. */
static gchar *
translate (const gchar *value, const SipListener *listener)
{
  g_auto (GStrv) parts = g_strsplit (value, ";", MAX_PARAMS);
  SipDialog *dialog = parts[0] ? find_dialog (parts, listener) : NULL;
  GString *text;

  if (!dialog)
    return NULL;
  text = g_string_new (sip_dialog_call_id (sip_dialog_peer (dialog)));
  for (gsize i = 1; parts[i]; i++) {
    gchar *equals = strchr (parts[i], '=');

    if (is_tag (parts[i]))
      g_string_append_printf (text, ";%.*s=%s", (gint) (equals - parts[i]), parts[i],
                              translate_tag (dialog, equals + 1));
    else
      g_string_append_printf (text, ";%s", parts[i]);
  }
  return g_string_free (text, FALSE);
}

static void
copy_text (msg_t *msg, const gchar *name, const gchar *value, const SipListener *listener)
{
  g_autofree gchar *translated = translate (value, listener);
  g_autofree gchar *line = g_strdup_printf ("%s: %s", name, translated ? translated : value);

  sip_headers_add (msg, line);
}

/* `Replaces=...` or the like, the value escaped. NULL where nothing changes. */
static gchar *
translate_uri_header (const gchar *header, const SipListener *listener)
{
  static const gchar *const names[] = { "Replaces=", "Join=" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    gsize length = strlen (names[i]);
    g_autofree gchar *value = NULL;
    g_autofree gchar *translated = NULL;
    g_autofree gchar *escaped = NULL;

    if (g_ascii_strncasecmp (header, names[i], length) != 0)
      continue;
    value = g_uri_unescape_string (header + length, NULL);
    translated = value ? translate (value, listener) : NULL;
    escaped = translated ? g_uri_escape_string (translated, NULL, FALSE) : NULL;
    return escaped ? g_strconcat (names[i], escaped, NULL) : NULL;
  }
  return NULL;
}

/* The headers of a URI: `Replaces=...&Other=...`. */
static gchar *
translate_uri_headers (const gchar *headers, const SipListener *listener)
{
  g_auto (GStrv) parts = g_strsplit (headers, "&", MAX_PARAMS);

  for (gsize i = 0; parts[i]; i++) {
    gchar *translated = translate_uri_header (parts[i], listener);

    if (translated) {
      g_free (parts[i]);
      parts[i] = translated;
    }
  }
  return g_strjoinv ("&", parts);
}

static void
copy_refer_to (msg_t *msg, const sip_refer_to_t *source, const SipListener *listener)
{
  sip_refer_to_t *refer_to = sip_refer_to_dup (msg_home (msg), source);

  if (refer_to->r_url->url_headers) {
    g_autofree gchar *headers =
      translate_uri_headers (refer_to->r_url->url_headers, listener);

    refer_to->r_url->url_headers = su_strdup (msg_home (msg), headers);
  }
  msg_header_insert (msg, msg_object (msg), (msg_header_t *) refer_to);
}

/**
 * dialog_map_knows:
 * @sip: an INVITE
 * @listener: by which it came in
 *
 * Returns: whether the dialog that it wants to replace or join, if any, is one of ours
 */
gboolean
dialog_map_knows (const sip_t *sip, const SipListener *listener)
{
  const gchar *join = sip_headers_unknown (sip, "Join");
  g_autofree gchar *replaces =
    sip->sip_replaces ? sip_headers_text ((const sip_header_t *) sip->sip_replaces) : NULL;
  g_autofree gchar *known = NULL;

  if (!replaces && !join)
    return TRUE;
  known = translate (replaces ? replaces : join, listener);
  return known != NULL;
}

/**
 * dialog_map_copy:
 * @msg: a request to the other side
 * @source: the request that it continues
 * @listener: by which that came in
 *
 * Adds its headers that name dialogs, translated.
 */
void
dialog_map_copy (msg_t *msg, const sip_t *source, const SipListener *listener)
{
  static const gchar *const names[] = { "Target-Dialog", "Join" };

  if (source->sip_refer_to)
    copy_refer_to (msg, source->sip_refer_to, listener);
  if (source->sip_replaces) {
    g_autofree gchar *replaces =
      sip_headers_text ((const sip_header_t *) source->sip_replaces);

    copy_text (msg, "Replaces", replaces, listener);
  }
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++) {
    const gchar *value = sip_headers_unknown (source, names[i]);

    if (value)
      copy_text (msg, names[i], value, listener);
  }
}
