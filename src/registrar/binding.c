/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * binding: one registered phone: its Contact, its flow, how it is woken, until when.
 *
 * A plain struct, since there may be a hundred thousand. Whoever keeps one over a turn of the loop
 * holds a reference; that it is still registered only the registrar says.
 */
#include "registrar/binding.h"

#include "base/clock.h"
#include "proto/contact.h"

/**
 * binding_new:
 * @pbx: (transfer none): where it is registered
 * @token: the user part of our Contact there
 * @aor: whose phone
 *
 * Returns: (transfer full): an empty binding
 */
Binding *
binding_new (Pbx *pbx, const gchar *token, const gchar *aor)
{
  Binding *binding = g_new0 (Binding, 1);

  binding->refs = 1;
  binding->pbx = pbx;
  binding->token = g_strdup (token);
  binding->aor = g_strdup (aor);
  binding->history.created_wall = clock_wall ();
  return binding;
}

/**
 * binding_ref:
 * @binding: a binding
 *
 * Returns: (transfer full): @binding
 */
Binding *
binding_ref (Binding *binding)
{
  binding->refs++;
  return binding;
}

static void
outbound_free (BindingOutbound *outbound)
{
  g_clear_pointer (&outbound->others, g_ptr_array_unref);
  g_free (outbound->source);
  g_free (outbound->path);
  g_free (outbound);
}

/**
 * binding_unref:
 * @binding: (transfer full): a binding
 */
void
binding_unref (Binding *binding)
{
  if (--binding->refs > 0)
    return;
  g_clear_pointer (&binding->flow, sip_flow_unref);
  g_clear_pointer (&binding->outbound, outbound_free);
  g_clear_pointer (&binding->push, pn_params_free);
  g_clear_pointer (&binding->user_agent, g_ref_string_release);
  g_free (binding->call_id);
  g_free (binding->target_uri);
  g_free (binding->contact);
  g_free (binding->shared);
  g_free (binding->aor);
  g_free (binding->token);
  g_free (binding);
}

/**
 * binding_target:
 * @binding: a binding
 *
 * Made when it is first asked for: most phones that a start finds on the disk are called much later.
 *
 * Returns: (transfer none): the Request-URI of requests to the phone
 */
const gchar *
binding_target (Binding *binding)
{
  g_autoptr (Contact) contact = NULL;

  if (binding->target_uri)
    return binding->target_uri;
  contact = contact_parse (binding->contact, NULL);
  /* A proxy that does the pushing in our place looks there for how (RFC 8599 5.6.2). */
  binding->target_uri =
    contact ? contact_target_uri (contact, !binding->push) : g_strdup (binding->aor);
  return binding->target_uri;
}

/**
 * binding_has_push:
 * @binding: a binding
 *
 * Returns: whether the phone can be woken
 */
gboolean
binding_has_push (const Binding *binding)
{
  return binding->push && binding->push->kind == PN_PUSH;
}

/**
 * binding_called_as:
 * @binding: a phone
 * @to: the To of a request for it
 *
 * The PBX may call our token; the phone's user need not see that.
 *
 * Returns: (transfer full) (nullable): the To that the phone gets instead
 */
gchar *
binding_called_as (const Binding *binding, const sip_to_t *to)
{
  if (g_strcmp0 (to->a_url->url_user, binding->token) != 0)
    return NULL;
  return g_strdup_printf ("<%s>", binding->aor);
}
