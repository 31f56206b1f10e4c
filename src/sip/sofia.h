/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sofia: the single door to Sofia-SIP. Nothing outside this folder names <sofia-sip/...>.
 */
#pragma once

#define NTA_AGENT_MAGIC_T struct _SipStack
#define NTA_LEG_MAGIC_T void
#define NTA_INCOMING_MAGIC_T struct _SipRequest
#define NTA_OUTGOING_MAGIC_T struct _SipTransaction
#define NTA_RELIABLE_MAGIC_T struct _SipReliable
#define TP_CLIENT_T struct _SipFlow
#define TP_MAGIC_T sip_via_t

#include <sofia-sip/su.h>
#include <sofia-sip/su_wait.h>
#include <sofia-sip/su_log.h>
#include <sofia-sip/su_tagarg.h>
#include <sofia-sip/url.h>
#include <sofia-sip/msg.h>
#include <sofia-sip/msg_addr.h>
#include <sofia-sip/msg_buffer.h>
#include <sofia-sip/msg_mime.h>
#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_status.h>
#include <sofia-sip/sip_tag.h>
#include <sofia-sip/sip_util.h>
#include <sofia-sip/tport.h>
#include <sofia-sip/tport_tag.h>
#include <sofia-sip/nta.h>
#include <sofia-sip/nta_stateless.h>
#include <sofia-sip/nta_tag.h>
#include <sofia-sip/nta_tport.h>

/* The length of a su_home_t[] for su_home_auto(): a kilobyte of the stack; more is allocated. */
#define SCRATCH_HOME SU_HOME_AUTO_SIZE (1024)
