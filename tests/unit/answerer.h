/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* A server that says the same to every SIP request, by TCP; on a port of 127.0.0.4. */
typedef struct _Answerer Answerer;

Answerer *answerer_new (void);
void answerer_free (Answerer *answerer);

guint answerer_port (const Answerer *answerer);
guint answerer_count (const Answerer *answerer, const gchar *method);
void answerer_say (Answerer *answerer, const gchar *answer);
void answerer_open (Answerer *answerer);
void answerer_shut (Answerer *answerer);
