/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

/* What a session description says of how its media travels. */
typedef struct {
  guint streams;        /* m= lines */
  gboolean rtp;         /* a stream of RTP */
  gboolean live;        /* one that is not switched off */
  gboolean secure;      /* such a one with a profile of SRTP (SAVP, SAVPF) */
  gboolean feedback;    /* such a one with a profile of RFC 4585 (AVPF, SAVPF) */
  gboolean ice;         /* a=ice-ufrag */
  gboolean fingerprint; /* a=fingerprint: DTLS */
  gboolean crypto;      /* a=crypto: SDES */
  gboolean rtcp_mux;    /* a=rtcp-mux */
  gboolean other;       /* a stream of anything but RTP: fax, files, floor control */
  GSocketFamily family; /* in which it is reached; G_SOCKET_FAMILY_INVALID: it does not say */
} SdpTraits;

void sdp_traits_read (const gchar *sdp, gsize size, SdpTraits *traits);
