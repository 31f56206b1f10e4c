/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "crypto/key-pair.h"

#include <json-glib/json-glib.h>
#include <libsoup/soup.h>

typedef struct {
  gchar *address;
  gint port;
  gchar *certificate_path;
  gchar *key_path;
  gchar *directory;
  gchar *exec;
  gint status;
  gint delay;
  gint clock; /* seconds by which it is ahead */
  gboolean ua_key;
  gboolean services;
  gboolean client_certificates;

  gboolean own_directory;
  KeyPair *ua_pair;
  GBytes *ua_auth;
  KeyPair *apns_pair;
  gchar *apns_key_path;
  GHashTable *apns_streams; /* peer port to how many are open; -1: its token is accepted */
  gint64 apns_minted;       /* "iat" of the newest token, or 0 */
  KeyPair *fcm_pair;
  gchar *fcm_pem;
  gchar *fcm_account_path;
  gchar *access_token;
  guint tokens;
  GHashTable *visits; /* path to how often it was pushed to */
  SoupServer *server;
  GMainLoop *loop;
} Simulator;

typedef struct {
  Simulator *simulator;
  SoupServerMessage *message;
  const gchar *path;
  const gchar *id; /* what follows the route's own words */
  guint number;    /* what stood between them, or 0 */
  guint visit;     /* the how manieth push to this path, from 1 */
  guint status;    /* what to answer */
  guint delay;     /* milliseconds before it */
  gboolean silent; /* never answer */
  gboolean cut;    /* break the connection instead */
  gchar *problem;  /* what is wrong with the push */
  gchar *vapid;    /* ok, absent or what is wrong with it */
  JsonNode *payload;
  gchar *reason;    /* what the order says */
  gint64 timestamp; /* likewise, or 0 */
  gchar *body;      /* of the answer, JSON */
} Push;

const gchar *push_header (const Push *push, const gchar *name);
void push_object_to (Push *push, guint status, const gchar *problem);
guint push_peer_port (SoupServerMessage *message);
void simulate_order (Push *push);
