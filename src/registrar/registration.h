/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "crypto/keyed-hash.h"
#include "registrar/record.h"

/* One Contact of a REGISTER. */
typedef struct {
  Contact *contact;
  PnParams *push;   /* nullable */
  gchar *token;     /* the user part of our Contact that stands for it at the PBX */
  gint64 asked;     /* seconds; 0 removes it */
  guint reg_id;     /* which of the phone's flows, 0: the only one */
  gboolean stays;   /* only one of the phone's flows is removed */
} RegistrationContact;

/* A phone's REGISTER, read. */
typedef struct {
  SipRequest *request;
  Pbx *pbx;
  gchar *aor;
  gchar *key;          /* of its record */
  gchar *shared;       /* nullable: the user part of the one Contact for all phones of the record */
  GPtrArray *contacts; /* RegistrationContact; empty: a query, or a removal of all */
  gboolean remove_all; /* Contact: * */
  gchar *path;         /* nullable: the proxies before the phone */
  gboolean outbound;   /* the phone may have several flows */
  gboolean lacks_hop;  /* the phone asks for flows, which the proxy before it does not keep */
  guint flow_timer;    /* seconds between two signs of life on one */
  gchar *source;       /* nullable: the address that it came from, behind proxies of ours */
  gboolean guesses;    /* its credentials wait for the PBX's verdict, and may be wrong */
  guint sendings;      /* how often it was sent to the PBX, by one route or another */
  gboolean overtaken;  /* a newer one of the phone took effect meanwhile */
  guint coming;        /* how many new phones of it count towards the limits */
} Registration;

Registration *
registration_read (SipRequest *request, Pbx *pbx, KeyedHash *token_key, GError **error);
void registration_adopt (Registration *registration, const Record *record);
gint64 registration_asks_for (const Registration *registration, const RegistrationContact *entry);
gint64 registration_asks (const Registration *registration);
void registration_free (Registration *registration);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Registration, registration_free)
