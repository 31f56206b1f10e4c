/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * room-options: the configuration in the words of each room, which knows no configuration.
 */
#include "daemon/room-options.h"

/* RFC 5626 4.4.1: what spares a battery and still keeps most translations of addresses. */
#define FLOW_TIMER 840

static SipTransport
sip_transport (SettingsTransport transport)
{
  switch (transport) {
  case SETTINGS_TRANSPORT_UDP:
    return SIP_TRANSPORT_UDP;
  case SETTINGS_TRANSPORT_TCP:
    return SIP_TRANSPORT_TCP;
  case SETTINGS_TRANSPORT_TLS:
    return SIP_TRANSPORT_TLS;
  case SETTINGS_TRANSPORT_WS:
    return SIP_TRANSPORT_WS;
  case SETTINGS_TRANSPORT_WSS:
    return SIP_TRANSPORT_WSS;
  }
  return SIP_TRANSPORT_UDP;
}

/**
 * room_options_call:
 * @settings: the configuration
 *
 * Returns: how calls wait for phones
 */
CallOptions
room_options_call (const Settings *settings)
{
  return (CallOptions){
    .wake_seconds = settings->wake.timeout,
    .hold_response = settings->wake.hold_response,
    .direct_try_ms = settings->wake.direct_try,
    .policy = { .busy_ends = settings->call.busy_ends,
                .decline_ends = settings->call.decline_ends,
                .failure_ends = settings->call.failure_ends },
    .show_late_phones = settings->call.late_phones_are_shown,
    .only_registered = settings->call.only_registered_callers,
  };
}

/**
 * room_options_sharing:
 * @contacts: of a PBX
 *
 * Returns: how many Contacts a user has there
 */
SharingPolicy
room_options_sharing (SettingsContacts contacts)
{
  switch (contacts) {
  case SETTINGS_CONTACTS_AUTO:
    return SHARING_AUTO;
  case SETTINGS_CONTACTS_EACH:
    return SHARING_EACH;
  case SETTINGS_CONTACTS_ONE:
    return SHARING_ONE;
  }
  return SHARING_AUTO;
}

/**
 * room_options_admission:
 * @settings: the configuration
 * @edge: what closes the connections of phones that give no sign of life
 *
 * Returns: who may register
 */
AdmissionOptions
room_options_admission (const Settings *settings, const EdgeSetup *edge)
{
  guint patience = edge_setup_registered_timeout (edge);

  return (AdmissionOptions){
    .per_aor = settings->registrar.phones_per_user,
    .per_source = settings->registrar.phones_per_address,
    .total = settings->registrar.phones,
    .proxies = (const gchar *const *) settings->registrar.proxies,
    /* A sign of life in the last moment must not meet the end of the connection. */
    .flow_timer = CLAMP (patience * 9 / 10, 1, FLOW_TIMER),
    .refuse_brief = settings->registrar.refuse_brief,
    .binding_expires = settings->wake.binding_expires,
  };
}

/**
 * room_options_listeners:
 * @settings: the configuration
 * @edge: what ends TLS and WebSocket
 *
 * Returns: (transfer full) (element-type SipListenerOptions): where the stack listens
 */
GPtrArray *
room_options_listeners (const Settings *settings, EdgeSetup *edge)
{
  GPtrArray *all = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < settings->listens->len; i++) {
    const ListenSettings *listen = g_ptr_array_index (settings->listens, i);
    SipListenerOptions *options = g_new0 (SipListenerOptions, 1);

    g_ptr_array_add (all, options);
    *options = (SipListenerOptions){
      .name = listen->name,
      .side = listen->side == SETTINGS_SIDE_PHONES ? SIP_SIDE_PHONES : SIP_SIDE_PBX,
      .transport = sip_transport (listen->transport),
      .host = listen->host,
      .port = listen->port,
      .advertise_host = listen->advertise_host,
      .advertise_port = listen->advertise_port,
      .edge = edge_setup_sip (edge, listen),
      .names_bind = listen->names_bind,
    };
  }
  return all;
}

/**
 * room_options_pbxes:
 * @settings: the configuration
 * @stack: the SIP stack
 *
 * Returns: (transfer full) (element-type Pbx): all PBXs with their routes
 */
GPtrArray *
room_options_pbxes (const Settings *settings, SipStack *stack)
{
  GPtrArray *pbxes = g_ptr_array_new_with_free_func ((GDestroyNotify) pbx_free);

  for (guint i = 0; i < settings->pbxes->len; i++) {
    const PbxSettings *group = g_ptr_array_index (settings->pbxes, i);
    Pbx *pbx = pbx_new (group->name, (const gchar *const *) group->domains,
                        group->register_expires, (const gchar *const *) group->accept_from);

    for (guint j = 0; j < group->routes->len; j++) {
      const RouteSettings *route = g_ptr_array_index (group->routes, j);

      pbx_add_route (pbx, pbx_route_new (stack, group->name, route->host, route->port,
                                         sip_transport (route->transport)));
    }
    g_ptr_array_add (pbxes, pbx);
  }
  return pbxes;
}
