/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

typedef struct {
  GSubprocess *process; /* nullable: it does not run */
  int held; /* a socket that keeps the port for it */
  guint port;
  gchar *address;
} RtpengineProcess;

gboolean rtpengine_process_exists (void);
RtpengineProcess *rtpengine_process_new (void);
void rtpengine_process_free (RtpengineProcess *rtpengine);

void rtpengine_process_start (RtpengineProcess *rtpengine);
void rtpengine_process_stop (RtpengineProcess *rtpengine);
void rtpengine_process_pause (RtpengineProcess *rtpengine);
void rtpengine_process_continue (RtpengineProcess *rtpengine);
