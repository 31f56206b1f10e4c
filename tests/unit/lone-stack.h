/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "sip/sip-stack.h"

guint lone_port (int fd);
guint lone_free_port (int type);
SipStack *lone_stack_new (SipSide side);
SipFlow *lone_flow_to_nobody (SipStack *stack);
