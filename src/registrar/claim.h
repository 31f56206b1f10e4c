/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "registrar/admission.h"
#include "registrar/inquiry.h"
#include "registrar/settlement.h"
#include "registrar/sharing.h"

typedef struct {
  Location *location;
  Admission *admission;
  Ledger *ledger;
  Keeper *keeper;
  Sharing *sharing;
  Inquiries *inquiries;
  guint binding_expires; /* seconds: the least that a phone with push gets */
} ClaimRooms;

void claim_run (const ClaimRooms *rooms, Registration *registration, Account *account,
                GPtrArray *feature_caps, GPtrArray *removals);
