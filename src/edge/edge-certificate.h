/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <openssl/x509.h>

GPtrArray *edge_certificate_hosts (X509 *certificate);
GPtrArray *edge_certificate_identities (X509 *certificate);
gboolean edge_certificate_proves (X509 *certificate, const gchar *name);
GStrv edge_certificate_names (X509 *certificate);
