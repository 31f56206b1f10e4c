/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "registrar/account.h"
#include "sip/sip-request.h"

typedef struct _Doorkeeper Doorkeeper;

Doorkeeper *doorkeeper_new (GError **error);
void doorkeeper_free (Doorkeeper *doorkeeper);

typedef enum {
  DOOR_OPEN,       /* the phone has the password */
  DOOR_CHALLENGED, /* it is asked to prove it */
  DOOR_WRONG,      /* it proved that it has not, and is asked again */
} DoorVerdict;

DoorVerdict doorkeeper_admits (Doorkeeper *doorkeeper, SipRequest *request, const Account *account);
