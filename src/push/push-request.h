/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "push/push-result.h"

#include <glib.h>

typedef enum {
  PUSH_KIND_CALL,
  PUSH_KIND_REFRESH,
  PUSH_KIND_MESSAGE,
  PUSH_KIND_CANCEL,
} PushKind;

typedef struct {
  PushKind kind;
  gchar *id;            /* of this push: a lower-case UUID, the same in every retry */
  gchar *provider;      /* pn-provider */
  gchar *param;         /* pn-param, nullable */
  gchar *prid;          /* pn-prid: token or push URL */
  gchar *voip_token;    /* APNs, nullable */
  gchar *remote_token;  /* APNs, nullable */
  gchar *voip_topic;    /* APNs, nullable */
  gchar *remote_topic;  /* APNs, nullable */
  gchar *enc_key;       /* Web Push: the phone's public key, base64url, nullable */
  gchar *enc_auth;      /* Web Push: the phone's authentication secret, base64url, nullable */
  gchar *call_id;       /* of the INVITE that follows, nullable */
  gchar *collapse_key;  /* pushes with the same key replace each other, nullable */
  guint ttl;            /* seconds that the service may keep it; 0: now or never */
  gchar *caller_uri;    /* for payload templates, nullable */
  gchar *caller_number; /* likewise */
  gchar *caller_name;   /* likewise */
  gchar *pbx;           /* likewise */
  gint64 registered;    /* wall seconds of the phone's last REGISTER, or 0 */
  gchar *binding;       /* opaque id for the log and rate limits, nullable */
} PushRequest;

PushRequest *push_request_new (PushKind kind, const gchar *provider);
PushRequest *push_request_copy (const PushRequest *request);
void push_request_free (PushRequest *request);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PushRequest, push_request_free)

const gchar *push_kind_to_string (PushKind kind);
