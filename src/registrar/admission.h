/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "registrar/account.h"
#include "registrar/location.h"
#include "registrar/registration.h"

#define ADMISSION_OUT_OF_ORDER "REGISTER Out Of Order"

typedef struct _Admission Admission;

typedef struct {
  guint per_aor;    /* phones of one address of record */
  guint per_source; /* phones behind one address */
  guint total;
  const gchar *const *proxies; /* nullable: whose word on where a request came from is taken */
  guint flow_timer; /* seconds: how often a phone with several flows shows that one lives */
  gboolean refuse_brief;  /* rather than grant more than was asked for */
  guint binding_expires;  /* seconds: the least that a phone with push and an account gets */
} AdmissionOptions;

Admission *admission_new (Location *location, const AdmissionOptions *options);
void admission_free (Admission *admission);
void admission_set_options (Admission *admission, const AdmissionOptions *options);

gboolean admission_check (Admission *admission, Registration *registration,
                          const Account *account);
void admission_decided (Admission *admission, Registration *registration);
gboolean admission_settles (Admission *admission, Registration *registration);
gboolean admission_admits (Admission *admission, SipRequest *invite);
void admission_failed_call (Admission *admission, SipRequest *invite);
void admission_failed (Admission *admission, const Registration *registration);
void admission_proved (Admission *admission, const Registration *registration);
void admission_judge (Admission *admission, const Registration *registration, guint status,
                      const sip_t *response);
