/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>

#define SETTINGS_MAX_REPEAT 8

typedef enum { SETTINGS_BUS_SYSTEM, SETTINGS_BUS_SESSION, SETTINGS_BUS_NONE } SettingsBus;
typedef enum { SETTINGS_SIDE_PHONES, SETTINGS_SIDE_PBX } SettingsSide;
typedef enum {
  SETTINGS_TRANSPORT_UDP,
  SETTINGS_TRANSPORT_TCP,
  SETTINGS_TRANSPORT_TLS,
  SETTINGS_TRANSPORT_WS,
  SETTINGS_TRANSPORT_WSS,
} SettingsTransport;
typedef enum {
  SETTINGS_CONTACTS_AUTO,
  SETTINGS_CONTACTS_EACH,
  SETTINGS_CONTACTS_ONE,
} SettingsContacts;
typedef enum {
  SETTINGS_MEDIA_DIRECT,
  SETTINGS_MEDIA_ADDRESS,
  SETTINGS_MEDIA_RTPENGINE,
} SettingsMedia;
typedef enum {
  SETTINGS_MEDIA_TRANSPORT_AUTO,
  SETTINGS_MEDIA_TRANSPORT_RTP,
  SETTINGS_MEDIA_TRANSPORT_SRTP,
  SETTINGS_MEDIA_TRANSPORT_WEBRTC,
} SettingsMediaTransport;
typedef enum {
  SETTINGS_PUSH_APNS,
  SETTINGS_PUSH_FCM,
  SETTINGS_PUSH_WEBPUSH,
  SETTINGS_PUSH_FAKE,
} SettingsPushProvider;

typedef struct {
  SettingsBus bus;
  gchar *state_dir;
  GLogLevelFlags log_level;
  gboolean log_personal_data;
} DaemonSettings;

typedef struct {
  gchar *name;
  SettingsSide side;
  SettingsTransport transport;
  gchar *host;
  guint port;
  GSocketFamily family;
  gchar *advertise_host;
  guint advertise_port;
  gchar **certificates; /* nullable, as are all below */
  gchar **private_keys;
  gchar *client_ca;
  gboolean require_client_certificate;
  gboolean names_bind; /* a phone registers as whom its certificate names */
  gchar *path;
  gchar **origins;
} ListenSettings;

typedef struct {
  guint connections;
  guint connections_per_source;
  guint handshakes;
  guint handshake_timeout; /* seconds, as are those below */
  guint idle_timeout;
  guint registered_timeout;
} EdgeSettings;

typedef struct {
  gchar *host;
  guint port;
  SettingsTransport transport;
  gboolean is_numeric;
} RouteSettings;

typedef struct {
  gchar *name;
  gchar **domains;
  GPtrArray *routes;
  guint register_expires;
  SettingsContacts contacts;
  gchar **accept_from;
  gchar *ca_file;
  SettingsMedia media;
  gchar *media_address;
  SettingsMediaTransport media_phones;
  SettingsMediaTransport media_pbx;
  GHashTable *media_users; /* user -> SettingsMediaTransport, before @media_phones */
} PbxSettings;

typedef struct {
  gchar *name;
  SettingsPushProvider provider;
  gchar *team_id;
  gchar *key_id;
  gchar *key_file;
  gchar **topics;
  gchar *endpoint;
  gchar *ca_file;
  gchar *service_account;
  gchar *subject;
  gchar **allow_origins;
  gchar *certificate;
  gchar **projects;
  gchar *proxy;
  gchar *payload;
  guint rate_limit;
  guint device_limit;
  guint silent_limit;
} PushSettings;

typedef struct {
  gchar *name;
  GPtrArray *rtpengines;
  gchar *interface_phones;
  gchar *interface_pbx;
} MediaSettings;

typedef struct {
  gchar *host;
  guint port;
} EndpointSettings;

typedef struct {
  guint timeout;
  guint hold_response;
  guint direct_try;
  guint binding_expires;
  guint repeat[SETTINGS_MAX_REPEAT]; /* seconds after the first push; 0 ends the list */
} WakeSettings;

typedef struct {
  guint phones_per_user;
  guint phones_per_address;
  guint phones;
  gboolean refuse_brief;
  gchar **proxies; /* nullable: patterns of addresses */
} RegistrarSettings;

typedef struct {
  gboolean busy_ends;
  gboolean decline_ends;
  gboolean failure_ends;
  gboolean late_phones_are_shown;
  gboolean only_registered_callers;
} CallSettings;

void listen_settings_free (ListenSettings *listen);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ListenSettings, listen_settings_free)
void pbx_settings_free (PbxSettings *pbx);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PbxSettings, pbx_settings_free)
void route_settings_free (RouteSettings *route);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RouteSettings, route_settings_free)
void push_settings_free (PushSettings *push);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (PushSettings, push_settings_free)
void media_settings_free (MediaSettings *media);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MediaSettings, media_settings_free)
void endpoint_settings_free (EndpointSettings *endpoint);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EndpointSettings, endpoint_settings_free)

const gchar *settings_transport_name (SettingsTransport transport);
