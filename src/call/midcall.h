/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "call/call-record.h"
#include "call/reach.h"
#include "media/media-session.h"

typedef struct _Midcall Midcall;
typedef void (*MidcallFunc) (Midcall *midcall, gpointer user_data);

typedef struct {
  SipDialog *from; /* that the request came in */
  SipDialog *to;   /* that it goes out in */
  Reach *reach;    /* nullable: how the phone of @to is found again */
  guint32 opened;  /* the sequence number of our INVITE in @to, 0: there was none */
  MediaSession *media;
  MediaParty party;   /* who sent it */
  CallRecord *record; /* nullable: gets to know what is wrong with the media */
} MidcallSides;

Midcall *midcall_new (SipRequest *request, const MidcallSides *sides, MidcallFunc done,
                      gpointer user_data);
void midcall_free (Midcall *midcall);

void midcall_start (Midcall *midcall);

gboolean midcall_is_invite (const Midcall *midcall);
gboolean midcall_is_offering (const Midcall *midcall);
SipDialog *midcall_from (const Midcall *midcall);
