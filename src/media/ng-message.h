/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "media/media-transport.h"

#include <gio/gio.h>

#define NG_LIST_LIMIT 256
#define NG_COOKIE_OURS 15 /* characters that a cookie begins with */
#define NG_COOKIE_SIZE 24

typedef enum { NG_OFFER, NG_ANSWER } NgCommand;

/* An offer or an answer; @to_tag is NULL for the offer that begins a call. */
typedef struct {
  NgCommand command;
  const gchar *call_id;
  const gchar *from_tag; /* of who offers, in the answer too */
  const gchar *to_tag;
  const gchar *sdp;
  gsize size;
  const MediaTransport *toward; /* of whom it goes to; of an offer */
  GSocketFamily family;         /* likewise; G_SOCKET_FAMILY_INVALID: as it was */
  const gchar *from_interface;  /* nullable: rtpengine's own choice */
  const gchar *to_interface;
} NgMedia;

typedef enum { NG_RESULT_OK, NG_RESULT_ERROR, NG_RESULT_BUSY } NgResult;

typedef struct {
  NgResult result;
  const gchar *sdp; /* nullable; not terminated */
  gsize size;
  gchar *reason;    /* nullable: of an error */
  GPtrArray *calls; /* nullable: of a list: gchar * */
} NgReply;

GString *ng_message_ping (void);
GString *ng_message_media (const NgMedia *media);
GString *ng_message_delete (const gchar *call_id);
GString *ng_message_list (void);
void ng_message_set_cookie (GString *request, const gchar *ours, guint number);

guint ng_reply_number (const gchar *ours, const gchar *data, gsize size);
gboolean ng_reply_read (NgReply *reply, const gchar *data, gsize size, GError **error);
void ng_reply_clear (NgReply *reply);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (NgReply, ng_reply_clear)
